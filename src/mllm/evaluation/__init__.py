"""Asking the questions of a data set: prompts, replies, runs, judgements."""
