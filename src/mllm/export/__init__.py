"""Data sets in the shapes that other tools read.

Each shape is one file: `training` (LLaMA-Factory, TRL, the published benchmark), `table` (Hugging
Face Parquet), `lmms` and `vlm` (lmms-eval, VLMEvalKit), `batch` (requests for an endpoint).
`folder` writes any of them atomically.
"""
