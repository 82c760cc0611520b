"""Motions from the marker sets of mocap labs.

* The root's orientation and position come from the pelvis: the two front spines of the hip bone and
  the two back spines (or one marker on the sacrum). In standing people their plane tilts forward;
  it is levelled by the average, `PELVIC_TILT_RAD`, so that standing people hardly lean.
* Hips are estimated inside the pelvis by Bell's proportions (good to about two centimetres). Knees,
  ankles and elbows are the mean of the markers on both sides of the joint; with only the outer
  marker the point lies on the skin, about five centimetres off, and a note says so. Wrists, neck,
  chest and head are the mean of the markers around them, shoulders the markers on top.
* Frames without the pelvis are unobserved, and so are frames without a joint. Joints that are
  missing often are left out instead, and listed in a note.
"""

import re
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import DTypeLike, Float

from kinematics.motion import Motion, Source
from kinematics.readers.axes import Up, nearest_axis, quaternions, world_from_file
from kinematics.readers.border import refuse
from kinematics.readers.marker_names import ALIASES, MIDDLE, SIDED, SINGLE
from kinematics.skeleton import from_names

UNITS_M: dict[str, float] = {
    "mm": 0.001,
    "cm": 0.01,
    "dm": 0.1,
    "m": 1.0,
    "in": 0.0254,
    "inch": 0.0254,
    "meters": 1.0,
    "metres": 1.0,
    "millimeters": 0.001,
    "millimetres": 0.001,
}
"""Names of units of length in files."""

PELVIS_WIDTH_M = (0.12, 0.50)
"""Range of the distance between the front spines, including children and markers on clothes."""

PELVIC_TILT_RAD: float = np.radians(11.0)
"""Average forward tilt of the plane of the four pelvis markers in standing adults."""

BELL = (0.36, -0.30, -0.19)
"""Hip centres from between the front spines, as shares of their distance: to the side, up, ahead
(Bell and others, 1990)."""

LEAST_SEEN = 0.9
"""Joints seen in a smaller share of the pelvis's frames are left out."""

UP_COSINE = 0.82
"""The pelvis mostly points along the up axis, within 35 degrees."""


class Markers(NamedTuple):
    """The markers of a file, in its own axes and unit; NaN where a marker was not seen."""

    names: tuple[str, ...]
    positions: Float[np.ndarray, "frames markers 3"]
    times_s: Float[np.ndarray, " frames"]
    unit: str
    """The file's name of its unit of length, or empty."""


def _split(name: str) -> tuple[str, str]:
    """The subject of a marker's name, and the name without it."""
    subject, _, bare = name.strip().rpartition(":")
    return subject, re.sub(r"[^A-Z0-9]", "", bare.upper())


def _subjects(markers: Markers) -> dict[str, dict[str, int]]:
    """For each subject the first columns of its markers by name."""
    subjects: dict[str, dict[str, int]] = {}
    for column, name in enumerate(markers.names):
        subject, bare = _split(name)
        if bare and not name.startswith("*"):
            subjects.setdefault(subject, {}).setdefault(bare, column)
    return subjects


def _column(columns: dict[str, int], words: str, prefixes: tuple[str, ...] = ("",)) -> int | None:
    """The column of the first of the words, with any of the prefixes, that is a marker's name."""
    names = (prefix + word for word in words.split() for prefix in prefixes)
    return next((columns[name] for name in names if name in columns), None)


def _pelvis(columns: dict[str, int]) -> tuple[list[int], list[int]] | None:
    """The columns of the front spines, left first, and of the markers at the back."""
    front = [_column(columns, ALIASES[name]) for name in ("LASI", "RASI")]
    back = [_column(columns, ALIASES[name]) for name in ("LPSI", "RPSI")]
    if any(column is None for column in back):
        back = [_column(columns, ALIASES["SACR"])]
    both = [column for column in (*front, *back) if column is not None]
    return (both[:2], both[2:]) if len(both) == len(front) + len(back) else None


def _unit_m(word: str, width: float, told: float | None, problems: list[str]) -> tuple[float, str]:
    """Metres in the file's unit, and a note on its origin; checked by the width of the pelvis."""
    known = UNITS_M.get(word.strip().lower())
    if told is not None:
        size_m, how = told, f"lengths in units of {told:g} m, as told"
    elif known is not None:
        size_m, how = known, f"lengths in {word.strip()}, as the file says"
    else:
        fits = [n for n in ("mm", "cm", "m") if _is_pelvis(width * UNITS_M[n])]
        if not fits:
            problems.append(f"unit {word!a} is not one of {', '.join(UNITS_M)}")
            return 1.0, ""
        size_m, how = UNITS_M[fits[0]], f"lengths in {fits[0]}, by the width of the pelvis"
    if not _is_pelvis(width * size_m):
        problems.append(
            f"the front of the pelvis is {width * size_m:.3g} m wide ({how}); expected between "
            f"{PELVIS_WIDTH_M[0]} and {PELVIS_WIDTH_M[1]} m. Give unit_m"
        )
    return size_m, how


def _is_pelvis(width_m: float) -> bool:
    return PELVIS_WIDTH_M[0] <= width_m <= PELVIS_WIDTH_M[1]


def _unit_vectors(vectors: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 3"]:
    """Vectors of length one; NaN for vectors of length zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, np.nan)


def _axes(
    front: Float[np.ndarray, "frames 2 3"], back: Float[np.ndarray, "frames 3"], *, tilt_rad: float
) -> Float[np.ndarray, "frames 3 3"]:
    """Left, up and ahead of the pelvis as columns, if its markers' plane tilts forward so far."""
    left = _unit_vectors(front[:, 0] - front[:, 1])
    level = front.mean(axis=1) - back
    up = _unit_vectors(np.cross(level, left))
    ahead = np.cross(left, up)
    cosine, sine = np.cos(tilt_rad), np.sin(tilt_rad)
    return np.stack([left, cosine * up - sine * ahead, cosine * ahead + sine * up], axis=2)


def _joints(
    positions: Float[np.ndarray, "frames markers 3"],
    columns: dict[str, int],
    front: Float[np.ndarray, "frames 2 3"],
    axes: Float[np.ndarray, "frames 3 3"],
) -> tuple[dict[str, Float[np.ndarray, "frames 3"]], list[str]]:
    """The body points that the markers give, and the names of those that lie on the skin."""
    joints, on_skin = {}, []
    width = np.linalg.norm(front[:, 0] - front[:, 1], axis=1)
    for name, words in MIDDLE.items():
        around = [_column(columns, word) for word in words]
        seen = [column for column in around if column is not None]
        if len(seen) == len(words):
            joints[name] = positions[:, seen].mean(axis=1)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        prefixes = (side[0].upper(), side.upper())
        shares = np.array([sign * BELL[0], *BELL[1:]])
        hips = np.einsum("fij,j->fi", axes, shares) * width[:, None]
        joints[f"{side}_hip"] = front.mean(axis=1) + hips
        for name, (outer_words, inner_words) in SIDED.items():
            outer = _column(columns, outer_words, prefixes)
            inner = _column(columns, inner_words, prefixes)
            if outer is not None:
                both = [outer] if inner is None else [outer, inner]
                joints[f"{side}_{name}"] = positions[:, both].mean(axis=1)
                on_skin += [f"{side}_{name}"] if inner is None and name != "foot" else []
        for name, single_words in SINGLE.items():
            column = _column(columns, single_words, prefixes)
            if column is not None:
                joints[f"{side}_{name}"] = positions[:, column]
    return joints, on_skin


def _up(axes: Float[np.ndarray, "frames 3 3"], usual: Up) -> tuple[Up, str]:
    """The file's axis that points up: Y or Z if the pelvis mostly points along it, or `usual`."""
    seen = axes[np.isfinite(axes).all(axis=(1, 2))][:, :, 1]
    axis, cosine = nearest_axis(np.median(seen, axis=0)) if len(seen) else (usual, 0.0)
    if cosine > UP_COSINE and axis in ("y", "z"):
        return axis, "the axis the pelvis points along"
    return usual, "assumed: the pelvis does not point along an axis"


def to_motions(
    markers: Markers,
    *,
    source: Source,
    usual_up: Up,
    up: Up | None = None,
    unit_m: float | None = None,
    dtype: DTypeLike = np.float32,
) -> list[Motion]:
    """One motion for each subject whose pelvis is marked.

    `source` gives path and names; `usual_up` is the up axis if the body does not show it. Raises
    one `ValueError` that lists the file's markers if none of them mark a pelvis.

    >>> names = ("Ann:LASI", "Ann:RASI", "Ann:LPSI", "Ann:RPSI")
    >>> spines = np.array([[120.0, 0, 0], [-120, 0, 0], [40, 150, 30], [-40, 150, 30]]) + 1000
    >>> still = Markers(names, np.tile(spines, (5, 1, 1)), np.arange(5) / 100, "mm")
    >>> [motion] = to_motions(still, source=Source(clip="still"), usual_up="z")
    >>> motion.source.clip, motion.skeleton.joints, motion.source.notes[2]
    ('still', ('pelvis', 'left_hip', 'right_hip'), 'Z up: the axis the pelvis points along')
    """
    subjects = {
        subject: (columns, pelvis)
        for subject, columns in _subjects(markers).items()
        if (pelvis := _pelvis(columns)) is not None
    }
    where = source.path or source.clip
    if not subjects:
        listed = ", ".join(ascii(name[:24])[1:-1] for name in markers.names[:40])
        refuse(
            where,
            [f"the markers are {listed or 'none'}"],
            expected="markers of a pelvis: LASI, RASI, and LPSI with RPSI or SACR (or as other "
            "sets name them)",
            cure="Label the pelvis, or add the names to kinematics.readers.marker_names.ALIASES",
        )
    motions: list[Motion] = []
    problems: list[str] = []
    for person, (subject, (columns, (front, back))) in enumerate(subjects.items()):
        alone = len(subjects) == 1
        motion = _motion(
            markers,
            columns,
            front,
            back,
            source=replace(
                source,
                clip=source.clip if alone else f"{source.clip}_{subject or person}",
                person=person,
                shared_world=not alone,
            ),
            usual_up=usual_up,
            up=up,
            unit_m=unit_m,
            dtype=np.dtype(dtype),
            problems=problems,
        )
        motions += [motion] if motion is not None else []
    if problems:
        refuse(
            where,
            problems,
            expected="markers of people, in a unit that the file names",
            cure="Give unit_m, the unit of length in metres, or export the file again",
        )
    return motions


def _motion(
    markers: Markers,
    columns: dict[str, int],
    front: list[int],
    back: list[int],
    *,
    source: Source,
    usual_up: Up,
    up: Up | None,
    unit_m: float | None,
    dtype: np.dtype,
    problems: list[str],
) -> Motion | None:
    """One subject's motion in our world; None, and a new entry in `problems`, if there is none."""
    spines, rear = markers.positions[:, front], markers.positions[:, back].mean(axis=1)
    widths = np.linalg.norm(spines[:, 0] - spines[:, 1], axis=1)
    axes = _axes(spines, rear, tilt_rad=PELVIC_TILT_RAD)
    usable = np.isfinite(axes).all(axis=(1, 2))
    if not usable.any():
        problems.append(f"{source.clip}: the whole pelvis is seen in no frame")
        return None
    wrong: list[str] = []
    size_m, unit_note = _unit_m(markers.unit, float(np.median(widths[usable])), unit_m, wrong)
    if wrong:
        problems += wrong
        return None
    axis, how = (up, "as told") if up is not None else _up(axes, usual_up)
    plane = _axes(spines, rear, tilt_rad=0.0)
    joints, on_skin = _joints(markers.positions, columns, spines, plane)
    joints = {"pelvis": (spines.mean(axis=1) + rear) / 2, **joints}
    least = LEAST_SEEN * usable.sum()
    kept = [n for n, track in joints.items() if np.isfinite(track[usable]).all(1).sum() >= least]
    notes = ["markers", unit_note, f"{axis.upper()} up: {how}"]
    notes.append("root and hips from the pelvis markers, levelled by 11 degrees")
    if skin := [name for name in on_skin if name in kept]:
        notes.append(f"on the skin, not inside: {', '.join(skin)}")
    if rare := [name for name in joints if name not in kept]:
        notes.append(f"too often unseen: {', '.join(rare)}")
    turned = world_from_file(axis)
    tracks = np.stack([joints[name] for name in kept], axis=1) @ turned.T * size_m
    return Motion.from_arrays(
        orientations_wxyz=quaternions(turned @ axes).astype(dtype),
        positions_m=tracks[:, 0].astype(dtype),
        times_s=markers.times_s,
        joints_m=tracks.astype(dtype),
        skeleton=from_names(kept, name="markers"),
        source=replace(source, notes=tuple(notes)),
    )
