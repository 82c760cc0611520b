"""Answers derived again from the second measurement."""
