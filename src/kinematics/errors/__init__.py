"""Estimates against ground truth: comparing, perturbing, and fitting models of errors."""
