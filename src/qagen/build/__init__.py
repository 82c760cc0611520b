"""Builds a data set from motions: intake, chunks, merge, selection."""
