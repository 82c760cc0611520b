"""Writing motions as BVH files from which `bvh.read` gives the same joints and root.

A motion has joint positions but no joint rotations, so every joint below the root has only position
channels; viewers that support them show exactly the motion. The offsets form a T-pose, from which
readers derive the body's axes and size.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from kinematics.motion import Motion
from kinematics.readers.border import refuse, write_whole
from kinematics.skeleton import POINTS

UNIT_M = 0.01
"""BVH files are mostly in centimetres; six decimals are a hundredth of a micrometre."""

ROOT_NAME = "motion_root"
"""The ROOT of a body without a pelvis joint; readers leave it out of the joints."""

MAX_OFF_PELVIS_M = 1e-4
"""Maximum distance between the pelvis joint and the motion's root; BVH stores one of both."""

MAX_UNEVEN_S = 1e-3
"""Maximum difference between the frame times and evenly spaced times."""

_PARENT_POINT = {
    "chest": "pelvis",
    "neck": "chest",
    "head": "neck",
    **{f"{side}_{a}": f"{side}_{b}" for side in ("left", "right") for a, b in (
        ("elbow", "shoulder"), ("wrist", "elbow"), ("knee", "hip"), ("ankle", "knee"),
        ("foot", "ankle"),
    )},
    "left_shoulder": "chest",
    "right_shoulder": "chest",
    "left_hip": "pelvis",
    "right_hip": "pelvis",
}  # fmt: skip
_DIRECTION = {  # of the bone that ends in the point, in a T-pose of the left side
    **dict.fromkeys(("chest", "neck", "head"), (0.0, 1.0, 0.0)),
    **dict.fromkeys(("shoulder", "elbow", "wrist"), (1.0, 0.0, 0.0)),
    **dict.fromkeys(("knee", "ankle"), (0.0, -1.0, 0.0)),
    "foot": (0.0, 0.0, 1.0),
}


def _problems(motion: Motion) -> list[str]:
    """The reasons why a motion cannot be written."""
    problems = []
    if missing := int((~np.asarray(motion.observed)).sum()):
        problems.append(f"{missing} frames were not observed; BVH has no gaps")
    times_s = np.asarray(motion.times_s, dtype=np.float64)
    if len(times_s) > 1:
        even = np.linspace(times_s[0], times_s[-1], len(times_s))
        if np.abs(times_s - even).max() > MAX_UNEVEN_S:
            problems.append("the frame times are uneven; BVH has one frame time")
    names = motion.skeleton.joints if motion.skeleton else ()
    odd = [ascii(name) for name in names if not name.strip() or set(name) & set("{}\r\n\t")]
    odd += [ascii(name) for name in names if name != " ".join(name.split())]
    if odd or ROOT_NAME in names:
        problems.append(f"joint names that BVH cannot hold: {', '.join(odd) or ROOT_NAME}")
    if motion.joints_m is not None and (pelvis := _pelvis(motion)) is not None:
        away = np.asarray(motion.joints_m)[:, pelvis] - np.asarray(motion.positions_m)
        if (far_m := float(np.abs(away).max())) > MAX_OFF_PELVIS_M:
            problems.append(f"the pelvis joint is {far_m:.3g} m from the root; BVH has one of both")
    return problems


def _pelvis(motion: Motion) -> int | None:
    """The pelvis joint, if a single joint is the pelvis."""
    if motion.skeleton is None:
        return None
    joints = motion.skeleton.points[POINTS.index("pelvis")]
    return joints[0] if len(joints) == 1 else None


def _tree(motion: Motion, names: list[str]) -> tuple[list[int], list[str]]:
    """The parent of each joint (-1 for the root) and its body point ("" without one).

    `names` begins with the root.
    """
    own: dict[int, int] = {}
    points = motion.skeleton.points if motion.skeleton else ()
    at = {name: index for index, name in enumerate(names)}
    for rank, joints in enumerate(points):
        if len(joints) == 1 and motion.skeleton:
            own.setdefault(at[motion.skeleton.joints[joints[0]]], rank)
    holder = {POINTS[rank]: joint for joint, rank in own.items()}
    parents = [-1] + [0] * (len(names) - 1)
    for joint, rank in own.items():
        above = _PARENT_POINT.get(POINTS[rank])
        while above is not None and above not in holder:
            above = _PARENT_POINT.get(above)
        if joint and above is not None:
            parents[joint] = holder[above]
    return parents, [POINTS[own[joint]] if joint in own else "" for joint in range(len(names))]


def _offsets(
    local: Float[np.ndarray, "frames joints 3"], points: list[str]
) -> Float[np.ndarray, "joints 3"]:
    """A T-pose from the median bones: symmetric hips, straight limbs, median offsets elsewhere."""
    offsets = np.median(local, axis=0)
    lengths = np.median(np.linalg.norm(local, axis=-1), axis=0)
    hips = [i for i, point in enumerate(points) if point.endswith("_hip")]
    for joint, point in enumerate(points):
        side, _, bare = point.rpartition("_")
        if bare in _DIRECTION:
            mirror = np.array([-1.0 if side == "right" else 1.0, 1.0, 1.0])
            offsets[joint] = lengths[joint] * np.array(_DIRECTION[bare]) * mirror
    if len(hips) == 2:
        aside = np.abs(offsets[hips, 0]).mean()
        offsets[hips, 1:] = offsets[hips, 1:].mean(axis=0)
        offsets[hips, 0] = [aside if points[joint] == "left_hip" else -aside for joint in hips]
    offsets[0] = 0.0
    return offsets


def _euler_zxy(turns: Rotation) -> Float[np.ndarray, "frames 3"]:
    """Degrees about Z, X and Y whose product in that order is the rotation, also in gimbal lock."""
    matrices = turns.as_matrix()
    level = np.hypot(matrices[:, 0, 1], matrices[:, 1, 1])
    x = np.arctan2(matrices[:, 2, 1], level)  # precise near gimbal lock, unlike an arcsine
    z = np.arctan2(-matrices[:, 0, 1], matrices[:, 1, 1])
    y = np.arctan2(-matrices[:, 2, 0], matrices[:, 2, 2])
    locked = level < 1e-8
    z[locked] = np.arctan2(matrices[locked, 1, 0], matrices[locked, 0, 0])
    y[locked] = 0.0
    return np.degrees(np.stack([z, x, y], axis=1))


def _hierarchy(
    joint: int,
    names: list[str],
    children: list[list[int]],
    offsets: Float[np.ndarray, "joints 3"],
    depth: int = 0,
) -> Iterator[str]:
    """The lines of a joint and of all below it; the tree is at most six joints deep."""
    pad, inner = "\t" * depth, "\t" * (depth + 1)
    yield f"{pad}{'JOINT' if depth else 'ROOT'} {names[joint]}"
    yield pad + "{"
    yield inner + "OFFSET " + " ".join(f"{value:.6f}" for value in offsets[joint])
    turns = "" if depth else " Zrotation Xrotation Yrotation"
    yield f"{inner}CHANNELS {3 if depth else 6} Xposition Yposition Zposition{turns}"
    for child in children[joint]:
        yield from _hierarchy(child, names, children, offsets, depth + 1)
    if not children[joint]:
        yield f"{inner}End Site"
        yield inner + "{"
        yield f"{inner}\tOFFSET 0.000000 0.000000 0.000000"
        yield inner + "}"
    yield pad + "}"


def write(motion: Motion, path: Path | str) -> None:
    """Writes a motion in centimetres, Y up, atomically.

    Read again, positions agree to 1e-7 m and orientations to 1e-7 rad in float64; the joints are in
    the order of the tree and the times start at zero. Raises `ValueError` on gaps, uneven times and
    a root that is not the pelvis joint, because BVH cannot hold them.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(walk, Path(folder, "walk.bvh"))
    ...     Path(folder, "walk.bvh").read_text().split("\\n")[1]
    'ROOT pelvis'
    """
    if problems := _problems(motion):
        refuse(
            path,
            problems,
            expected="a motion that BVH can hold",
            cure="Cut or resample the motion, or keep it with kinematics.readers.native.write",
        )
    turns = Rotation.from_quat(np.array(motion.orientations_wxyz, np.float64), scalar_first=True)
    root_m = np.asarray(motion.positions_m, np.float64)
    pelvis = _pelvis(motion)
    joints = list(motion.skeleton.joints) if motion.skeleton else []
    order = [i for i in range(len(joints)) if i != pelvis]
    names = [ROOT_NAME if pelvis is None else joints[pelvis], *(joints[i] for i in order)]
    all_m = root_m[:, None]
    if motion.joints_m is not None:
        all_m = np.concatenate([all_m, np.asarray(motion.joints_m, np.float64)[:, order]], axis=1)
    parents, points = _tree(motion, names)
    steps = all_m - all_m[:, [max(parent, 0) for parent in parents]]
    local = np.einsum("fij,fkj->fki", turns.inv().as_matrix(), steps) / UNIT_M
    offsets = _offsets(local, points)
    children: list[list[int]] = [[] for _ in names]
    for joint, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(joint)
    lines = ["HIERARCHY", *_hierarchy(0, names, children, offsets), "MOTION"]
    frame_s = (motion.duration_s / (motion.frames - 1)) if motion.frames > 1 else 1 / 30
    lines += [f"Frames: {motion.frames}", f"Frame Time: {frame_s:.12g}"]
    sequence = _depth_first(children)[1:]
    table = np.concatenate(
        [root_m / UNIT_M, _euler_zxy(turns), local[:, sequence].reshape(motion.frames, -1)], axis=1
    )
    row = " ".join(["%.6f"] * table.shape[1])
    lines += [row % tuple(values) for values in table]
    write_whole(path, "\n".join(lines) + "\n")


def _depth_first(children: list[list[int]]) -> list[int]:
    """The joints in the order of the hierarchy."""
    order, waiting = [], [0]
    while waiting:
        joint = waiting.pop()
        order.append(joint)
        waiting += reversed(children[joint])
    return order
