"""The named arrays of one person in a file, checked, with all problems in one error.

`Fields` takes arrays from a dictionary, checks shapes and values and counts frames; `motion` puts a
body that was tracked in some frames of a video on the times of that video.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Bool, Float, Int

from kinematics.geometry.smpl_body import Family
from kinematics.motion import Motion, Source
from kinematics.readers import border
from kinematics.readers.axes import quaternions
from kinematics.readers.smpl import BODY_SKELETON, Parameters, Placed, are_rotations

MAX_FRAMES: int = 2_000_000
"""Maximum frames of a track and of its video: 18 hours at 30 fps."""

MAX_VALUE: float = 1e6
"""Larger numbers are not metres, radians or shape parameters."""


class Fields:
    """The fields of one dictionary, and the problems with them.

    >>> walk = Fields(Path("walk.pkl"), {"trans": np.zeros((9, 3))}, what="a walk")
    >>> walk.array("trans", 3).shape, walk.frames
    ((9, 3), 9)
    """

    def __init__(self, path: Path, held: Any, *, what: str, prefix: str = "") -> None:
        self.path, self.what, self.prefix = path, what, prefix
        self.problems: list[str] = []
        self.counts: dict[str, int] = {}
        self.held: Mapping[Any, Any] = held if isinstance(held, dict) else {}
        if not isinstance(held, dict):
            self.problems.append(f"{prefix or 'the file'}: {kind(held)}; expected a dictionary")

    @property
    def frames(self) -> int:
        """Number of frames of the fields read so far."""
        return next(iter(self.counts.values()), 0)

    def array(self, name: str, *tail: int, optional: bool = False) -> Float[np.ndarray, "..."]:
        """A field of shape (frames, *tail) in float64, NaN where it is not finite.

        Axes of length one are dropped. A missing or wrong field becomes a problem and an empty
        array.
        """
        wanted = "(" + ", ".join(["frames", *map(str, tail)]) + ")"
        value = self._numbers(name, wanted, optional=optional)
        if value is None:
            return np.full((0, *tail), np.nan)
        size = int(np.prod(tail))
        frames = value.size // size if size else 0
        squeezed = tuple(n for n in value.shape if n != 1)
        expected = tuple(n for n in (frames, *tail) if n != 1)
        flat = value.ndim >= 2 and value.shape[0] == frames and value.size == frames * size
        if squeezed != expected and not (flat and value.ndim == 2):
            self.problems.append(f"{self.prefix}{name}: shape {value.shape}; expected {wanted}")
            return np.full((0, *tail), np.nan)
        if frames > MAX_FRAMES:
            self.problems.append(f"{self.prefix}{name}: {frames:,} frames; at most {MAX_FRAMES:,}")
            return np.full((0, *tail), np.nan)
        self.counts[name] = frames
        return self._clean(name, value.reshape(frames, *tail))

    def vector(self, name: str, *, optional: bool = False) -> Float[np.ndarray, " values"] | None:
        """A field of one row, or the mean of a field with one row per frame."""
        value = self._numbers(name, "(values,) or (frames, values)", optional=optional)
        if value is None:
            return None
        if value.ndim > 1 and value.shape[0] == 1:
            value = value[0]
        if value.ndim not in (1, 2) or not 0 < value.shape[-1] <= 1000 or not value.size:
            self.problems.append(f"{self.prefix}{name}: shape {value.shape}; expected one row")
            return None
        clean = self._clean(name, np.atleast_2d(value))
        rows = clean[np.isfinite(clean).all(axis=1)]
        return rows.mean(axis=0) if len(rows) else None

    def numbers(self, name: str) -> Int[np.ndarray, " frames"]:
        """A field of one whole number per frame, such as the frames' indices in a video."""
        value = self._numbers(name, "(frames,)", optional=False)
        if value is None:
            return np.zeros(0, np.int64)
        clean = self._clean(name, value.reshape(-1))
        if not (np.isfinite(clean).all() and (clean == np.round(clean)).all() and clean.size):
            self.problems.append(f"{self.prefix}{name}: expected whole numbers, one a frame")
            return np.zeros(0, np.int64)
        if clean.min() < 0 or clean.max() >= MAX_FRAMES or len(np.unique(clean)) < len(clean):
            self.problems.append(
                f"{self.prefix}{name}: expected each frame once, from 0 to {MAX_FRAMES:,}"
            )
            return np.zeros(0, np.int64)
        self.counts[name] = len(clean)
        return clean.astype(np.int64)

    def _numbers(self, name: str, wanted: str, *, optional: bool) -> np.ndarray | None:
        value = self.held.get(name)
        if value is None:
            if not optional:
                self.problems.append(f"{self.prefix}{name}: not there; expected {wanted}")
            return None
        if isinstance(value, list) and all(isinstance(item, int | float) for item in value):
            value = np.array([float(item) for item in value])
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            self.problems.append(f"{self.prefix}{name}: {kind(value)}; expected {wanted}")
            return None
        return value

    def _clean(self, name: str, value: np.ndarray) -> Float[np.ndarray, "..."]:
        clean = value.astype(np.float64)
        clean[~np.isfinite(clean)] = np.nan
        if np.nanmax(np.abs(clean), initial=0.0) > MAX_VALUE:
            most = np.nanmax(np.abs(clean))
            self.problems.append(
                f"{self.prefix}{name}: values up to {most:.3g}; expected metres and radians"
            )
            clean[:] = np.nan
        return clean

    def body(
        self,
        family: Family,
        pose: Mapping[str, int],
        translation: str,
        betas: str,
        *,
        betas_optional: bool = False,
    ) -> Parameters:
        """The parameters of a body, checked together with all fields read before.

        `pose` gives the names of the arrays of axis-angles and their columns; the root and the 21
        joints of the body come first, and the rest is dropped.
        """
        parts = [self.array(name, columns) for name, columns in pose.items()]
        translations_m = self.array(translation, 3)
        shape = self.vector(betas, optional=betas_optional)
        self.check()
        rotvecs_rad = np.concatenate(parts, axis=1)
        return Parameters(
            root_rotvecs_rad=rotvecs_rad[:, :3],
            translations_m=translations_m,
            body_rotvecs_rad=rotvecs_rad[:, 3:66],
            betas=shape,
            family=family,
        )

    def check(self) -> None:
        """Raises one `ValueError` with all problems, differing frame counts among them."""
        if len(set(self.counts.values())) > 1:
            counts = ", ".join(f"{name} {count}" for name, count in self.counts.items())
            self.problems.append(f"{self.prefix}frame counts differ: {counts}")
        elif not self.problems and self.counts and not self.frames:
            self.problems.append("no frames: expected at least one")
        if self.problems:
            refuse(self.path, self.problems, self.what)


def by_number(path: Path, people: Mapping[Any, Any], what: str) -> list[tuple[int, Any]]:
    """The people of a file with their own numbers, in order; the keys are the numbers, or text.

    >>> by_number(Path("results.pkl"), {"3": "Ann", 1: "Bob"}, "results")
    [(1, 'Bob'), (3, 'Ann')]
    """
    numbered: dict[int, Any] = {}
    for key, person in people.items():
        text = str(key)
        if isinstance(key, bool) or not re.fullmatch(r"\d{1,9}", text):
            refuse(path, [f"person {text[:40]!r}: expected a whole number"], what)
        if int(text) in numbered:
            refuse(path, [f"people: two are number {int(text)}"], what)
        numbered[int(text)] = person
    return sorted(numbered.items())


def refuse(path: Path, problems: list[str], what: str) -> NoReturn:
    """Raises one `ValueError` that names the file, every problem, the expected content, the cure.

    >>> refuse(Path("a.pkl"), ["trans: not there"], "a walk")
    Traceback (most recent call last):
    ...
    ValueError: a.pkl: expected a walk.
      - trans: not there
    Write it again with the tool that made it, or copy it again.
    """
    cure = "Write it again with the tool that made it, or copy it again"
    border.refuse(path, problems, expected=what, cure=cure)


def kind(value: Any) -> str:
    """A short description of a value's type.

    >>> kind(np.zeros((3, 2))), kind({"a": 1}), kind("x")
    ('array (3, 2) of float64', 'a dictionary of a', 'a str')
    """
    if isinstance(value, np.ndarray):
        return f"array {value.shape} of {value.dtype}"
    if isinstance(value, dict):
        names = ", ".join(str(name)[:40] for name in list(value)[:8])
        return f"a dictionary of {names or 'nothing'}{' ...' if len(value) > 8 else ''}"
    return f"a {type(value).__name__}"


@dataclass(frozen=True, kw_only=True)
class Cameras:
    """The camera of a whole video, one pose per frame; camera axes are OpenCV's."""

    orientations_wxyz: Float[np.ndarray, "frames 4"]
    positions_m: Float[np.ndarray, "frames 3"]


def cameras_from_world(
    rotations: Float[np.ndarray, "frames 3 3"], translations_m: Float[np.ndarray, "frames 3"]
) -> Cameras:
    """Camera poses from extrinsics, which map world points to camera points: `R @ point + t`.

    >>> back = np.array([[0.0, 0.0, 3.0]])
    >>> cameras_from_world(np.eye(3)[None], back).positions_m + 0.0
    array([[ 0.,  0., -3.]])
    """
    return cameras_in_world(
        rotations.swapaxes(1, 2), -np.einsum("fji,fj->fi", rotations, translations_m)
    )


def cameras_in_world(
    rotations: Float[np.ndarray, "frames 3 3"], positions_m: Float[np.ndarray, "frames 3"]
) -> Cameras:
    """Camera poses from rotations of camera axes into the world, and positions in it.

    >>> cameras_in_world(np.eye(3)[None], np.zeros((1, 3))).orientations_wxyz
    array([[1., 0., 0., 0.]])
    """
    proper = np.where(are_rotations(rotations)[:, None, None], rotations, np.nan)
    return Cameras(orientations_wxyz=quaternions(proper), positions_m=positions_m)


def motion(
    placed: Placed,
    *,
    source: Source,
    fps: float,
    frames: Int[np.ndarray, " frames"] | None = None,
    observed: Bool[np.ndarray, " frames"] | None = None,
    cameras: Cameras | None = None,
) -> Motion:
    """A checked motion on the times of its video: frame k is at k / fps, gaps are unobserved.

    `frames` are the video's indices of the tracked frames, in any order. Frames that the cameras do
    not cover are unobserved. The notes of `placed` are added to those of `source`.

    >>> from kinematics.readers.smpl import Parameters, place
    >>> seen = place(Parameters(root_rotvecs_rad=np.zeros((2, 3)), translations_m=np.eye(3)[:2]))
    >>> gap = motion(seen, source=Source(), fps=10.0, frames=np.array([5, 8]))
    >>> gap.times_s.tolist(), gap.observed.tolist()
    ([0.5, 0.6, 0.7, 0.8], [True, False, False, True])
    """
    count, body = len(placed.positions_m), placed.body
    frames = np.arange(count) if frames is None else frames
    if not (np.isfinite(fps) and fps > 0):
        raise ValueError(f"{source.path}: fps {fps}; expected frames per second above 0")
    first, last = (int(frames.min()), int(frames.max())) if count else (0, -1)
    rows = frames - first

    def spread(values: np.ndarray) -> np.ndarray:
        wide = np.full((last - first + 1, *values.shape[1:]), np.nan, np.float32)
        wide[rows] = values
        return wide

    seen = np.zeros(last - first + 1, bool)
    seen[rows] = True if observed is None else observed
    if body is not None:
        body = replace(body, rotvecs_rad=np.nan_to_num(spread(np.asarray(body.rotvecs_rad))))
    camera_orientations, camera_positions = None, None
    if cameras is not None:
        camera_orientations, camera_positions = (
            _cut(values, first, last) for values in (cameras.orientations_wxyz, cameras.positions_m)
        )
    return Motion.from_arrays(
        orientations_wxyz=spread(placed.orientations_wxyz),
        positions_m=spread(placed.positions_m),
        times_s=np.arange(first, last + 1) / fps,
        observed=seen,
        joints_m=None if placed.joints_m is None else spread(placed.joints_m),
        skeleton=None if placed.joints_m is None else BODY_SKELETON,
        camera_orientations_wxyz=camera_orientations,
        camera_positions_m=camera_positions,
        source=replace(source, notes=source.notes + placed.notes),
        body=body,
    )


def _cut(values: np.ndarray, first: int, last: int) -> np.ndarray:
    """The rows from the first to the last; NaN past the end."""
    cut = values[first : last + 1]
    wide = np.full((last - first + 1, values.shape[1]), np.nan, np.float32)
    wide[: len(cut)] = cut
    return wide
