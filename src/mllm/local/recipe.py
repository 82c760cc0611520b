"""`Recipe`: settings of a fine-tuning, with an estimate of its memory; does not need torch.

The defaults are the field's published recipe: LoRA on all linear layers of the language model, a
fully trained projector, 64 frames spread over the video.
"""

import re
from typing import Literal, NamedTuple

import msgspec

from mllm.evaluation.prompt import Style
from mllm.frames import Sampling

Part = Literal["language", "vision", "projector"]

PARTS: tuple[Part, ...] = ("language", "vision", "projector")

_PROJECTOR = re.compile(r"merger|projector|connector|aligner|resampler")
_VISION = re.compile(r"visual|vision|(?:image|video)_(?:encoder|tower)")

OPTIMIZER_BYTES = 8
"""Per trained weight: two moving averages in single precision."""

LAYER_FACTOR = 17
"""Activations that a layer stores per token for the backward pass, in units of its width."""

KEPT_FACTOR = 1
"""The same with recomputation."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that determines a training; a `ValueError` names all invalid settings."""

    parts: tuple[Part, ...] = ("language", "projector")
    rank: int = 16
    """Of the low-rank updates; 0 trains the weights themselves."""
    alpha: float = 32.0
    dropout: float = 0.05
    sampling: Sampling = Sampling()
    style: Style = "letter"
    epochs: float = 5.0
    most_steps: int = -1
    """Limit on the number of steps; -1 for none."""
    rate: float = 5e-5
    warmup: float = 0.1
    """Share of the steps during which the rate rises; then it follows a cosine."""
    batch: int = 2
    """On each device."""
    accumulate: int = 2
    """Batches per step."""
    recompute: bool = False
    """Recompute activations in the backward pass: a third slower, a fraction of the memory."""
    seed: int = 0

    def __post_init__(self) -> None:
        parts, batches = set(self.parts), (self.batch, self.accumulate)
        some = f"parts: {', '.join(self.parts)}; expected some of {', '.join(PARTS)}"
        checks = {
            some: bool(parts) and parts <= set(PARTS),
            f"rank: {self.rank}; expected 0 (all weights) to 4096": 0 <= self.rank <= 4096,
            f"dropout: {self.dropout:g}; expected 0 to less than 1": 0 <= self.dropout < 1,
            f"epochs: {self.epochs:g}; expected more than 0": self.epochs > 0,
            f"rate: {self.rate:g}; expected more than 0, less than 1": 0 < self.rate < 1,
            f"warmup: {self.warmup:g}; expected 0 to less than 1": 0 <= self.warmup < 1,
            f"batch: {self.batch} x {self.accumulate}; expected at least 1 x 1": min(batches) >= 1,
        }
        if problems := [problem for problem, holds in checks.items() if not holds]:
            raise ValueError("; ".join(problems))


def part_of(name: str) -> Part:
    """The part of the model to which a weight belongs, by the weight's name.

    >>> part_of("model.visual.merger.linear_fc1.weight"), part_of("model.visual.blocks.0.norm1")
    ('projector', 'vision')
    >>> part_of("model.video_tower.vision_model.layers.0.mlp.fc1.weight")
    'vision'
    >>> part_of("model.language_model.layers.0.mlp.up_proj.weight"), part_of("lm_head.weight")
    ('language', 'language')
    """
    if _PROJECTOR.search(name):
        return "projector"
    return "vision" if _VISION.search(name) else "language"


class Extent(NamedTuple):
    """Sizes of a model and its examples."""

    weights: int
    weight_bytes: int
    """Per weight."""
    learning: int
    """Number of trained weights."""
    layers: int
    width: int
    """Of the language model."""
    tokens: int
    """Per example."""
    vision_layers: int = 0
    vision_width: int = 0
    patches: int = 0
    words: int = 0
    """Of the vocabulary."""


class Footprint(NamedTuple):
    """Memory per device, in bytes; `activations` are an estimate."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """The sum."""
        return sum(self)


def footprint(extent: Extent, recipe: Recipe) -> Footprint:
    """Estimated memory of a training.

    >>> extent = Extent(8_000_000_000, 2, 40_000_000, 36, 4096, 5000)
    >>> [round(part / 1e9, 1) for part in footprint(extent, Recipe())]
    [16.0, 0.2, 0.3, 50.1]
    """
    factor = KEPT_FACTOR if recipe.recompute else LAYER_FACTOR
    kept = extent.layers * factor * extent.width * extent.tokens
    if "vision" in recipe.parts:
        kept += extent.vision_layers * factor * extent.vision_width * extent.patches
    kept += 2 * extent.words * extent.tokens  # logits and their gradient, in single precision
    if recipe.recompute:
        kept += LAYER_FACTOR * extent.width * extent.tokens  # a layer at a time
    return Footprint(
        extent.weights * extent.weight_bytes,
        extent.learning * 4,
        extent.learning * OPTIMIZER_BYTES,
        recipe.batch * kept * extent.weight_bytes,
    )
