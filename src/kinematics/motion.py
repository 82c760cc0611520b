"""`Motion` and `AnchoredMotion`: one person's track in the world and in a frame of reference."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import equinox as eqx
import msgspec
import numpy as np
from jaxtyping import Array, Bool, Float

from kinematics.checks import checked_track
from kinematics.facts import Frame
from kinematics.files import write_npz
from kinematics.skeleton import Skeleton

SCHEMA_VERSION = 1
"""Version of the layout of `Motion.save`; readers reject all others."""

ARRAYS = ("orientations_wxyz", "positions_m", "times_s", "observed")
"""The arrays of every motion, in the order in which they are saved."""

OPTIONAL_ARRAYS = ("joints_m", "camera_orientations_wxyz", "camera_positions_m")
"""The optional arrays of a motion."""

SAVED_HEADER = "motion_json"
"""The name of the `SavedHeader` in a saved motion: JSON in a byte array."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The origin of a motion: identity only, no measurements."""

    clip: str = "clip"
    take: str = ""
    person: int = 0
    path: str = ""
    shared_world: bool = False
    notes: tuple[str, ...] = ()


class SavedHeader(msgspec.Struct, kw_only=True):
    """The metadata of a saved motion."""

    schema_version: int
    skeleton: Skeleton | None
    source: Source


class BodyPose(eqx.Module):
    """The input of a body model, beside a root's track, to show the surface of a body.

    Readers provide it if they are given a model file and the motion file contains a pose. It is
    neither measured nor saved, and functions that change a motion do not change it.
    """

    rotvecs_rad: Float[Array | np.ndarray, "frames limbs 3"]
    """Axis-angles of the joints after the root, each relative to its parent; zero where unknown."""
    betas: Float[Array | np.ndarray, " betas"]
    """The shape's parameters."""
    model: str = eqx.field(static=True)
    """The path of the model file."""


class Motion(eqx.Module):
    """One person's track in the world of its file: right-handed, Y up, metres, seconds.

    `orientations_wxyz` turn body coordinates (+X the subject's left, +Y up, +Z ahead) into world
    coordinates. Unseen frames have a finite filler value and `observed=False`. Build motions with
    `Motion.from_arrays`, which checks everything; the constructor checks nothing, because JAX's
    transformations call it too.
    """

    orientations_wxyz: Float[Array | np.ndarray, "frames 4"]
    positions_m: Float[Array | np.ndarray, "frames 3"]
    times_s: Float[Array | np.ndarray, " frames"]
    observed: Bool[Array | np.ndarray, " frames"]
    joints_m: Float[Array | np.ndarray, "frames joints 3"] | None = None
    camera_orientations_wxyz: Float[Array | np.ndarray, "frames 4"] | None = None
    camera_positions_m: Float[Array | np.ndarray, "frames 3"] | None = None
    skeleton: Skeleton | None = eqx.field(default=None, static=True)
    source: Source = eqx.field(default=Source(), static=True)
    body: BodyPose | None = None

    @classmethod
    def from_arrays(
        cls,
        *,
        orientations_wxyz: np.ndarray,
        positions_m: np.ndarray,
        times_s: np.ndarray | None = None,
        fps: float | None = None,
        observed: np.ndarray | None = None,
        joints_m: np.ndarray | None = None,
        camera_orientations_wxyz: np.ndarray | None = None,
        camera_positions_m: np.ndarray | None = None,
        skeleton: Skeleton | None = None,
        source: Source | None = None,
        body: BodyPose | None = None,
    ) -> "Motion":
        """A checked, immutable motion; one `ValueError` names all problems.

        Frames with a non-finite value or a zero quaternion become unobserved; other invalid input
        is an error. Float64 input stays float64, other dtypes become float32. Cameras follow OpenCV
        (+X right in the image, +Y down, +Z into the scene); `camera_orientations_wxyz` turn camera
        coordinates into world coordinates.

        >>> still = Motion.from_arrays(
        ...     orientations_wxyz=np.tile([1.0, 0, 0, 0], (30, 1)),
        ...     positions_m=np.zeros((30, 3)),
        ...     fps=30.0,
        ... )
        >>> still.frames, round(still.duration_s, 3)
        (30, 0.967)
        """
        source = source or Source()
        arrays = checked_track(
            where=source.path or source.clip,
            orientations_wxyz=orientations_wxyz,
            positions_m=positions_m,
            times_s=times_s,
            fps=fps,
            observed=observed,
            joints_m=joints_m,
            joint_names=None if skeleton is None else skeleton.joints,
            camera_orientations_wxyz=camera_orientations_wxyz,
            camera_positions_m=camera_positions_m,
        )
        return cls(**arrays, skeleton=skeleton, source=source, body=body)  # type: ignore[arg-type]

    def save(self, path: Path | str) -> None:
        """Saves the motion losslessly and atomically as an `.npz` for `readers.read`.

        Equal motions give equal bytes.

        >>> import tempfile
        >>> still = Motion.from_arrays(
        ...     orientations_wxyz=np.tile([1.0, 0, 0, 0], (30, 1)),
        ...     positions_m=np.zeros((30, 3)),
        ...     fps=30.0,
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     still.save(Path(folder, "still.npz"))
        ...     np.load(Path(folder, "still.npz"))["positions_m"].shape
        (30, 3)
        """
        header = SavedHeader(
            schema_version=SCHEMA_VERSION, skeleton=self.skeleton, source=self.source
        )
        arrays = {SAVED_HEADER: np.frombuffer(msgspec.json.encode(header), np.uint8)}
        for name in (*ARRAYS, *OPTIONAL_ARRAYS):
            value = getattr(self, name)
            if value is not None:
                arrays[name] = np.ascontiguousarray(value)
        write_npz(Path(path), arrays)

    @property
    def frames(self) -> int:
        """Number of frames, observed or not."""
        return int(self.times_s.shape[0])

    @property
    def duration_s(self) -> float:
        """Time from the first frame to the last."""
        return float(self.times_s[-1] - self.times_s[0])

    @property
    def fps(self) -> float:
        """Frames per second: one over the median time between frames; 0 for a single frame."""
        if self.frames < 2:
            return 0.0
        steps_s = np.diff(np.asarray(self.times_s, dtype=np.float64))
        return float(1 / np.quantile(steps_s, 0.5, method="lower"))  # as in `resample`

    def between(self, start_s: float, end_s: float) -> "Motion":
        """The frames from `start_s` up to, not including, `end_s`, in seconds from the first frame.

        Raises `ValueError` if there are none.

        >>> still = Motion.from_arrays(
        ...     orientations_wxyz=np.tile([1.0, 0, 0, 0], (30, 1)),
        ...     positions_m=np.zeros((30, 3)),
        ...     fps=30.0,
        ... )
        >>> still.between(0.5, 2.0).frames
        15
        """
        since_s = np.asarray(self.times_s, dtype=np.float64) - float(self.times_s[0]) + 1e-9
        inside = np.flatnonzero((since_s >= start_s) & (since_s < end_s))
        if not len(inside):
            raise ValueError(
                f"{self.source.clip}: no frame from {start_s} s to {end_s} s; expected times "
                f"between 0 and {self.duration_s:.3f} s, the earlier first"
            )
        rows = slice(inside[0], inside[-1] + 1)
        arrays = {name: getattr(self, name) for name in (*ARRAYS, *OPTIONAL_ARRAYS)}
        cut = {name: array[rows] for name, array in arrays.items() if array is not None}
        body = self.body
        if body is not None:
            body = replace(body, rotvecs_rad=body.rotvecs_rad[rows])
        return replace(self, **cut, body=body)

    def renamed(self, **identity: str | int | bool | tuple[str, ...]) -> "Motion":
        """The same track with changed fields of its `Source` (`clip="b"`, `person=1`)."""
        return replace(self, source=replace(self.source, **identity))  # type: ignore[arg-type]


def assembled(fields: dict[str, Any]) -> Motion:
    """A motion of the given fields, which have to be checked and complete.

    Sets the fields without the constructor, as JAX does after a transformation. The constructor of
    an `eqx.Module` handles each field in Python, which takes twenty times as long: too long for
    clips that are read from a store in a few microseconds.

    >>> still = Motion(np.ones((1, 4)), np.zeros((1, 3)), np.zeros(1), np.ones(1, bool))
    >>> assembled(vars(still)).frames
    1
    """
    motion = object.__new__(Motion)
    motion.__dict__.update(fields)
    return motion


class AnchoredMotion(eqx.Module):
    """A track expressed in one frame of reference (see `kinematics.geometry.anchor`).

    The axes are the reference's: +X its left, +Y up, +Z its forward. In the `body` frame
    `positions_m` is the path summed along the subject's own changing axes; in all others it is the
    root's position relative to the origin.
    """

    orientations_wxyz: Float[Array | np.ndarray, "frames 4"]
    positions_m: Float[Array | np.ndarray, "frames 3"]
    times_s: Float[Array | np.ndarray, " frames"]
    observed: Bool[Array | np.ndarray, " frames"]
    joints_m: Float[Array | np.ndarray, "frames joints 3"] | None = None
    skeleton: Skeleton | None = eqx.field(default=None, static=True)
    frame: Frame = eqx.field(default="first_heading", static=True)
