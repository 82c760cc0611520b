"""Pictures as input vectors of Qwen-VL models; NumPy and PyAV only.

The processors in such checkpoints need torchvision for videos; this module gives the same numbers
without it. Two consecutive frames form a time step.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8


class Colours(NamedTuple):
    """Means and divisors that normalise red, green and blue, which are 0 to 1."""

    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    spread: tuple[float, float, float] = (0.5, 0.5, 0.5)


class Grid(NamedTuple):
    """Sizes of patches and time steps, from a model's configuration."""

    patch_px: int = 16
    merge: int = 2
    """Patches along each side of a token."""
    frames: int = 2
    """Frames of a time step."""

    @property
    def factor_px(self) -> int:
        """Heights and widths are multiples of this."""
        return self.patch_px * self.merge


class Packed(NamedTuple):
    """A video as vectors."""

    values: Float[np.ndarray, "patches numbers"]
    steps: int
    rows: int
    columns: int

    def tokens(self, grid: Grid) -> int:
        """Tokens of a time step."""
        return self.rows * self.columns // grid.merge**2


def pack(
    pictures: UInt8[np.ndarray, "frames height width 3"],
    grid: Grid,
    colours: Colours = Colours(),  # noqa: B008
) -> Packed:
    """The vectors of a video, resized to the nearest multiple; the last frame fills its step.

    >>> packed = pack(np.zeros((3, 48, 64, 3), np.uint8), Grid(patch_px=8))
    >>> packed.values.shape, packed.steps, packed.rows, packed.columns
    ((96, 384), 2, 6, 8)
    """
    height, width = (
        max(1, round(size / grid.factor_px)) * grid.factor_px for size in pictures.shape[1:3]
    )
    fitted = _resized(pictures, height, width)
    if odd := -len(fitted) % grid.frames:
        fitted = np.concatenate([fitted, np.repeat(fitted[-1:], odd, axis=0)])
    mean, spread = (np.array(part, dtype=np.float32) for part in colours)
    values = (fitted.astype(np.float32) / 255 - mean) / spread
    steps = len(fitted) // grid.frames
    rows, columns = height // grid.patch_px, width // grid.patch_px
    merge, patch = grid.merge, grid.patch_px
    cut = values.reshape(
        steps, grid.frames, rows // merge, merge, patch, columns // merge, merge, patch, 3
    )
    # step, block row, block column, row, column, colour, frame, pixel row, pixel column
    ordered = cut.transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
    return Packed(
        ordered.reshape(steps * rows * columns, 3 * grid.frames * patch**2), steps, rows, columns
    )


def middles_s(times_s: Float[np.ndarray, " frames"], grid: Grid) -> list[float]:
    """The time of each step: the mean of its first and last frame.

    >>> middles_s(np.array([0.0, 1.0, 4.0]), Grid())
    [0.5, 4.0]
    """
    starts = range(0, len(times_s), grid.frames)
    firsts = times_s[starts]
    lasts = [times_s[min(at + grid.frames, len(times_s)) - 1] for at in starts]
    return [float(first + last) / 2 for first, last in zip(firsts, lasts, strict=True)]


def _resized(
    pictures: UInt8[np.ndarray, "frames height width 3"], height: int, width: int
) -> UInt8[np.ndarray, "frames rows columns 3"]:
    if pictures.shape[1:3] == (height, width):
        return pictures
    from mllm.render.video import require

    av = require()
    return np.stack([
        av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        .reformat(width=width, height=height, interpolation="BICUBIC")
        .to_ndarray()
        for picture in pictures
    ])  # fmt: skip
