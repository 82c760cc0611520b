"""Motions shown: plots, the view in the browser, and the contents of files."""
