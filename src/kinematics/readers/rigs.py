"""Forward kinematics of rigs, vectorised over frames.

Quaternions are stored as components over (joints, frames); joints of equal depth are computed at
once.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

AXES = "XYZ"

Vectors = Float[np.ndarray, "3 joints frames"]
Quaternions = Float[np.ndarray, "4 joints frames"]


@dataclass(frozen=True, kw_only=True)
class Rig:
    """The joints of one person in a file, parents before children, in the file's own units."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    """The parent of each joint; -1 for the root."""
    offsets: Float[np.ndarray, "joints 3"]
    channels: tuple[tuple[str, ...], ...]
    """The channels of each joint, in order: `Xposition`, `Zrotation`, ..."""

    @property
    def columns(self) -> int:
        """Numbers per frame."""
        return sum(len(channels) for channels in self.channels)

    @cached_property
    def levels(self) -> tuple[np.ndarray, ...]:
        """Joints by their depth below the root."""
        depths: list[int] = []
        for parent in self.parents:
            depths.append(0 if parent < 0 else depths[parent] + 1)
        depth = np.array(depths)
        return tuple(np.flatnonzero(depth == level) for level in range(max(depths) + 1))

    @cached_property
    def rest(self) -> Float[np.ndarray, "joints 3"]:
        """Joint positions without rotations, the root at its offset."""
        positions = np.array(self.offsets, dtype=np.float64)
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                positions[joint] += positions[parent]
        return positions


class Posed(NamedTuple):
    """A rig over time, in the file's axes and units."""

    positions: Float[np.ndarray, "frames joints 3"]
    orientations_wxyz: Quaternions


def _turned(turns: Quaternions, along: Vectors) -> Vectors:
    """Vectors rotated by unit quaternions, on components."""
    w, x, y, z = turns
    a, b, c = along
    i, j, k = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return np.stack(
        [a + w * i + y * k - z * j, b + w * j + z * i - x * k, c + w * k + x * j - y * i]
    )


def _product(first: Quaternions, second: Quaternions) -> Quaternions:
    """Quaternion products, on components."""
    a, b, c, d = first
    w, x, y, z = second
    return np.stack(
        [
            a * w - b * x - c * y - d * z,
            a * x + b * w + c * z - d * y,
            a * y - b * z + c * w + d * x,
            a * z + b * y - c * x + d * w,
        ]
    )


def _local(rig: Rig, columns: Float[np.ndarray, "columns frames"]) -> tuple[Vectors, Quaternions]:
    """Each joint's translation and rotation from its parent.

    Position channels replace the offset, as in every file whose joints have both.
    """
    joints, frames = len(rig.names), columns.shape[1]
    moved = np.repeat(rig.offsets.T[:, :, None].astype(np.float64), frames, axis=2)
    turns = np.zeros((4, joints, frames))
    turns[0] = 1.0
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    column = 0
    for joint, channels in enumerate(rig.channels):
        order = 0
        for channel in channels:
            axis = AXES.index(channel[0])
            if channel.endswith("position"):
                moved[axis, joint] = columns[column]
            else:
                steps.setdefault((order, axis), []).append((joint, column))
                order += 1
            column += 1
    for (_, axis), members in sorted(steps.items()):
        where, which = np.array(members).T
        half_rad = np.radians(columns[which]) / 2
        cosine, sine = np.cos(half_rad), np.sin(half_rad)
        following, last = 1 + (axis + 1) % 3, 1 + (axis + 2) % 3
        w, a, b, c = (turns[index, where] for index in (0, 1 + axis, following, last))
        turns[0, where] = w * cosine - a * sine
        turns[1 + axis, where] = a * cosine + w * sine
        turns[following, where] = b * cosine + c * sine
        turns[last, where] = c * cosine - b * sine
    return moved, turns


def pose(rig: Rig, values: Float[np.ndarray, "frames columns"]) -> Posed:
    """Joint positions and orientations from the numbers of each frame.

    Rotations are in degrees and are applied in the order of their channels, the first outermost.

    >>> rig = Rig(
    ...     names=("Hips", "Spine"),
    ...     parents=(-1, 0),
    ...     offsets=np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    ...     channels=(("Zrotation", "Xrotation"), ()),
    ... )
    >>> pose(rig, np.array([[90.0, 0.0], [0.0, 90.0]])).positions[:, 1].round(6) + 0.0
    array([[-1.,  0.,  0.],
           [ 0.,  0.,  1.]])
    """
    moved, turns = _local(rig, np.ascontiguousarray(values.T))
    for joints in rig.levels[1:]:
        parents = np.array(rig.parents)[joints]
        carried = turns[:, parents]
        moved[:, joints] = moved[:, parents] + _turned(carried, moved[:, joints])
        turns[:, joints] = _product(carried, turns[:, joints])
    return Posed(np.ascontiguousarray(moved.transpose(2, 1, 0)), turns)
