"""What is asked as a turn, and single turns joined into the batch that a model takes; needs torch.

Every turn is encoded alone and padded here, so that no reply depends on what else is in its batch.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mllm.frames import Frames

Tensors = dict[str, Any]
"""What a model is called with, by name."""

IGNORED = -100
"""The label of a token that is not learned."""

PADDED = ("pixel_values", "pixel_attention_mask")
"""Pictures whose own processors fill up missing ones with zeros, which the models leave out."""


class Turn(NamedTuple):
    """What is asked, what is seen, and, for training, the reply that is wanted."""

    text: str
    seen: Frames | None = None
    reply: str = ""


def answered(prompt: Mapping[str, Any], reply: Sequence[int]) -> Tensors:
    """One encoded prompt with the tokens of its reply, which alone are learned."""
    import torch

    added = torch.tensor([list(reply)], dtype=prompt["input_ids"].dtype)
    rest = {"input_ids": added, "attention_mask": torch.ones_like(added)}
    found = dict(prompt)
    for name in _of_tokens(prompt):
        more = rest.get(name, torch.zeros_like(added))
        found[name] = torch.cat([prompt[name], more.to(prompt[name].dtype)], dim=1)
    ignored = torch.full_like(prompt["input_ids"], IGNORED)
    found["labels"] = torch.cat([ignored, added], dim=1)
    return found


def joined(ones: Sequence[Mapping[str, Any]], *, pad: int, left: bool) -> Tensors:
    """Encoded turns as one batch, padded on the left for generation, on the right for training."""
    import torch

    filling = {"input_ids": pad, "labels": IGNORED}
    tokens = {name for one in ones for name in _of_tokens(one)}
    longest = max(one["input_ids"].shape[1] for one in ones)
    found: Tensors = {}
    for name in dict.fromkeys(name for one in ones for name in one):
        parts = [one[name] for one in ones if one.get(name) is not None]
        if name in tokens:
            rows = []
            for part in parts:
                missing = longest - part.shape[1]
                sides = (missing, 0) if left else (0, missing)
                rows.append(torch.nn.functional.pad(part, sides, value=filling.get(name, 0)))
            found[name] = torch.cat(rows)
        elif parts:
            found[name] = _stacked(name, [torch.as_tensor(part) for part in parts])
    return found


def _of_tokens(one: Mapping[str, Any]) -> list[str]:
    """The names of what has one number for each token."""
    shape = one["input_ids"].shape
    return [name for name, value in one.items() if getattr(value, "shape", None) == shape]


def _stacked(name: str, parts: Sequence[Any]) -> Any:
    """Pictures of all turns one after the other."""
    import torch

    if name in PADDED and parts[0].ndim > 3:
        most = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
        parts = [_filled(part, most) for part in parts]
    if len({tuple(part.shape[1:]) for part in parts}) > 1:
        sizes = ", ".join(" × ".join(map(str, part.shape[1:])) for part in parts)
        raise ValueError(
            f"{name}: {sizes}; videos of different numbers or sizes of frames do not fit into one "
            "batch of this model; train with --batch 1, or with as few --frames as the shortest "
            "video has"
        )
    return torch.cat(list(parts))


def _filled(part: Any, shape: Sequence[int]) -> Any:
    """Zeros after what is there, up to a shape."""
    whole = part.new_zeros((part.shape[0], *shape))
    whole[(slice(None), *(slice(size) for size in part.shape[1:]))] = part
    return whole
