"""Studies of a data set: statistics, explanations, figures, examples, answer flips."""
