"""A data set as a folder: its layout, its sides, and how even its answers are."""
