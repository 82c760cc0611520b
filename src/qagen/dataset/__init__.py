"""Data sets as folders: layout, splits, and the balance of answers."""
