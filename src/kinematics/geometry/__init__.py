"""Poses and paths: rotations, frames of reference, orientation, affine residuals."""
