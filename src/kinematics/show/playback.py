"""Contents of a live view over time: the figure, its path on the ground, the current movements.

Plain arrays and words, independent of the renderer. The track is on the analysis grid, in one frame
of reference: +X its left, +Y up, +Z its forward.
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
"""Height of a standing adult's pelvis, which locates the floor for motions without joints."""

AXIS_M = 0.9
"""Length of the line that represents the body of a motion without joints."""

ARROW_M = 0.8
"""Length of the arrow in the subject's facing direction."""

ARROW_RISE_M, PATH_RISE_M = 0.04, 0.02
"""Heights above the floor at which they are drawn, so that the floor hides neither."""

FLOOR_SHARE = 0.02
"""Share of frames that may reach below the floor, for outliers of the tracker."""

_NEARLY_BACK = -1 + 1e-6
"""Cosine to +Z below which a rod points along -Z, where the shortest rotation is undefined."""

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
"""The parent of each body point."""

_WAYS: dict[Signal, tuple[str, str]] = {
    "left": ("left", "right"),
    "up": ("up", "down"),
    "forward": ("forward", "backward"),
    "start_distance": ("away from the start", "towards the start"),
    "heading": ("turn left", "turn right"),
    "forward_lean": ("lean forward", "lean backward"),
    "left_lean": ("lean left", "lean right"),
}
"""Words for positive and negative amounts of each signal."""


class Movement(NamedTuple):
    """An event or a vertical episode, in words."""

    start_s: float
    end_s: float
    words: str


class Playback(NamedTuple):
    """A motion prepared for playing; a row of each array is one time of the analysis grid."""

    times_s: Float[np.ndarray, " samples"]
    observed: Bool[np.ndarray, " samples"]
    roots_m: Float[np.ndarray, "samples 3"]
    up: Float[np.ndarray, "samples 3"]
    """Unit vector along the body's up axis."""
    facing: Float[np.ndarray, "samples 3"]
    """Unit vector of the facing direction along the ground."""
    faces: Bool[np.ndarray, " samples"]
    """False where the heading is undefined."""
    points_m: Float[np.ndarray, "samples points 3"] | None
    """The eighteen body points; 0 for points that are not in `shown`."""
    shown: tuple[int, ...]
    """Indices of the body points that the motion has."""
    bones: tuple[tuple[int, int], ...]
    """Pairs of body points with a bone between them."""
    floor_m: float
    """Height of the floor; an assumption for motions without joints."""


class Figure(NamedTuple):
    """The figure at one time."""

    joints_m: Float[np.ndarray, "joints 3"]
    bones_m: Float[np.ndarray, "bones 2 3"]
    arrow_m: Float[np.ndarray, "1 2 3"]
    """From the ground under the root in the facing direction."""
    seen: bool
    faces: bool


class Rods(NamedTuple):
    """Rods as bones: a unit rod along Z, rotated, scaled and positioned."""

    wxyz: Float[np.ndarray, "bones 4"]
    middles_m: Float[np.ndarray, "bones 3"]
    lengths_m: Float[np.ndarray, " bones"]


def bones(skeleton: Skeleton) -> tuple[tuple[int, int], ...]:
    """Pairs of indices of body points with a bone between them, parent first.

    The children of a point that the skeleton lacks are attached to its parent. Points that are made
    of the same joints have no bone between them.

    >>> from kinematics import skeleton
    >>> arm = skeleton.from_names(["neck", "left_elbow", "left_wrist"])
    >>> [(POINTS[start], POINTS[end]) for start, end in bones(arm)]
    [('neck', 'left_elbow'), ('left_elbow', 'left_wrist')]
    """
    joints = dict(zip(POINTS, skeleton.points, strict=True))
    pairs = []
    for end in POINTS:
        start = _PARENTS.get(end)
        while start is not None and not joints[start]:
            start = _PARENTS.get(start)
        if start is not None and joints[end] and joints[start] != joints[end]:
            pairs.append((POINTS.index(start), POINTS.index(end)))
    return tuple(pairs)


def movements(facts: MotionFacts) -> tuple[Movement, ...]:
    """The events and vertical episodes of a motion in words, ordered by start.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0, speed_mps=1.2)).motion)
    >>> [movement.words for movement in movements(facts)]
    ['away from the start 3.00 m', 'forward 3.00 m']
    """
    named = []
    for event in facts.events:
        way, size = _WAYS[event.signal][event.amount < 0], abs(event.amount)
        angular = event.signal in ANGULAR_SIGNALS
        amount = f"{math.degrees(size):.0f}°" if angular else f"{size:.2f} m"
        named.append(Movement(event.start_s, event.end_s, f"{way} {amount}"))
    for episode in facts.episodes:
        words = f"{episode.kind} {abs(episode.height_m):.2f} m"
        named.append(Movement(episode.start_s, episode.end_s, words))
    return tuple(sorted(named))


def under_way(movements: tuple[Movement, ...], time_s: float) -> tuple[Movement, ...]:
    """The movements at a time; their intervals are half-open.

    >>> walk, bow = Movement(0.0, 2.0, "forward 2.00 m"), Movement(2.0, 3.0, "lean forward 40°")
    >>> under_way((walk, bow), 2.0) == (bow,)
    True
    """
    return tuple(each for each in movements if each.start_s <= time_s < each.end_s)


def jump_s(movement: Movement, *, duration_s: float) -> float:
    """The first hundredth of a second inside a movement, limited to the clip.

    >>> jump_s(Movement(8.6633, 10.06, "lean backward 75°"), duration_s=20.0)
    8.67
    """
    hundredths = math.floor(movement.start_s * 100)
    while hundredths / 100 < movement.start_s:
        hundredths += 1
    return min(hundredths / 100, duration_s)


def prepare(motion: Motion, *, frame: Frame = "first_heading") -> Playback:
    """The motion on the analysis grid, in a frame of reference with a vertical up axis.

    >>> from kinematics import synthetic
    >>> shown = prepare(synthetic.perform(synthetic.walk(3.0), fps=60.0).motion)
    >>> len(shown.bones), round(float(shown.roots_m[-1, 2]), 1)
    (17, 3.0)
    """
    if frame not in ("first_heading", "camera"):
        raise ValueError(
            f"frame {frame!r}: expected first_heading or camera; first_pose tilts the ground, and "
            "body has no fixed axes"
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
        shown = tuple(point for point, joints in enumerate(sampled.skeleton.points) if joints)
        if shown:  # a file may have only joints that are not body points
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
    """Height of the floor: that of the lowest joints, or `ROOT_HEIGHT_M` below a root alone."""
    rows = observed if observed.any() else np.ones_like(observed)
    if points_m is None:
        return float(np.median(roots_m[rows, 1])) - ROOT_HEIGHT_M
    return float(np.quantile(points_m[rows, :, 1].min(axis=1), FLOOR_SHARE))


def sample_at(playback: Playback, time_s: float) -> int:
    """The row of the nearest time; the earlier of two that are equally near.

    >>> from kinematics import synthetic
    >>> shown = prepare(synthetic.perform(synthetic.stand(1.0)).motion)
    >>> sample_at(shown, 0.0), sample_at(shown, 0.51), sample_at(shown, 99.0)
    (0, 15, 30)
    """
    return int(np.argmin(np.abs(playback.times_s - time_s)))


def figure_at(playback: Playback, sample: int) -> Figure:
    """The figure in one row: joints and bones, or a line along the body without joints.

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
    """Rotations, middles and lengths that turn a centred unit rod along Z into the bones.

    >>> level = rods(np.array([[[0.0, 1.0, 0.0], [3.0, 1.0, 0.0]]]))
    >>> level.middles_m.tolist(), level.lengths_m.tolist()
    ([[1.5, 1.0, 0.0]], [3.0])
    """
    spans_m = bones_m[:, 1] - bones_m[:, 0]
    lengths_m = np.linalg.norm(spans_m, axis=1)
    x, y, z = (spans_m / np.where(lengths_m > 0, lengths_m, 1.0)[:, None]).T
    back = z < _NEARLY_BACK  # half a turn about X; any horizontal axis would do
    wxyz = np.stack(
        [np.where(back, 0.0, 1 + z), np.where(back, 1.0, -y), np.where(back, 0.0, x), 0 * x], axis=1
    )
    wxyz /= np.linalg.norm(wxyz, axis=1, keepdims=True)
    return Rods(wxyz=wxyz, middles_m=bones_m.mean(axis=1), lengths_m=lengths_m)


def ground_path(playback: Playback) -> Float[np.ndarray, "steps 2 3"]:
    """The steps of the root's path on the floor where it was seen.

    >>> from kinematics import synthetic
    >>> ground_path(prepare(synthetic.perform(synthetic.stand(1.0)).motion)).shape
    (30, 2, 3)
    """
    places_m = playback.roots_m.copy()
    places_m[:, 1] = playback.floor_m + PATH_RISE_M
    seen = playback.observed[:-1] & playback.observed[1:]
    return np.stack([places_m[:-1], places_m[1:]], axis=1)[seen]


def advanced(time_s: float, elapsed_s: float, *, duration_s: float) -> float:
    """The playing time after `elapsed_s`; it wraps around at the end.

    >>> advanced(1.0, 0.25, duration_s=4.0), advanced(3.75, 0.5, duration_s=4.0)
    (1.25, 0.25)
    """
    if duration_s <= 0:
        return 0.0
    later_s = time_s + elapsed_s
    return later_s if later_s <= duration_s else later_s % duration_s
