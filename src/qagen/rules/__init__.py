"""The question engine, and the rules of each suite."""
