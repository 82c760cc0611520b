"""Measurement of movements: signals, events, trajectory, body parts."""
