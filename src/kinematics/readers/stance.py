"""A rig's unit, up axis and body axes, derived from the body, because BVH files lack them.

Every decision becomes a note. The thresholds are beside the decisions, so the module is a little
longer than most.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Float

from kinematics.readers.axes import Up, nearest_axis, unit_vector
from kinematics.skeleton import POINTS, Skeleton

UNITS_M: dict[str, float] = {
    "metres": 1.0,
    "centimetres": 0.01,
    "millimetres": 0.001,
    "inches": 0.0254,
    "CMU units": 0.0254 / 0.45,
}
"""Units of length of rigs; CMU's skeletons are in inches, scaled by 0.45."""

BODY_HEIGHT_M = (0.9, 2.3)
"""Range of people's heights; units that give other heights are excluded."""

USUAL_HEIGHT_M = 1.7
"""If two units are possible, the height nearer to this (as a ratio) decides."""

SHARE_OF_HEIGHT: tuple[tuple[tuple[str, ...], float], ...] = (
    (("hip", "knee", "ankle"), 0.49),
    (("pelvis", "neck"), 0.30),
    (("shoulder", "elbow", "wrist"), 0.31),
)
"""Chains of body points and their length as a share of the body's height, the best first."""

STANDING_COSINE = 0.9
"""A rest pose stands if its legs are opposite to its spine within 26 degrees."""

SNAP_STANDING_COSINE = 0.978
"""A standing rest pose within 12 degrees of a coordinate axis is taken to be along it."""

SNAP_SPINE_COSINE = 0.82
"""The same for a spine alone, within 35 degrees: its first bone may point backwards."""

UPRIGHT_SHARE = 0.5
"""Minimum share of frames in which the body stands along the up axis."""

UPRIGHT_COSINE = 0.7
"""The body stands along an axis if it is within 45 degrees of it."""

FLOOR_SHARE = 0.15
"""Ankles at most this far from zero, in body heights, are on the floor of the file."""

JUMP_M = 0.15
"""Minimum distance, relative to the pelvis, of a joint's jump between the first two frames."""

JUMP_RATIO = 3.0
"""Minimum ratio of that jump to the largest step of any joint in the following frames."""

SPAN_SHARE = 0.93
"""Minimum distance between the wrists in a T-pose, as a share of the arm span."""

Positions = Float[np.ndarray, "*frames joints 3"]
Rest = Float[np.ndarray, "joints 3"]


def point(coordinates: Positions, skeleton: Skeleton, name: str) -> np.ndarray | None:
    """The body point of that name (the mean of its joints); None if the rig lacks it.

    >>> from kinematics.skeleton import SMPL_22
    >>> point(np.zeros((22, 3)), SMPL_22, "neck").tolist()
    [0.0, 0.0, 0.0]
    """
    joints = skeleton.points[POINTS.index(name)]
    return coordinates[..., list(joints), :].mean(axis=-2) if joints else None


def _points(
    coordinates: Positions, skeleton: Skeleton, names: list[str]
) -> list[np.ndarray] | None:
    """All of the body points; None if any is missing."""
    points = [point(coordinates, skeleton, name) for name in names]
    present = [points_m for points_m in points if points_m is not None]
    return present if len(present) == len(names) else None


def _middle(coordinates: Positions, skeleton: Skeleton, *names: str) -> np.ndarray | None:
    """The first of the body points, or middles of left and right points, that the rig has."""
    for name in names:
        sides = [name] if name in POINTS else [f"left_{name}", f"right_{name}"]
        if (points := _points(coordinates, skeleton, sides)) is not None:
            return np.mean(points, axis=0)
    return None


def _trunk_and_legs(
    coordinates: Positions, skeleton: Skeleton
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The directions from the pelvis up the trunk, and from the ankles up to the hips."""
    pelvis = _middle(coordinates, skeleton, "pelvis", "hip")
    top = _middle(coordinates, skeleton, "neck", "head", "chest")
    hips = _middle(coordinates, skeleton, "hip", "pelvis")
    low = _middle(coordinates, skeleton, "ankle", "knee")
    return (
        None if pelvis is None or top is None else top - pelvis,
        None if hips is None or low is None else hips - low,
    )


def _standing(rest: Rest, skeleton: Skeleton) -> np.ndarray | None:
    """The long axis of the rest pose; None if it does not stand."""
    trunk, legs = _trunk_and_legs(rest, skeleton)
    if trunk is None or legs is None:
        return None
    size = float(np.linalg.norm(trunk) * np.linalg.norm(legs))
    return trunk + legs if size > 0 and trunk @ legs > STANDING_COSINE * size else None


def _chain(coordinates: Positions, skeleton: Skeleton, names: tuple[str, ...]) -> float | None:
    """The median length of a chain of body points, averaged over both sides."""
    lengths = []
    for side in ("left_", "right_"):
        full = [name if name in POINTS else side + name for name in names]
        stops = _points(coordinates, skeleton, full)
        if stops is None:
            continue
        steps = [np.linalg.norm(b - a, axis=-1) for a, b in pairwise(stops)]
        lengths.append(float(np.median(np.sum(steps, axis=0))))
    return float(np.mean(lengths)) if lengths else None


def unit_m(coordinates: Positions, skeleton: Skeleton) -> tuple[float, str] | None:
    """Metres in the file's unit of length, and its name; None if no unit fits a person's height.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0)).motion
    >>> unit_m(100 * walk.joints_m, walk.skeleton)
    (0.01, 'centimetres')
    """
    for names, share in SHARE_OF_HEIGHT:
        length = _chain(coordinates, skeleton, names)
        if length is not None and length > 0:
            fitting = {
                name: abs(np.log(length / share * size / USUAL_HEIGHT_M))
                for name, size in UNITS_M.items()
                if BODY_HEIGHT_M[0] <= length / share * size <= BODY_HEIGHT_M[1]
            }
            if fitting:
                name = min(fitting, key=fitting.__getitem__)
                return UNITS_M[name], name
    return None


def up_axis(coordinates: Positions, rest: Rest, skeleton: Skeleton) -> tuple[Up, str]:
    """The axis of the file that points up, and a note on how it was chosen.

    It is the axis along which the body stands in most frames. If the rest pose stands along another
    axis, the body may be lying; the ankles decide, because those of standing people are near zero,
    the floor. If the body does not stand, the rest pose decides, or Y is assumed.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0)).motion
    >>> coordinates = np.asarray(walk.joints_m)
    >>> up_axis(coordinates[..., [2, 0, 1]], coordinates[0][:, [2, 0, 1]], walk.skeleton)[0]
    'z'
    """
    resting = _standing(rest, skeleton)
    by_rest, straight = nearest_axis(np.zeros(3) if resting is None else resting)
    known_by_rest = straight > SNAP_SPINE_COSINE
    by_rest = by_rest if known_by_rest else "y"
    trunk, legs = _trunk_and_legs(coordinates, skeleton)
    along = trunk if legs is None else legs if trunk is None else trunk + legs
    by_motion: Up | None = None
    if along is not None:
        length = np.linalg.norm(along, axis=-1, keepdims=True)
        stands = along / np.where(length > 0, length, 1.0)
        axis, _ = nearest_axis(np.median(stands, axis=0))
        if float((stands @ unit_vector(axis) > UPRIGHT_COSINE).mean()) >= UPRIGHT_SHARE:
            by_motion = axis
    if by_motion is None:
        how = "the axis of its rest pose" if known_by_rest else "assumed: the body does not stand"
        return by_rest, how
    if known_by_rest and by_rest != by_motion and along is not None:
        low = _middle(coordinates, skeleton, "ankle", "knee")
        tall = float(np.median(np.linalg.norm(along, axis=-1)))
        ground = np.inf if low is None else abs(np.median(low @ unit_vector(by_motion)))
        if ground > FLOOR_SHARE * tall:
            return by_rest, f"the axis of its rest pose; the body lies along {by_motion}"
        return by_motion, f"the axis the body stands along; its rest pose stands along {by_rest}"
    return by_motion, "the axis the body stands along"


def body_axes(rest: Rest, skeleton: Skeleton, root: int) -> tuple[Float[np.ndarray, "3 3"], str]:
    """The rotation from body axes to the root joint's own, from the rest pose, and a note.

    Left is the direction from the right hip to the left (or between the shoulders). Up is the long
    axis of a standing rest pose, else the spine's direction; either is snapped to a near coordinate
    axis, because spines lean and rigs are built along axes. If left or up is unknown, the root's
    axes are taken for the body's.

    >>> from kinematics import synthetic
    >>> stand = synthetic.perform(synthetic.stand(1.0)).motion
    >>> turned = np.asarray(stand.joints_m)[0] @ [[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    >>> body_axes(turned, stand.skeleton, 0)[0].round(3) + 0.0
    array([[ 0.,  0., -1.],
           [ 0.,  1.,  0.],
           [ 1.,  0.,  0.]])
    """
    seen = rest - rest[root]
    left = None
    for name in ("hip", "shoulder"):
        pair = _points(seen, skeleton, [f"left_{name}", f"right_{name}"])
        if pair is not None:
            across = pair[0] - pair[1]
            least = 1e-6 * np.abs(seen).max(initial=0.0)
            if least < np.linalg.norm(across) < np.inf:  # an overflow has no direction
                left = across / np.linalg.norm(across)
                break
    raw = _standing(seen, skeleton)
    tolerance = SNAP_STANDING_COSINE
    if raw is None:
        raw, _ = _trunk_and_legs(seen, skeleton)
        tolerance = SNAP_SPINE_COSINE
    if left is None or raw is None or not 0 < np.linalg.norm(raw) < np.inf:
        return np.eye(3), "the root's axes are taken for the body's"
    axis, cosine = nearest_axis(raw)
    up = unit_vector(axis) if cosine > tolerance else raw / np.linalg.norm(raw)
    up = up - left * (up @ left)
    if np.linalg.norm(up) < 0.1:
        return np.eye(3), "hips and spine are in line; the root's axes are taken for the body's"
    up = up / np.linalg.norm(up)
    axes = np.stack([left, up, np.cross(left, up)], axis=1)
    if _toes_behind(seen, skeleton, axes):
        return axes, "the toes point backwards: left and right are swapped, or axes left-handed"
    if np.abs(axes - np.eye(3)).max() < 1e-6:
        return np.eye(3), "the root's axes are the body's"
    return axes, "the body's axes are turned from the root's, as in the rest pose"


def _toes_behind(rest: Rest, skeleton: Skeleton, axes: Float[np.ndarray, "3 3"]) -> bool:
    """Whether the rest pose stands and its feet point backwards more than up or down."""
    heels, toes = _middle(rest, skeleton, "ankle"), _middle(rest, skeleton, "foot")
    if heels is None or toes is None or _standing(rest, skeleton) is None:
        return False
    feet = (toes - heels) @ axes
    return bool(feet[2] < -0.5 * np.linalg.norm(feet) < 0)


def begins_with_rest(
    coordinates: Float[np.ndarray, "frames joints 3"], skeleton: Skeleton, *, unturned: bool
) -> bool:
    """Whether the first frame is a T-pose or the rest pose (`unturned`), followed by a jump.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0)).motion
    >>> begins_with_rest(np.asarray(walk.joints_m), walk.skeleton, unturned=True)
    False
    """
    if len(coordinates) < 3:
        return False
    pelvis = _middle(coordinates[:32], skeleton, "pelvis", "hip")
    if pelvis is None:
        pelvis = coordinates[:32, 0]
    steps = np.linalg.norm(np.diff(coordinates[:32] - pelvis[:, None], axis=0), axis=-1).max(axis=1)
    if steps[0] < JUMP_M or steps[0] < JUMP_RATIO * steps[1:].max():
        return False
    return unturned or _arms_out(coordinates[0], skeleton)


def _arms_out(coordinates: Float[np.ndarray, "joints 3"], skeleton: Skeleton) -> bool:
    """Whether both arms are stretched out to the sides in a straight line."""
    arms = _chain(coordinates, skeleton, ("shoulder", "elbow", "wrist"))
    ends = _points(
        coordinates, skeleton, ["left_wrist", "right_wrist", "left_shoulder", "right_shoulder"]
    )
    if arms is None or ends is None:
        return False
    span, width = (float(np.linalg.norm(ends[i] - ends[i + 1])) for i in (0, 2))
    return 0 < SPAN_SHARE * (2 * arms + width) <= span
