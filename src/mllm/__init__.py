"""Evaluation and training of video models: videos, prompts, replies, runs, scores and exports.

Only the modules in `local` import torch.
"""
