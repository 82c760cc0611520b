"""What is said about a data set: statistics, explanations, figures, examples, flips."""
