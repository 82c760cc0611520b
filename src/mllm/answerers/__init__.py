"""Who answers: guesses and oracles that are built in, and models behind an endpoint.

Each stands behind `mllm.evaluation.answering.Answerer`; `named.find` makes one from a few words.
"""
