"""Exports of data sets in the formats of other tools.

The formats (shapes) by module: `training` (LLaMA-Factory, TRL, the published benchmark), `table`
(Hugging Face Parquet), `lmms` and `vlm` (lmms-eval, VLMEvalKit), `batch` (requests for an
endpoint). `folder` writes any of them atomically.
"""
