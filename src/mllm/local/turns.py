"""Turns, and encoded turns joined into batches; needs torch.

Turns are encoded singly and padded here, so that replies do not depend on the rest of the batch.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mllm.frames import Frames

Tensors = dict[str, Any]
"""Keyword arguments of a model."""

IGNORED = -100
"""The label of a token without loss."""

PADDED = ("pixel_values", "pixel_attention_mask")
"""Pictures that processors pad with zero pictures, which models ignore."""


class Turn(NamedTuple):
    """A question, its video and, for training, the expected reply."""

    text: str
    seen: Frames | None = None
    reply: str = ""


def answered(prompt: Mapping[str, Any], reply: Sequence[int]) -> Tensors:
    """An encoded prompt with the tokens of its reply, which alone have labels."""
    import torch

    added = torch.tensor([list(reply)], dtype=prompt["input_ids"].dtype)
    rest = {"input_ids": added, "attention_mask": torch.ones_like(added)}
    tensors = dict(prompt)
    for name in _of_tokens(prompt):
        more = rest.get(name, torch.zeros_like(added))
        tensors[name] = torch.cat([prompt[name], more.to(prompt[name].dtype)], dim=1)
    ignored = torch.full_like(prompt["input_ids"], IGNORED)
    tensors["labels"] = torch.cat([ignored, added], dim=1)
    return tensors


def joined(encoded: Sequence[Mapping[str, Any]], *, pad: int, left: bool) -> Tensors:
    """A batch of encoded turns, padded on the left for generation, on the right for training."""
    import torch

    filling = {"input_ids": pad, "labels": IGNORED}
    tokens = {name for turn in encoded for name in _of_tokens(turn)}
    longest = max(turn["input_ids"].shape[1] for turn in encoded)
    batch: Tensors = {}
    for name in dict.fromkeys(name for turn in encoded for name in turn):
        parts = [turn[name] for turn in encoded if turn.get(name) is not None]
        if name in tokens:
            rows = []
            for part in parts:
                missing = longest - part.shape[1]
                sides = (missing, 0) if left else (0, missing)
                rows.append(torch.nn.functional.pad(part, sides, value=filling.get(name, 0)))
            batch[name] = torch.cat(rows)
        elif parts:
            batch[name] = _stacked(name, [torch.as_tensor(part) for part in parts])
    return batch


def _of_tokens(encoded: Mapping[str, Any]) -> list[str]:
    """The names of tensors with a number per token."""
    shape = encoded["input_ids"].shape
    return [name for name, value in encoded.items() if getattr(value, "shape", None) == shape]


def _stacked(name: str, parts: Sequence[Any]) -> Any:
    """The concatenated pictures of all turns."""
    import torch

    if name in PADDED and parts[0].ndim > 3:
        most = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
        parts = [_filled(part, most) for part in parts]
    if len({tuple(part.shape[1:]) for part in parts}) > 1:
        sizes = ", ".join(" × ".join(map(str, part.shape[1:])) for part in parts)
        raise ValueError(
            f"{name}: {sizes}; videos with different numbers or sizes of frames do not fit into a "
            "batch of this model; train with --batch 1, or with at most as many --frames as the "
            "shortest video has"
        )
    return torch.cat(list(parts))


def _filled(part: Any, shape: Sequence[int]) -> Any:
    """The tensor padded with zeros to a shape."""
    whole = part.new_zeros((part.shape[0], *shape))
    whole[(slice(None), *(slice(size) for size in part.shape[1:]))] = part
    return whole
