"""Answerers: built-in guesses and oracles, models behind an endpoint, local models.

Each implements `mllm.evaluation.answering.Answerer`; `named.find` makes one from its name.
"""
