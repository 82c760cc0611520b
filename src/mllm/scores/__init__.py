"""Scores of runs in points above chance, with intervals, tables and figures."""
