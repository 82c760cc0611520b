"""Samples of rigs, trajectories and markers."""

import struct
from pathlib import Path

import numpy as np
from _walks import walk
from scipy.spatial.transform import Rotation

from kinematics.motion import Motion
from kinematics.readers import bvh_write, tum

RATE_HZ = 20.0
MARKERS = {
    "LASI": (0.12, 0.08), "RASI": (-0.12, 0.08), "LPSI": (0.05, -0.08), "RPSI": (-0.05, -0.08),
}  # fmt: skip
"""Metres to the left and ahead of the pelvis."""

Z_UP_MM = 1000 * np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def bvh_files(folder: Path, frames: int) -> list[Path]:
    """One as it is written here, and one with Z up, in centimetres and other channel orders."""
    bvh_write.write(walk(frames), folder / "ours.bvh")
    text = (folder / "ours.bvh").read_text().replace("Zrotation Xrotation", "Xrotation Zrotation")
    (folder / "other.bvh").write_text(text.replace("\n", "\r\n"))
    return [folder / "ours.bvh", folder / "other.bvh"]


def tum_files(folder: Path, frames: int) -> list[Path]:
    """A body's track, and a camera's without comments."""
    tum.write(walk(frames), folder / "body.tum")
    tum.write(walk(frames), folder / "camera.tum", pose_of="camera", up="z")
    rows = (folder / "camera.tum").read_text().splitlines(keepends=True)
    (folder / "camera.txt").write_text("".join(row for row in rows if not row.startswith("#")))
    return [folder / "body.tum", folder / "camera.txt"]


def _places(motion: Motion) -> np.ndarray:
    """Four markers on the pelvis and two on the knees in millimetres, Z up, one of them lost."""
    body = Rotation.from_quat(np.array(motion.orientations_wxyz), scalar_first=True)
    root, joints = np.array(motion.positions_m), np.array(motion.joints_m)
    found = [root + body.apply([left, 0.0, ahead]) for left, ahead in MARKERS.values()]
    places = np.stack([*found, joints[:, 4], joints[:, 5]], axis=1) @ Z_UP_MM.T
    places[5, 4] = np.nan
    return places


NAMES = [*MARKERS, "LKNE", "RKNE"]


def trc_files(folder: Path, frames: int) -> list[Path]:
    """Markers as text."""
    places = _places(walk(frames))
    rate, count = f"{RATE_HZ:g}", len(NAMES)
    lines = [
        "PathFileType\t4\t(X/Y/Z)\ttake.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
        "OrigNumFrames",
        f"{rate}\t{rate}\t{frames}\t{count}\tmm\t{rate}\t1\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(NAMES) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i}" for i in range(1, count + 1) for axis in "XYZ"),
        "",
    ]
    for index, row in enumerate(places):
        cells = ["" if np.isnan(value) else f"{value:.4f}" for value in row.ravel()]
        lines.append("\t".join([str(index + 1), f"{index / RATE_HZ:.4f}", *cells]))
    (folder / "take.trc").write_text("\n".join(lines) + "\n")
    return [folder / "take.trc"]


def _parameter(name: str, body: bytes) -> bytes:
    head = struct.pack("bb", len(name), 1) + name.encode()
    return head + struct.pack("<h", 3 + len(body)) + body + b"\0"


def _words(words: list[str]) -> bytes:
    return struct.pack("bBBB", -1, 2, 4, len(words)) + "".join(words).ljust(4).encode()


def _c3d(places: np.ndarray, *, scale: float) -> bytes:
    """A C3D file of an Intel processor; a negative scale means floats."""
    frames, points = places.shape[:2]
    parameters = struct.pack("bb", 5, -1) + b"POINT" + struct.pack("<h", 3) + b"\0"
    for name, body in (
        ("LABELS", _words(NAMES)),
        ("UNITS", _words(["mm"])),
        ("SCALE", struct.pack("<bBf", 4, 0, scale)),
        ("RATE", struct.pack("<bBf", 4, 0, RATE_HZ)),
        ("USED", struct.pack("<bBH", 2, 0, points)),
        ("FRAMES", struct.pack("<bBH", 2, 0, frames)),
    ):
        parameters += _parameter(name, body)
    parameters = struct.pack("BBBB", 1, 0x50, 1, 84) + parameters + b"\0\0"
    header = struct.pack("<BB5HfHHf", 2, 0x50, points, 0, 1, frames, 10, scale, 3, 0, RATE_HZ)
    seen = np.isfinite(places).all(axis=2)
    values = np.zeros((frames, points, 4))
    values[:, :, :3] = np.where(seen[:, :, None], places, 0) / (1 if scale < 0 else scale)
    values[:, :, 3] = np.where(seen, 0, -1)
    data = values.astype("<f4" if scale < 0 else "<i2").tobytes()
    return header.ljust(512, b"\0") + parameters.ljust(512, b"\0") + data


def c3d_files(folder: Path, frames: int) -> list[Path]:
    """Floats and integers."""
    places = _places(walk(frames))
    (folder / "floats.c3d").write_bytes(_c3d(places, scale=-1.0))
    (folder / "integers.c3d").write_bytes(_c3d(places, scale=0.2))
    return [folder / "floats.c3d", folder / "integers.c3d"]
