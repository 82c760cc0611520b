"""TUM trajectories: lines of `timestamp tx ty tz qx qy qz qw`, as SLAM tools write and compare.

The format specifies neither whose pose it is nor which axis points up. In the benchmark of its
origin the pose is that of a colour camera, in a world with Z up; `write` adds a comment with both,
and options override either. Checked with a ground truth and an estimate of that benchmark.
"""

import re
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import DTypeLike, Float
from scipy.spatial.transform import Rotation

from kinematics.checks import MAX_UNIT_ERROR
from kinematics.motion import Motion, Source
from kinematics.readers.axes import UP_AXES, Up, world_from_file
from kinematics.readers.border import load, numbers, refuse, starts, write_whole

PoseOf = Literal["camera", "body", "robot"]
"""A camera (+X right in the image, +Y down, +Z into the scene), a body (+X its left, +Y up,
+Z ahead), or a robot's base (+X ahead, +Y left, +Z up)."""

POSES: tuple[PoseOf, ...] = get_args(PoseOf)

POSE_FROM_BODY: dict[PoseOf, tuple[tuple[int, int, int], ...]] = {
    "camera": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "body": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "robot": ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
}
"""The left, up and ahead directions of a body that carries the pose, in the axes of the pose."""

COLUMNS = 8
"""Numbers per line: time in seconds, position in metres, quaternion with the scalar last."""

MAX_STEP_S = 10.0
"""Times with a larger median step are not in seconds."""

_COMMENT = re.compile(rb"[ \t]*#[^\n]*")
_SAID = re.compile(rb"#[ \t]*pose of:[ \t]*([a-z]+),[ \t]*up:[ \t]*(-?[xyz])\b")
_EXPECTED = "a TUM trajectory: lines of eight numbers, timestamp tx ty tz qx qy qz qw"
_CURE = "Export or copy it again"


def recognise(path: Path | str) -> bool:
    """Whether the first line after comments holds eight numbers, or the name ends in `.tum`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.txt").write_text("# time and pose\\n0.1 1 2 3 0 0 0 1\\n")
    ...     recognise(Path(folder, "a.txt"))
    True
    """
    if Path(path).suffix.lower() == ".tum":
        return True
    for line in _COMMENT.sub(b"", starts(path)).split(b"\n"):
        if words := line.split():
            return len(words) == COLUMNS and numbers(line, []) is not None
    return False


def read(
    path: Path | str,
    *,
    pose_of: PoseOf | None = None,
    up: Up | None = None,
    dtype: DTypeLike = np.float64,
) -> list[Motion]:
    """The root track of a trajectory, as a list of one motion; times are those of the file.

    `pose_of` and `up` override the file. A line equal to the line before it is left out; decreasing
    times raise `ValueError`, because they usually mean that two recordings were joined.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.txt")
    ...     _ = path.write_text("0.1 1 2 3 0 0 0 1\\n0.2 1 2 4 0 0 0 1\\n")
    ...     [motion] = read(path, pose_of="body")
    >>> motion.positions_m.tolist(), motion.times_s.tolist()
    ([[1.0, 3.0, -2.0], [1.0, 4.0, -2.0]], [0.1, 0.2])
    """
    path = Path(path)
    data = load(path)
    problems: list[str] = []
    said = _SAID.search(data)
    told = (said[1].decode(), said[2].decode()) if said else ("camera", "z")
    how = "as the file says" if said else "assumed, as TUM defines it"
    if told[0] not in POSES or told[1] not in UP_AXES:
        problems.append(f"pose of {told[0]!a}; expected one of {', '.join(POSES)}")
    table = _table(_COMMENT.sub(b"", data), problems)
    if problems or table is None:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    carried: PoseOf = pose_of or POSES[POSES.index(told[0])]
    upwards: Up = up or UP_AXES[UP_AXES.index(told[1])]
    if carried not in POSES:
        raise ValueError(f"pose_of: {carried!r}; expected one of {', '.join(POSES)}")
    notes: tuple[str, ...] = (
        "TUM trajectory",
        f"pose of a {carried}, {'as told' if pose_of else how}",
        f"{upwards.upper()} up, {'as told' if up else how}",
    )
    repeated = np.concatenate([[False], (table[1:] == table[:-1]).all(axis=1)])
    if repeated.any():
        notes += (f"{int(repeated.sum())} lines that repeat the one before are left out",)
        table = table[~repeated]
    turned = world_from_file(upwards)
    return [
        Motion.from_arrays(
            orientations_wxyz=_turned(table[:, 4:], turned, carried).astype(dtype),
            positions_m=(table[:, 1:4] @ turned.T).astype(dtype),
            times_s=table[:, 0],
            source=Source(clip=path.stem, take=path.stem, path=str(path), notes=notes),
        )
    ]


def _table(text: bytes, problems: list[str]) -> Float[np.ndarray, "frames 8"] | None:
    """The numbers of all lines; None, and a new entry in `problems`, if the lines are invalid."""
    values = numbers(text, problems)
    if values is None:
        return None
    lines = [(number, len(line.split())) for number, line in enumerate(text.split(b"\n"), start=1)]
    odd = [(number, count) for number, count in lines if count not in (0, COLUMNS)]
    if odd:
        number, count = odd[0]
        problems.append(f"line {number}: {count} numbers; expected eight ({len(odd)} such lines)")
        return None
    if not values.size:
        problems.append("no line of numbers")
        return None
    table = values.reshape(-1, COLUMNS)
    step_s = float(np.median(np.diff(table[:, 0]))) if len(table) > 1 else 0.0
    if step_s > MAX_STEP_S:
        problems.append(f"times increase by {step_s:g}; expected seconds, not nanoseconds")
    norms = np.linalg.norm(table[:, 4:], axis=1)
    odd_turns = np.flatnonzero((norms > 0) & (np.abs(norms - 1) > MAX_UNIT_ERROR))
    if len(odd_turns):
        problems.append(
            f"{len(odd_turns)} quaternions are not of length one, first at pose {odd_turns[0]} "
            f"(length {norms[odd_turns[0]]:.3g}); expected qx qy qz qw"
        )
    return table


def _turned(
    quaternions_xyzw: Float[np.ndarray, "frames 4"],
    world_from_file: Float[np.ndarray, "3 3"],
    carried: PoseOf,
) -> Float[np.ndarray, "frames 4"]:
    """Body axes in our world; NaN for zero quaternions, with which some tools mark lost frames."""
    wxyz = np.full((len(quaternions_xyzw), 4), np.nan)
    good = np.linalg.norm(quaternions_xyzw, axis=1) > 0
    if good.any():
        body = Rotation.from_matrix(np.array(POSE_FROM_BODY[carried], dtype=np.float64))
        pose = Rotation.from_quat(quaternions_xyzw[good])
        world = Rotation.from_matrix(world_from_file) * pose * body
        wxyz[good] = world.as_quat(scalar_first=True)
    return wxyz


def write(motion: Motion, path: Path | str, *, pose_of: PoseOf = "body", up: Up = "y") -> None:
    """Writes the root's track atomically; unobserved frames are left out.

    A comment contains `pose_of` and `up`, so that `read` gives the same track again, to 1e-8 m and
    rad; other tools skip it. Joints and cameras are not kept.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(walk, Path(folder, "walk.tum"), pose_of="camera", up="z")
    ...     [back] = read(Path(folder, "walk.tum"))
    >>> bool(np.allclose(back.positions_m, walk.positions_m)), back.source.notes[1:]
    (True, ('pose of a camera, as the file says', 'Z up, as the file says'))
    """
    if pose_of not in POSES:
        raise ValueError(f"pose_of: {pose_of!r}; expected one of {', '.join(POSES)}")
    file_from_world = world_from_file(up).T
    seen = np.asarray(motion.observed)
    body = Rotation.from_quat(
        np.array(motion.orientations_wxyz, dtype=np.float64), scalar_first=True
    )
    body_from_pose = Rotation.from_matrix(np.array(POSE_FROM_BODY[pose_of], np.float64)).inv()
    poses = (Rotation.from_matrix(file_from_world) * body * body_from_pose).as_quat()
    positions = np.asarray(motion.positions_m, dtype=np.float64) @ file_from_world.T
    table = np.column_stack([np.asarray(motion.times_s, np.float64), positions, poses])[seen]
    lines = [f"# pose of: {pose_of}, up: {up}", "# timestamp tx ty tz qx qy qz qw"]
    row = " ".join(["%.9f"] * COLUMNS)
    lines += [row % tuple(values) for values in table]
    write_whole(path, "\n".join(lines) + "\n")
