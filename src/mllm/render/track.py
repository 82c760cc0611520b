"""`CameraTrack`: the file beside a video with its camera's poses and its cast."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy.spatial.transform import Rotation, Slerp

from kinematics import output
from kinematics.motion import Motion
from mllm.render.camera import Lens, Poses

SCHEMA_VERSION = 1

LARGEST_FILE = 1 << 28
"""Largest size in bytes; an hour of video takes a twentieth of it."""

Three = tuple[float, float, float]
Four = tuple[float, float, float, float]


class Filmed(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a video."""

    clip: str
    person: int
    words: str
    """A description that distinguishes the person from the others."""


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A static thing in a video."""

    words: str
    position_m: Three


class CameraTrack(msgspec.Struct, frozen=True, kw_only=True):
    """Camera and cast of a video, in the coordinates and times of the motion's file.

    Cameras follow OpenCV (+X right in the picture, +Y down, +Z into the scene);
    `orientations_wxyz` turn camera coordinates into world coordinates. Whole pixel coordinates are
    pixel centres.
    """

    schema_version: Literal[1] = 1
    video: str
    camera: str
    seed: int
    size_px: Annotated[int, Meta(gt=0)]
    focal_px: Annotated[float, Meta(gt=0)]
    centre_px: float
    fps: Annotated[float, Meta(gt=0)]
    floor_m: float
    people: tuple[Filmed, ...]
    things: tuple[Thing, ...]
    recipe: str
    """Fingerprint of motions and options, to recognise a finished video."""
    times_s: tuple[float, ...]
    positions_m: tuple[Three, ...]
    orientations_wxyz: tuple[Four, ...]

    @property
    def lens(self) -> Lens:
        """The lens of the camera."""
        return Lens(self.size_px, self.focal_px)

    @property
    def poses(self) -> Poses:
        """The poses of the camera, frame by frame."""
        turns = Rotation.from_quat(np.array(self.orientations_wxyz), scalar_first=True)
        return Poses(np.array(self.positions_m), turns.as_matrix())


def write(path: Path, track: CameraTrack) -> None:
    """Writes a track as JSON, atomically; equal tracks give equal bytes."""
    output.write_bytes(path, msgspec.json.encode(track) + b"\n")


def read(path: Path) -> CameraTrack:
    """Reads a track from `write`; a `ValueError` names the file and its problems."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise ValueError(f"{path}: {size} bytes; a camera track has at most {LARGEST_FILE}")
    try:
        track = msgspec.json.decode(path.read_bytes(), type=CameraTrack)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: not a camera track of schema version {SCHEMA_VERSION} ({error}); "
            "render the video again"
        ) from error
    problems = _problems(track)
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise ValueError(f"{path}: not a camera track; render the video again.\n{listed}")
    return track


def _problems(track: CameraTrack) -> list[str]:
    problems = []
    counts = {
        name: len(getattr(track, name)) for name in ("times_s", "positions_m", "orientations_wxyz")
    }
    if len(set(counts.values())) > 1 or not counts["times_s"]:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        problems.append(f"frame counts: {listed}; expected equal numbers, at least one")
    if (np.diff(track.times_s) <= 0).any():
        problems.append("times_s: not ascending")
    lengths = np.linalg.norm(np.array(track.orientations_wxyz).reshape(-1, 4), axis=1)
    if (np.abs(lengths - 1) > 1e-3).any():
        problems.append("orientations_wxyz: not unit quaternions")
    return problems


def attach(motion: Motion, track: CameraTrack) -> Motion:
    """The motion with the camera's poses at its own times, as needed by `anchor.to_camera`.

    Poses are interpolated between frames of the video, and constant before and after them.

    >>> from kinematics import synthetic
    >>> from mllm.render.film import film
    >>> from mllm.render.folder import told
    >>> motion = synthetic.perform(synthetic.walk(1.0)).motion
    >>> filmed = attach(motion, told(film([motion], camera="orbit")))
    >>> filmed.camera_positions_m.shape == (motion.frames, 3)
    True
    """
    known_s = np.array(track.times_s)
    times_s = np.asarray(motion.times_s, np.float64).clip(known_s[0], known_s[-1])
    turns = Rotation.from_quat(np.array(track.orientations_wxyz), scalar_first=True)
    if len(known_s) > 1:
        between = Slerp(known_s, turns)(times_s)
    else:
        between = Rotation.concatenate([turns] * motion.frames)
    axes = zip(*track.positions_m, strict=True)
    camera_m = np.stack([np.interp(times_s, known_s, axis) for axis in axes], axis=1)
    dtype = np.asarray(motion.positions_m).dtype
    return Motion.from_arrays(
        orientations_wxyz=np.asarray(motion.orientations_wxyz),
        positions_m=np.asarray(motion.positions_m),
        times_s=np.asarray(motion.times_s),
        observed=np.asarray(motion.observed),
        joints_m=None if motion.joints_m is None else np.asarray(motion.joints_m),
        camera_orientations_wxyz=between.as_quat(scalar_first=True).astype(dtype),
        camera_positions_m=camera_m.astype(dtype),
        skeleton=motion.skeleton,
        source=motion.source,
    )
