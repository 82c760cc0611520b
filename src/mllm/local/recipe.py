"""How a model is fine-tuned, which of its parts learn, and what memory that should take.

The defaults are the published recipe of the field: LoRA on all linear layers of the language model,
the projector trained as a whole, 64 frames spread over the video. Nothing here needs torch.
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
"""Of a weight that learns: two averages in single precision."""

LAYER_FACTOR = 17
"""Numbers of its own width that a layer keeps of each token, for the way back."""

KEPT_FACTOR = 1
"""The same when the rest is computed again."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what comes of a training; a `ValueError` names all that is wrong."""

    parts: tuple[Part, ...] = ("language", "projector")
    rank: int = 16
    """Of the low-rank updates; 0 trains the weights themselves."""
    alpha: float = 32.0
    dropout: float = 0.05
    sampling: Sampling = Sampling()
    style: Style = "letter"
    epochs: float = 5.0
    most_steps: int = -1
    """Stop there; -1 for the end of the last epoch."""
    rate: float = 5e-5
    warmup: float = 0.1
    """Share of the steps in which the rate rises; then it falls along a cosine."""
    batch: int = 2
    """On each device."""
    accumulate: int = 2
    """Batches that make one step."""
    recompute: bool = False
    """Compute activations again on the way back: a third slower, a fraction of the memory."""
    seed: int = 0

    def __post_init__(self) -> None:
        problems = []
        if not self.parts or set(self.parts) - set(PARTS):
            problems.append(f"parts: {', '.join(self.parts)}; expected some of {', '.join(PARTS)}")
        if not 0 <= self.rank <= 4096:
            problems.append(f"rank: {self.rank}; expected 0 (all weights) to 4096")
        if not 0 <= self.dropout < 1:
            problems.append(f"dropout: {self.dropout:g}; expected 0 to less than 1")
        if not self.epochs > 0:
            problems.append(f"epochs: {self.epochs:g}; expected more than 0")
        if not 0 < self.rate < 1:
            problems.append(f"rate: {self.rate:g}; expected more than 0, less than 1")
        if not 0 <= self.warmup < 1:
            problems.append(f"warmup: {self.warmup:g}; expected 0 to less than 1")
        if self.batch < 1 or self.accumulate < 1:
            problems.append(f"batch: {self.batch} x {self.accumulate}; expected at least 1 x 1")
        if problems:
            raise ValueError("; ".join(problems))


def part_of(name: str) -> Part:
    """The part of a model that a weight belongs to, by its name.

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
    """How large a model and its examples are."""

    weights: int
    weight_bytes: int
    """Of one weight."""
    learning: int
    """Weights that learn."""
    layers: int
    width: int
    """Of the language model."""
    tokens: int
    """Of one example."""
    vision_layers: int = 0
    vision_width: int = 0
    patches: int = 0
    words: int = 0
    """Of the vocabulary."""


class Footprint(NamedTuple):
    """Memory of one device, in bytes; what passes through (`activations`) is an estimate."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


def footprint(extent: Extent, recipe: Recipe) -> Footprint:
    """What a training should take.

    >>> extent = Extent(8_000_000_000, 2, 40_000_000, 36, 4096, 5000)
    >>> found = footprint(extent, Recipe())
    >>> [round(part / 1e9, 1) for part in found]
    [16.0, 0.2, 0.3, 50.1]
    """
    factor = KEPT_FACTOR if recipe.recompute else LAYER_FACTOR
    kept = extent.layers * factor * extent.width * extent.tokens
    if "vision" in recipe.parts:
        kept += extent.vision_layers * factor * extent.vision_width * extent.patches
    kept += 2 * extent.words * extent.tokens  # logits and their gradient, in single precision
    if recipe.recompute:
        kept += LAYER_FACTOR * extent.width * extent.tokens  # one layer at a time
    return Footprint(
        extent.weights * extent.weight_bytes,
        extent.learning * 4,
        extent.learning * OPTIMIZER_BYTES,
        recipe.batch * kept * extent.weight_bytes,
    )
