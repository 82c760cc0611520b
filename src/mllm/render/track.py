"""`CameraTrack`: the file beside a video that says where its camera was and who is in it."""

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
"""Bytes; larger files are not opened. An hour of video has a twentieth of that."""

Three = tuple[float, float, float]
Four = tuple[float, float, float, float]


class Filmed(msgspec.Struct, frozen=True, kw_only=True):
    """A person of a video."""

    clip: str
    person: int
    words: str
    """By which a sentence can tell the person from the others."""


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands still in a video."""

    words: str
    position_m: Three


class CameraTrack(msgspec.Struct, frozen=True, kw_only=True):
    """Camera and cast of a video; positions and times are those of the filmed motion's file.

    Cameras follow OpenCV (+X right in the picture, +Y down, +Z into the scene);
    `orientations_wxyz` turn camera coordinates into world coordinates. Whole pixel numbers are the
    middles of pixels.
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
    """Fingerprint of the motions and options, by which a finished video is known."""
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
    """Writes a track as JSON, whole or not at all; equal tracks give equal bytes."""
    output.write_bytes(path, msgspec.json.encode(track) + b"\n")


def read(path: Path) -> CameraTrack:
    """The track that `write` wrote; a `ValueError` names the file and what is wrong with it."""
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
        problems.append("times_s: not rising")
    lengths = np.linalg.norm(np.array(track.orientations_wxyz).reshape(-1, 4), axis=1)
    if (np.abs(lengths - 1) > 1e-3).any():
        problems.append("orientations_wxyz: not all of length one")
    return problems


def attach(motion: Motion, track: CameraTrack) -> Motion:
    """The motion with the camera's poses at its own times, as `anchor.to_camera` needs them.

    Between frames of the video the camera moves evenly; before and after them it stands still.

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
    places = np.array(track.positions_m)
    turns = Rotation.from_quat(np.array(track.orientations_wxyz), scalar_first=True)
    if len(known_s) > 1:
        between = Slerp(known_s, turns)(times_s)
    else:
        between = Rotation.concatenate([turns] * motion.frames)
    camera_m = np.stack([np.interp(times_s, known_s, axis) for axis in places.T], axis=1)
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
