"""Answers that survive a tracker's errors: trials on copies, and how far errors reach."""
