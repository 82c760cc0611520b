"""Studies of a data set: statistics, explanations, figures, examples, flips of answers."""
