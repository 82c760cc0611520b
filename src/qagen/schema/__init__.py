"""Asks, questions, records and certificates: plain data, without a rule."""
