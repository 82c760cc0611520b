"""One or more sound files of every format that is read; a format without them fails a test."""

import zlib
from collections.abc import Callable
from pathlib import Path

import _samples_bodies
import _samples_keypoints
import _samples_rigs
import msgspec
import numpy as np
from _walks import walk

from kinematics import store
from kinematics.motion import Motion
from kinematics.store import layout


def _native(folder: Path, frames: int) -> list[Path]:
    walk(frames).save(folder / "native.npz")
    with np.load(folder / "native.npz") as held:
        np.savez_compressed(folder / "compressed.npz", **held)
    return [folder / "native.npz", folder / "compressed.npz"]


def _motionx(folder: Path, frames: int) -> list[Path]:
    values = np.random.default_rng(0).normal(size=(frames, 322)).astype(np.float32)
    np.save(folder / "motionx.npy", values)
    np.savez(folder / "motionx.npz", motionx=values.astype(np.float64), fps=30.0)
    return [folder / "motionx.npy", folder / "motionx.npz"]


def _store(folder: Path, frames: int) -> list[Path]:
    path = folder / "corpus"
    motion = walk(frames)
    store.write([motion, motion.renamed(clip="b")], path)
    bare = Motion(**{name: getattr(motion, name) for name in layout.REQUIRED})
    store.write([bare], path, append=True)
    return [path]


def reseal(path: Path) -> None:
    """Makes sizes and checksums of a store's manifest fit its files again, as a forger would."""
    try:
        manifest = msgspec.json.decode((path / layout.MANIFEST).read_bytes(), type=layout.Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    segments = []
    for segment in manifest.segments:
        file = path / segment.file
        if segment.file not in map(layout.segment_name, range(9)) or not file.is_file():
            return
        data = file.read_bytes()
        size = max(1, min(segment.index_bytes, len(data)))
        segments.append(
            msgspec.structs.replace(
                segment,
                bytes=len(data),
                index_bytes=size,
                index_checksum=zlib.crc32(data[-size:]),
            )
        )
    (path / layout.MANIFEST).write_bytes(layout.encode_manifest(tuple(segments)))


KEYPOINTS = "2D keypoints"
"""Not a row of `readers.FORMATS`: tracks and not motions."""

STORE = "packed store"
"""Not a row of `readers.FORMATS`: it is opened, not read."""

SAMPLES: dict[str, Callable[[Path, int], list[Path]]] = {
    "native": _native,
    "Motion-X": _motionx,
    "BVH": _samples_rigs.bvh_files,
    "TUM": _samples_rigs.tum_files,
    "C3D": _samples_rigs.c3d_files,
    "TRC": _samples_rigs.trc_files,
    "AMASS": _samples_bodies.amass_files,
    "HumanML3D": _samples_bodies.humanml3d_files,
    "PromptHMR": _samples_bodies.prompthmr_files,
    "GVHMR": _samples_bodies.gvhmr_files,
    "WHAM": _samples_bodies.wham_files,
    "TRAM": _samples_bodies.tram_files,
    "EMDB": _samples_bodies.emdb_files,
    "RICH and EgoBody": _samples_bodies.rich_egobody_files,
    KEYPOINTS: _samples_keypoints.keypoint_files,
    STORE: _store,
}
"""By the name of the format: writes sound files of so many frames, or folders that are one, into a
folder, and gives their paths."""
