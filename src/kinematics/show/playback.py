"""What a live view shows at each time: the figure, its path on the ground, the events under way.

Plain arrays and words, ready to be drawn; nothing here knows of a screen. The track is that of the
analysis grid, in one frame of reference: +X its left, +Y up, +Z its forward. Every function has an
example, and so the file is longer than most.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from kinematics.facts import ANGULAR_SIGNALS, Frame, MotionFacts, Signal
from kinematics.geometry import anchor, orientation, rotation
from kinematics.motion import Motion
from kinematics.movement import batch
from kinematics.skeleton import POINTS, Skeleton

ROOT_HEIGHT_M = 0.95
"""Of a standing adult's pelvis; says where the floor is when a motion has no joints."""

AXIS_M = 0.9
"""Length of the line that stands for the body when a motion has no joints."""

ARROW_M = 0.8
"""Length of the arrow that shows where the subject faces."""

ARROW_RISE_M, PATH_RISE_M = 0.04, 0.02
"""How far above the floor they are drawn, so that neither hides in it."""

FLOOR_SHARE = 0.02
"""Share of the frames that may reach below the floor: a tracker's worst moments."""

_NEARLY_BACK = -1 + 1e-6
"""Cosine to +Z below which a rod points along -Z, where the shortest turn is not defined."""

_PARENTS: dict[str, str] = {
    "chest": "pelvis",
    "neck": "chest",
    "head": "neck",
    **{
        f"{side}_{end}": start if start in POINTS else f"{side}_{start}"
        for side in ("left", "right")
        for end, start in (
            ("shoulder", "neck"),
            ("elbow", "shoulder"),
            ("wrist", "elbow"),
            ("hip", "pelvis"),
            ("knee", "hip"),
            ("ankle", "knee"),
            ("foot", "ankle"),
        )
    },
}
"""The body point that each other one hangs on."""

_WAYS: dict[Signal, tuple[str, str]] = {
    "left": ("left", "right"),
    "up": ("up", "down"),
    "forward": ("forward", "backward"),
    "start_distance": ("away from the start", "towards the start"),
    "heading": ("turn left", "turn right"),
    "forward_lean": ("lean forward", "lean backward"),
    "left_lean": ("lean left", "lean right"),
}
"""What a positive and a negative amount of each signal are called."""


class Movement(NamedTuple):
    """An event or a vertical episode, in words."""

    start_s: float
    end_s: float
    words: str


class Playback(NamedTuple):
    """One motion, ready to be played: a row of each array is one time of the analysis grid."""

    times_s: Float[np.ndarray, " samples"]
    observed: Bool[np.ndarray, " samples"]
    roots_m: Float[np.ndarray, "samples 3"]
    up: Float[np.ndarray, "samples 3"]
    """The way from the root to the head, of length 1."""
    facing: Float[np.ndarray, "samples 3"]
    """Where the subject faces, along the ground, of length 1."""
    faces: Bool[np.ndarray, " samples"]
    """False where the heading is not defined."""
    points_m: Float[np.ndarray, "samples points 3"] | None
    """The eighteen body points; those that are not in `shown` are zero."""
    shown: tuple[int, ...]
    """The body points that the motion has, by their number."""
    bones: tuple[tuple[int, int], ...]
    """Pairs of body points with a bone between them."""
    floor_m: float
    """Height of the floor; assumed where there are no joints."""


class Figure(NamedTuple):
    """The figure at one time."""

    joints_m: Float[np.ndarray, "joints 3"]
    bones_m: Float[np.ndarray, "bones 2 3"]
    arrow_m: Float[np.ndarray, "1 2 3"]
    """From the ground under the root the way the subject faces."""
    seen: bool
    faces: bool


class Rods(NamedTuple):
    """Rods that stand for bones: one along Z, of length 1, turned, stretched and put in place."""

    wxyz: Float[np.ndarray, "bones 4"]
    middles_m: Float[np.ndarray, "bones 3"]
    lengths_m: Float[np.ndarray, " bones"]


def bones(skeleton: Skeleton) -> tuple[tuple[int, int], ...]:
    """Pairs of body points with a bone between them, by their numbers, parent first.

    A point that the skeleton lacks is passed over: what hung on it hangs on what it hung on. Points
    that are made of the same joints have no bone between them.

    >>> from kinematics import skeleton
    >>> arm = skeleton.from_names(["neck", "left_elbow", "left_wrist"])
    >>> [(POINTS[start], POINTS[end]) for start, end in bones(arm)]
    [('neck', 'left_elbow'), ('left_elbow', 'left_wrist')]
    """
    joints = dict(zip(POINTS, skeleton.points, strict=True))
    found = []
    for end in POINTS:
        start = _PARENTS.get(end)
        while start is not None and not joints[start]:
            start = _PARENTS.get(start)
        if start is not None and joints[end] and joints[start] != joints[end]:
            found.append((POINTS.index(start), POINTS.index(end)))
    return tuple(found)


def movements(facts: MotionFacts) -> tuple[Movement, ...]:
    """The events and vertical episodes of a motion in words, in the order in which they start.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0, speed_mps=1.2)).motion)
    >>> [one.words for one in movements(facts)]
    ['away from the start 3.00 m', 'forward 3.00 m']
    """
    found = []
    for event in facts.events:
        way, size = _WAYS[event.signal][event.amount < 0], abs(event.amount)
        angular = event.signal in ANGULAR_SIGNALS
        amount = f"{math.degrees(size):.0f}°" if angular else f"{size:.2f} m"
        found.append(Movement(event.start_s, event.end_s, f"{way} {amount}"))
    for episode in facts.episodes:
        words = f"{episode.kind} {abs(episode.height_m):.2f} m"
        found.append(Movement(episode.start_s, episode.end_s, words))
    return tuple(sorted(found))


def under_way(found: tuple[Movement, ...], time_s: float) -> tuple[Movement, ...]:
    """The movements that have started and not ended; their intervals are half-open.

    >>> walk, bow = Movement(0.0, 2.0, "forward 2.00 m"), Movement(2.0, 3.0, "lean forward 40°")
    >>> under_way((walk, bow), 2.0) == (bow,)
    True
    """
    return tuple(one for one in found if one.start_s <= time_s < one.end_s)


def jump_s(movement: Movement, *, duration_s: float) -> float:
    """The first hundredth of a second at which a movement is under way, inside the clip.

    >>> jump_s(Movement(8.6633, 10.06, "lean backward 75°"), duration_s=20.0)
    8.67
    """
    hundredths = math.floor(movement.start_s * 100)
    while hundredths / 100 < movement.start_s:
        hundredths += 1
    return min(hundredths / 100, duration_s)


def prepare(motion: Motion, *, frame: Frame = "first_heading") -> Playback:
    """The motion on the analysis grid, in a frame of reference in which up is up.

    >>> from kinematics import synthetic
    >>> shown = prepare(synthetic.perform(synthetic.walk(3.0), fps=60.0).motion)
    >>> len(shown.bones), round(float(shown.roots_m[-1, 2]), 1)
    (17, 3.0)
    """
    if frame not in ("first_heading", "camera"):
        raise ValueError(
            f"frame {frame!r}: expected first_heading or camera; first_pose tilts the ground, and "
            "body has no place in a room"
        )
    sampled = batch.sampled(motion)
    to_frame = anchor.to_camera if frame == "camera" else anchor.to_first_heading
    anchored = to_frame(sampled)
    observed = np.asarray(anchored.observed)
    wxyz = jnp.asarray(anchored.orientations_wxyz)
    heading = orientation.heading(wxyz, jnp.asarray(anchored.observed))
    heading_rad = np.asarray(heading.heading_rad)
    up = jnp.zeros_like(wxyz[:, 1:]).at[:, 1].set(1.0)
    roots_m = np.asarray(anchored.positions_m)
    points_m: Float[np.ndarray, "samples points 3"] | None = None
    shown: tuple[int, ...] = ()
    if anchored.joints_m is not None and sampled.skeleton is not None:
        shown = tuple(place for place, joints in enumerate(sampled.skeleton.points) if joints)
        if shown:  # a file may name nothing but joints that are no body points
            points_m = batch.body_points_of(np.asarray(anchored.joints_m), sampled.skeleton)
    return Playback(
        times_s=np.asarray(anchored.times_s),
        observed=observed,
        roots_m=roots_m,
        up=np.asarray(rotation.rotate(wxyz, up)),
        facing=np.stack(
            [np.sin(heading_rad), np.zeros_like(heading_rad), np.cos(heading_rad)], axis=1
        ),
        faces=np.asarray(heading.defined),
        points_m=points_m,
        shown=shown,
        bones=() if points_m is None or motion.skeleton is None else bones(motion.skeleton),
        floor_m=_floor_m(roots_m, None if points_m is None else points_m[:, list(shown)], observed),
    )


def _floor_m(
    roots_m: Float[np.ndarray, "samples 3"],
    points_m: Float[np.ndarray, "samples points 3"] | None,
    observed: Bool[np.ndarray, " samples"],
) -> float:
    """Height of the floor: the lowest joints stand on it, a lone root a pelvis's height above."""
    rows = observed if observed.any() else np.ones_like(observed)
    if points_m is None:
        return float(np.median(roots_m[rows, 1])) - ROOT_HEIGHT_M
    return float(np.quantile(points_m[rows, :, 1].min(axis=1), FLOOR_SHARE))


def sample_at(playback: Playback, time_s: float) -> int:
    """The row of the time that is nearest; the earlier of two that are equally near.

    >>> from kinematics import synthetic
    >>> shown = prepare(synthetic.perform(synthetic.stand(1.0)).motion)
    >>> sample_at(shown, 0.0), sample_at(shown, 0.51), sample_at(shown, 99.0)
    (0, 15, 30)
    """
    return int(np.argmin(np.abs(playback.times_s - time_s)))


def figure_at(playback: Playback, sample: int) -> Figure:
    """The figure in one row: joints and bones, or a line along the body where there are no joints.

    >>> from kinematics import synthetic
    >>> shown = prepare(synthetic.perform(synthetic.stand(1.0), joints=False).motion)
    >>> (start_m, end_m), *_ = figure_at(shown, 0).bones_m[:, :, 1]
    >>> round(float(end_m - start_m), 3)  # from below the root to above it
    0.9
    """
    root_m, up = playback.roots_m[sample], playback.up[sample]
    if playback.points_m is None:
        joints_m = root_m[None]
        bones_m = np.stack([root_m - AXIS_M / 2 * up, root_m + AXIS_M / 2 * up])[None]
    else:
        points_m = playback.points_m[sample]
        joints_m = points_m[list(playback.shown)]
        bones_m = points_m[np.array(playback.bones, dtype=int).reshape(-1, 2)]
    foot_m = np.array([root_m[0], playback.floor_m + ARROW_RISE_M, root_m[2]], dtype=root_m.dtype)
    return Figure(
        joints_m=joints_m,
        bones_m=bones_m,
        arrow_m=np.stack([foot_m, foot_m + ARROW_M * playback.facing[sample]])[None],
        seen=bool(playback.observed[sample]),
        faces=bool(playback.faces[sample]),
    )


def rods(bones_m: Float[np.ndarray, "bones 2 3"]) -> Rods:
    """How to turn and stretch a rod along Z, of length 1 about its middle, to become each bone.

    >>> level = rods(np.array([[[0.0, 1.0, 0.0], [3.0, 1.0, 0.0]]]))
    >>> level.middles_m.tolist(), level.lengths_m.tolist()
    ([[1.5, 1.0, 0.0]], [3.0])
    """
    spans_m = bones_m[:, 1] - bones_m[:, 0]
    lengths_m = np.linalg.norm(spans_m, axis=1)
    x, y, z = (spans_m / np.where(lengths_m > 0, lengths_m, 1.0)[:, None]).T
    back = z < _NEARLY_BACK  # half a turn about X: about which axis hardly matters
    wxyz = np.stack(
        [np.where(back, 0.0, 1 + z), np.where(back, 1.0, -y), np.where(back, 0.0, x), 0 * x], axis=1
    )
    wxyz /= np.linalg.norm(wxyz, axis=1, keepdims=True)
    return Rods(wxyz=wxyz, middles_m=bones_m.mean(axis=1), lengths_m=lengths_m)


def ground_path(playback: Playback) -> Float[np.ndarray, "steps 2 3"]:
    """The steps of the root on the floor between times at which it was seen.

    >>> from kinematics import synthetic
    >>> ground_path(prepare(synthetic.perform(synthetic.stand(1.0)).motion)).shape
    (30, 2, 3)
    """
    places_m = playback.roots_m.copy()
    places_m[:, 1] = playback.floor_m + PATH_RISE_M
    seen = playback.observed[:-1] & playback.observed[1:]
    return np.stack([places_m[:-1], places_m[1:]], axis=1)[seen]


def advanced(time_s: float, elapsed_s: float, *, duration_s: float) -> float:
    """The time shown after a while of playing; past the end it starts again.

    >>> advanced(1.0, 0.25, duration_s=4.0), advanced(3.75, 0.5, duration_s=4.0)
    (1.25, 0.25)
    """
    if duration_s <= 0:
        return 0.0
    later_s = time_s + elapsed_s
    return later_s if later_s <= duration_s else later_s % duration_s
