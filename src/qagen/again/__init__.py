"""Answers derived again: the rules of the questions, written a second time.

Reads the second measurement, what is asked (`question.Ask`) and the tables of thresholds and
words, which are plain data; calls no rule, option or sentence of those who asked.
"""
