"""Prompts for multimodal language models, their answers and the scores.

Holds no code yet. Prompting, parsing and scoring will import without torch; only the files that
run or train a model will need it.
"""
