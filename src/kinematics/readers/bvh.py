"""BVH files: rigs of any joints, channels, axes and units, as mocap tools and studios write them.

The files give neither their unit nor their up axis nor the body's left; all three are derived from
the body (see `stance`), recorded in the source's notes, and can be given as options. Checked with
published files of CMU (cgspeed's conversion) and of Bandai-Namco, whose root lies on the floor
above the hips and whose bones run along X, and with the layouts of LAFAN1, Mixamo and Xsens.
Position channels replace the offset of their joint, also below the root.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import DTypeLike, Float
from scipy.spatial.transform import Rotation

from kinematics.motion import Motion, Source
from kinematics.readers import stance
from kinematics.readers.axes import Up, world_from_file
from kinematics.readers.border import starts
from kinematics.readers.bvh_text import parse
from kinematics.readers.bvh_write import ROOT_NAME
from kinematics.readers.bvh_write import write as write
from kinematics.readers.rigs import Rig, pose
from kinematics.skeleton import POINTS, Skeleton, from_names


def recognise(path: Path | str) -> bool:
    """Whether a file begins with HIERARCHY or is named `.bvh`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "walk.txt").write_text("HIERARCHY\\nROOT Hips")
    ...     recognise(Path(folder, "walk.txt"))
    True
    """
    begin = starts(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    return begin[:9].upper() == b"HIERARCHY" or Path(path).suffix.lower() == ".bvh"


@np.errstate(invalid="ignore", over="ignore")  # values that are not finite are reported later
def read(
    path: Path | str,
    *,
    up: Up | None = None,
    unit_m: float | None = None,
    keep_first: bool = False,
    dtype: DTypeLike = np.float32,
) -> list[Motion]:
    """The motions of a BVH file, one for each ROOT, with all named joints.

    `up` is the file's axis that points up and `unit_m` its unit in metres; by default both are
    derived from the body. A first frame that is a T-pose or the rest pose, from which the body
    jumps into the motion, is left out unless `keep_first`. A rig of one joint is a root track.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(walk, Path(folder, "walk.bvh"))
    ...     [back] = read(Path(folder, "walk.bvh"))
    >>> bool(np.allclose(back.positions_m, walk.positions_m, atol=1e-6)), back.source.notes
    (True, ('BVH', 'lengths in centimetres', 'Y up: the axis the body stands along',
     "the root's axes are the body's"))
    """
    path = Path(path)
    text = parse(path)
    motions, column = [], 0
    for person, rig in enumerate(text.rigs):
        values = text.values[:, column : column + rig.columns]
        column += rig.columns
        source = Source(
            clip=path.stem if len(text.rigs) == 1 else f"{path.stem}_{person}",
            take=path.stem,
            person=person,
            path=str(path),
            shared_world=len(text.rigs) > 1,
        )
        motion = _motion(
            rig,
            values,
            text.frame_s,
            source=source,
            up=up,
            unit_m=unit_m,
            keep_first=keep_first,
            dtype=np.dtype(dtype),
        )
        motions.append(motion)
    return motions


def _motion(
    rig: Rig,
    values: Float[np.ndarray, "frames columns"],
    frame_s: float,
    *,
    source: Source,
    up: Up | None,
    unit_m: float | None,
    keep_first: bool,
    dtype: np.dtype,
) -> Motion:
    """The motion of one rig in our world, with notes on how it was converted."""
    start = 1 if rig.names[0] == ROOT_NAME else 0
    skeleton = from_names(rig.names, name="bvh")
    positions, turns = pose(rig, values)
    if unit_m is None:
        unit = stance.unit_m(positions, skeleton)
        if unit is None:
            known = ", ".join(stance.UNITS_M)
            raise ValueError(
                f"{source.path}: the rig of {len(rig.names)} joints ({', '.join(rig.names[:4])}, "
                f"...) is not the size of a person in {known}; expected legs, a trunk or arms of "
                "a person. Give unit_m, the file's unit of length in metres"
            )
        unit_m, unit_note = unit[0], f"lengths in {unit[1]}"
    else:
        unit_note = f"lengths in units of {unit_m:g} m, as told"
    if up is None:
        up, how = stance.up_axis(positions, rig.rest, skeleton)
        up_note = f"{up.upper()} up: {how}"
    else:
        up_note = f"{up.upper()} up, as told"
    root = _root(skeleton)
    root_from_body, body_note = stance.body_axes(rig.rest, skeleton, root)
    notes: tuple[str, ...] = ("BVH", unit_note, up_note, body_note)
    turned = world_from_file(up)
    joints_m = (positions * unit_m) @ turned.T
    first = 0
    if not keep_first and stance.begins_with_rest(
        joints_m, skeleton, unturned=_unturned(rig, values[0])
    ):
        first = 1
        notes += ("the first frame is a T-pose or the rest pose and left out",)
    shown = slice(start, None)
    named = from_names(rig.names[shown], name="bvh") if len(rig.names) > 1 else None
    file_from_root = Rotation.from_quat(turns[:, root].T, scalar_first=True)
    world = Rotation.from_matrix(turned) * file_from_root * Rotation.from_matrix(root_from_body)
    return Motion.from_arrays(
        orientations_wxyz=world.as_quat(scalar_first=True)[first:].astype(dtype),
        positions_m=joints_m[first:, root].astype(dtype),
        times_s=(np.arange(len(values)) * frame_s)[first:],
        joints_m=None if named is None else joints_m[first:, shown].astype(dtype),
        skeleton=named,
        source=replace(source, notes=notes),
    )


def _root(skeleton: Skeleton) -> int:
    """The pelvis joint; the rig's root if no joint is named as the pelvis."""
    pelvis = skeleton.points[POINTS.index("pelvis")]
    return pelvis[0] if len(pelvis) == 1 else 0


def _unturned(rig: Rig, values: Float[np.ndarray, " columns"]) -> bool:
    """Whether all joints below the root have zero rotations, and at least one could rotate."""
    names = [(joint, name) for joint, channels in enumerate(rig.channels) for name in channels]
    below = [joint > 0 and name.endswith("rotation") for joint, name in names]
    return any(below) and bool((np.abs(values[below]) < 1e-6).all())
