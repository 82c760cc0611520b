"""A person's movements: signals, events, trajectory, body parts, and their measurement."""
