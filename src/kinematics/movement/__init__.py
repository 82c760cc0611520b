"""A person's movements: signals, events, trajectory, body parts, and measuring all of it."""
