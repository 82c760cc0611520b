"""Encoders of questions and videos as a model's input; needs torch and transformers.

Qwen-VL models get videos from `patches` and run without torchvision. All others use the processor
in their checkpoint.
"""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from mllm.frames import Frames
from mllm.local import processor, qwen
from mllm.local.turns import IGNORED, Tensors, Turn

__all__ = ["IGNORED", "Encoder", "Tensors", "Turn", "encoder_of"]


@runtime_checkable
class Encoder(Protocol):
    """Converts turns to tensors."""

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""

    def alike(self, seen: Frames | None) -> Hashable:
        """A key that is equal for videos that fit into the same batch."""

    def asking(self, turns: Sequence[Turn]) -> Tensors:
        """Prompts padded on the left, for generation."""

    def teaching(self, turns: Sequence[Turn]) -> Tensors:
        """Prompts and replies with `labels`, for training; only replies have labels."""


def encoder_of(folder: Path, config: Any) -> Encoder:
    """The encoder of a model; a `ValueError` names what the folder lacks."""
    from transformers import AutoTokenizer

    if config.model_type not in qwen.MANNERS:
        return processor.encoder(folder, config.model_type)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder}: the tokenizer cannot be loaded ({error})") from error
    return qwen.encoder(folder, config, tokenizer)
