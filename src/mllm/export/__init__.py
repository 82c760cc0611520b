"""Data sets in the shapes that other people's tools read today.

Each shape is one file: `training` (LLaMA-Factory, TRL, the published benchmark), `table` (Hugging
Face Parquet), `lmms` and `vlm` (lmms-eval, VLMEvalKit), `batch` (requests for an endpoint).
`folder` writes any of them, whole or not at all.
"""
