"""What a person does: signals, events, trajectory, body parts, and measuring all of it."""
