"""Movements of the body parts of a kept clip's people, in 2D, as plain data.

`descriptors.from_keypoints` describes each part in windows of a second; adjacent windows with the
same movement are joined. Movements that are unclear in every window are omitted.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float
from msgspec import structs

from kinematics.curation.clips import PoseClip, boxes_of
from kinematics.curation.judge import Judged
from kinematics.curation.limits import Limits
from kinematics.curation.records import Direction, Move, Person
from kinematics.movement import descriptors
from kinematics.movement.descriptors import PartMotion
from kinematics.parts import DIRECTIONS, LONGEST_STEP_S, PARTS
from kinematics.skeleton import COCO_17

WINDOW_S = 1.0
"""Long enough for a swing, short enough to separate consecutive movements."""

LEAST_PATH = 0.3
"""Least path in a window, in torso lengths: some fifteen centimetres."""

CLEAR_SHARE = 0.6
"""Least share of the path in a direction for a movement to have that direction."""

LEAST_SEEN = 0.6
"""Least share of a window in which a part is seen."""

WINDOWS_A_CALL = 10
"""Windows per call, so that all clips of one to ten seconds have the same shape."""

LONGEST_S = 20.0
"""Longest part of a clip in which repetitions are counted."""

RATE_HZ = 15.0
"""Frame rate of the descriptors; positions are interpolated linearly."""

_TOLD = tuple((index, part.name) for index, part in enumerate(PARTS) if part.kind == "single")
_WAYS: dict[str, Direction] = {"left": "left", "right": "right", "up": "up", "down": "down"}


class _Told(NamedTuple):
    """A part's movement in a window."""

    direction: Direction | None
    path: float


@cache
def _compiled() -> Callable[..., PartMotion]:
    def single(points: Array, sure: Array, times_s: Array) -> PartMotion:
        return descriptors.from_keypoints(points, sure, times_s, skeleton=COCO_17)

    return jax.jit(jax.vmap(single))


def people(clip: PoseClip, judged: Judged, *, limits: Limits) -> tuple[Person, ...]:
    """The people of a judged clip, with the movements of those who act, in order of their start.

    Tracklets exist at a low frame rate; in between, a person is the detection whose box is closest
    to the interpolated box of the tracklet.
    """
    described = []
    start_s = float(clip.times_s[0]) if len(clip.times_s) else 0.0
    boxes = boxes_of(clip, limits)
    for number, (tracklet, acts) in enumerate(zip(judged.tracklets, judged.acts, strict=True)):
        times_s = judged.measured.times_s[tracklet.rows]
        corners = boxes_of(judged.measured, limits)[tracklet.rows, tracklet.slots]
        moves: tuple[Move, ...] = ()
        if acts and len(times_s) > 1:
            rows, slots = _followed(clip.times_s, boxes, times_s, corners)
            moves = _moves(
                clip.keypoints_px[rows, slots],
                clip.confidence[rows, slots],
                clip.times_s[rows] - start_s,
            )
        left, top, right, bottom = (round(float(edge), 1) for edge in corners[0])
        described.append(
            Person(
                tracklet=number,
                start_s=round(float(times_s[0]) - start_s, 3),
                end_s=round(float(times_s[-1]) - start_s, 3),
                acts=acts,
                box_px=(left, top, right, bottom),
                moves=moves,
            )
        )
    return tuple(described)


def _followed(
    times_s: np.ndarray, boxes: np.ndarray, known_s: np.ndarray, corners: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Frames, and indices in their lists, of the person with known boxes at some times."""
    inside = np.flatnonzero((times_s >= known_s[0] - 1e-6) & (times_s <= known_s[-1] + 1e-6))
    edges = [np.interp(times_s[inside], known_s, edge) for edge in corners.T]
    expected = np.stack(edges, axis=1)
    apart = np.abs(boxes[inside] - expected[:, None]).sum(axis=-1)
    apart = np.where(np.isfinite(apart), apart, np.inf)
    slots = apart.argmin(axis=1)
    size = np.hypot(expected[:, 2] - expected[:, 0], expected[:, 3] - expected[:, 1])
    near = apart[np.arange(len(inside)), slots] < size
    return inside[near], slots[near]


def _moves(
    points: Float[np.ndarray, "seen 17 2"],
    confidence: Float[np.ndarray, "seen 17"],
    times_s: Float[np.ndarray, " seen"],
) -> tuple[Move, ...]:
    if len(times_s) < 2:
        return ()
    starts_s = np.arange(0.0, float(times_s[-1] - times_s[0]) - 0.5 * WINDOW_S, WINDOW_S)
    starts_s = times_s[0] + (starts_s if len(starts_s) else np.zeros(1))
    person = _Track(points, confidence, times_s)
    motion = _described([_window(person, start_s, WINDOW_S) for start_s in starts_s])
    counts = _described([_window(person, float(times_s[0]), LONGEST_S)]).repetitions[0]
    moves = []
    for index, name in _TOLD:
        told = [_told(motion, window, index) for window in range(len(starts_s))]
        moves += _counted(_joined(name, told, starts_s, float(times_s[-1])), int(counts[index]))
    return tuple(sorted(moves, key=lambda move: (move.start_s, -move.path, move.part)))


class _Track(NamedTuple):
    """Keypoints of a person at ascending times."""

    points: Float[np.ndarray, "seen 17 2"]
    confidence: Float[np.ndarray, "seen 17"]
    times_s: Float[np.ndarray, " seen"]


def _described(windows: Sequence[_Track]) -> PartMotion:
    """Descriptors of windows of equal length; rows are padded to a few numbers."""
    count = len(windows)
    filled = [*windows, *[windows[0]] * (-count % WINDOWS_A_CALL if count > 1 else 0)]
    arrays = (np.stack(values).astype(np.float32) for values in zip(*filled, strict=True))
    motion = jax.device_get(_compiled()(*arrays))
    return jax.tree.map(lambda values: values[:count], motion)


def _counted(moves: list[Move], repetitions: int) -> list[Move]:
    """Assigns the count to the movement without a direction, if there is exactly one."""
    aimless = [index for index, move in enumerate(moves) if move.direction is None]
    if repetitions and len(aimless) == 1:
        moves[aimless[0]] = structs.replace(moves[aimless[0]], repetitions=repetitions)
    return moves


def _window(person: _Track, start_s: float, length_s: float) -> _Track:
    """The person at regular times from a start; unseen before, after, and in gaps."""
    times_s = start_s + np.arange(int(length_s * RATE_HZ) + 1) / RATE_HZ
    known_s = person.times_s
    after = np.searchsorted(known_s, times_s).clip(1, len(known_s) - 1)
    step_s = known_s[after] - known_s[after - 1]
    share = ((times_s - known_s[after - 1]) / step_s).clip(0, 1)
    points = person.points[after - 1] * (1 - share)[:, None, None]
    points = points + person.points[after] * share[:, None, None]
    sure = np.minimum(person.confidence[after - 1], person.confidence[after])
    there = (times_s >= known_s[0] - 1e-6) & (times_s <= known_s[-1] + 1e-6)
    return _Track(points, sure * (there & (step_s <= LONGEST_STEP_S))[:, None], times_s)


def _told(motion: PartMotion, window: int, part: int) -> _Told | None:
    path = float(motion.path[window, part])
    if not path >= LEAST_PATH or float(motion.coverage[window, part]) < LEAST_SEEN:
        return None
    shares = dict(zip(DIRECTIONS, motion.directions[window, part].tolist(), strict=True))
    way = max(_WAYS, key=lambda name: shares[name])
    return _Told(_WAYS[way] if shares[way] >= CLEAR_SHARE else None, path)


def _joined(
    name: str, told: Sequence[_Told | None], starts_s: np.ndarray, end_s: float
) -> list[Move]:
    """Movements, with adjacent windows of equal direction joined."""
    moves: list[Move] = []
    before: _Told | None = None
    for window, start_s in zip(told, starts_s.tolist(), strict=True):
        if window is not None:
            begin_s, path = start_s, window.path
            if before is not None and before.direction == window.direction:
                last = moves.pop()
                begin_s, path = last.start_s, last.path + window.path
            moves.append(
                Move(
                    part=name,
                    start_s=round(begin_s, 2),
                    end_s=round(min(start_s + WINDOW_S, end_s), 2),
                    direction=window.direction,
                    path=round(path, 2),
                )
            )
        before = window
    return moves
