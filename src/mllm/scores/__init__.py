"""Runs as points above chance, with intervals, tables and pictures."""
