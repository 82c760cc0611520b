"""Questions put before whoever answers them: prompts, frames, replies, runs and scores; videos.

Nothing here imports torch; whatever runs or trains a model will be the only files that do.
"""
