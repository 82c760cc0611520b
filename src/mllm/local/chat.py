"""Questions and videos as the tensors that a model takes; needs torch and transformers.

Models of the Qwen-VL kinds are fed by `patches`, so that they run without torchvision. All others
are fed by the processor that lies beside their weights.
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
    """Whoever makes tensors of turns."""

    @property
    def tokenizer(self) -> Any:
        """Its words."""
        ...

    def alike(self, seen: Frames | None) -> Hashable:
        """Equal for videos that fit into one batch."""
        ...

    def asking(self, turns: Sequence[Turn]) -> Tensors:
        """For generation: prompts alone, padded at their beginning."""
        ...

    def teaching(self, turns: Sequence[Turn]) -> Tensors:
        """For training: prompts and replies with `labels`; only replies are learned."""
        ...


def encoder_of(folder: Path, config: Any) -> Encoder:
    """The encoder that fits a model; a `ValueError` says what the folder lacks."""
    from transformers import AutoTokenizer

    if config.model_type not in qwen.MANNERS:
        return processor.encoder(folder, config.model_type)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder}: no tokenizer that can be loaded ({error})") from error
    return qwen.encoder(folder, config, tokenizer)
