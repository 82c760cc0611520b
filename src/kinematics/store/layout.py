"""The format of a packed store on disk, and the checks that need no clip to be read."""

import json
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from kinematics.skeleton import POINTS, Skeleton

SCHEMA_VERSION = 1
"""Version of the store's layout; no other version is read."""

MANIFEST = "store.json"
"""The file that makes a folder a store."""

MAGIC = b"kinematics store segment 1\n".ljust(64, b"\0")
"""The first bytes of a segment."""

CLIP_BYTES = 64
"""Clips start at multiples of this, a cache line."""

ARRAY_BYTES = 8
"""Arrays start at multiples of this, the largest item size."""

MAX_MANIFEST_BYTES: int = 16 * 1024**2
"""Maximum size of a manifest: a hundred thousand appends."""

ARRAYS: dict[str, tuple[int, ...]] = {
    "times_s": (),
    "orientations_wxyz": (4,),
    "positions_m": (3,),
    "observed": (),
    "joints_m": (-1, 3),
    "camera_orientations_wxyz": (4,),
    "camera_positions_m": (3,),
}
"""The arrays of a clip in order, with the shape of one frame (-1: the skeleton's joints)."""

REQUIRED = ("times_s", "orientations_wxyz", "positions_m", "observed")
"""The arrays that every clip has."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Exceptions of msgspec on bytes that are not JSON or MessagePack of the expected type."""

CURE = "Restore it from a copy, or pack the motions again"


Size = TypeVar("Size", int, np.ndarray)


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest's entry of one segment; its index is at the end of the file."""

    file: str
    bytes: int
    clips: int
    index_bytes: int
    index_checksum: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The contents of `store.json`; the checksum is that of the segments' JSON."""

    schema_version: int
    checksum: int
    segments: tuple[Segment, ...]


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The common layout of several clips: the dtype of each of `ARRAYS` ("" if absent), joints."""

    dtypes: tuple[str, ...]
    skeleton: Skeleton | None


class ArrayPlan(NamedTuple):
    """One array of a kind of clip."""

    name: str
    dtype: np.dtype
    frame_shape: tuple[int, ...]
    frame_bytes: int


def recognise(path: Path | str) -> bool:
    """Whether a path is the folder of a store, damaged or not."""
    return Path(path, MANIFEST).is_file()


def find(folders: Iterable[Path | str]) -> list[Path]:
    """The stores among the folders and inside them at any depth, sorted, without hidden folders."""
    stores = set()
    for folder in map(Path, folders):
        for manifest in folder.rglob(MANIFEST):
            inside = manifest.parent.relative_to(folder).parts
            if manifest.is_file() and not any(part.startswith(".") for part in inside):
                stores.add(manifest.parent)
    return sorted(stores)


def segment_name(number: int) -> str:
    """The file name of a store's segment.

    >>> segment_name(3)
    'segment-00003.bin'
    """
    return f"segment-{number:05d}.bin"


def padded(size: Size, multiple: int) -> Size:
    """The size, or each of the sizes, rounded up.

    >>> padded(65, 64), padded(64, 64)
    (128, 64)
    """
    return -(-size // multiple) * multiple


def plan_of(kind: Kind) -> tuple[ArrayPlan, ...]:
    """The arrays of a kind of clip in order; raises `ValueError` on an impossible kind.

    >>> plan = plan_of(Kind(("<f8", "<f4", "<f4", "|b1", "", "", ""), None))
    >>> [array.frame_bytes for array in plan]
    [8, 16, 12, 1]
    """
    if len(kind.dtypes) != len(ARRAYS):
        raise ValueError(f"{len(kind.dtypes)} dtypes; expected {len(ARRAYS)}")
    plan = []
    joints = 0 if kind.skeleton is None else len(kind.skeleton.joints)
    for (name, tail), dtype in zip(ARRAYS.items(), kind.dtypes, strict=True):
        expected = ("|b1",) if name == "observed" else ("<f4", "<f8")
        if name not in REQUIRED:
            expected = (*expected, "")
        if dtype not in expected:
            raise ValueError(f"{name} of dtype {dtype!r}; expected one of {', '.join(expected)}")
        if dtype:
            shape = tuple(joints if size < 0 else size for size in tail)
            item = np.dtype(dtype)
            plan.append(ArrayPlan(name, item, shape, item.itemsize * int(np.prod(shape))))
    present = {array.name for array in plan}
    if (kind.skeleton is not None) != ("joints_m" in present):
        raise ValueError("joints without a skeleton, or a skeleton without joints")
    if len(present & {"camera_orientations_wxyz", "camera_positions_m"}) == 1:
        raise ValueError("half of a camera")
    if kind.skeleton is not None and (
        len(kind.skeleton.points) != len(POINTS)
        or any(not 0 <= i < joints for point in kind.skeleton.points for i in point)
    ):
        raise ValueError(f"skeleton {kind.skeleton.name!r} does not map its {joints} joints")
    return tuple(plan)


def encode_manifest(segments: tuple[Segment, ...]) -> bytes:
    """The bytes of `store.json`.

    >>> encode_manifest(())
    b'{"schema_version":1,"checksum":223132457,"segments":[]}\\n'
    """
    checksum = zlib.crc32(msgspec.json.encode(segments))
    manifest = Manifest(schema_version=SCHEMA_VERSION, checksum=checksum, segments=segments)
    return msgspec.json.encode(manifest) + b"\n"


def read_manifest(folder: Path) -> Manifest:
    """A store's manifest, checked without its segments; raises `ValueError`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, MANIFEST).write_bytes(encode_manifest(()))
    ...     read_manifest(Path(folder)).segments
    ()
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ValueError(
            f"{folder}: no {MANIFEST} in it; expected a store written by `kinematics pack`"
        )
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise ValueError(f"{path}: more than {MAX_MANIFEST_BYTES:,} bytes. {CURE}")
    text = path.read_bytes()
    version = re.match(rb'\{"schema_version":(\d{1,9}),', text)
    if version and int(version[1]) != SCHEMA_VERSION:
        raise ValueError(
            f"{path}: store of schema version {int(version[1])}, expected {SCHEMA_VERSION}: read "
            "it with the release that wrote it, or pack the motions again"
        )
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except UNREADABLE as error:
        raise ValueError(f"{path}: damaged ({error}). {CURE}") from error
    if text != encode_manifest(manifest.segments):
        raise ValueError(f"{path}: altered or damaged: its checksum does not match. {CURE}")
    for number, segment in enumerate(manifest.segments):
        room = segment.bytes - len(MAGIC)
        if segment.file != segment_name(number) or not 0 < segment.index_bytes <= room:
            raise ValueError(
                f"{path}: segment {number} is {json.dumps(segment.file)} with an index of "
                f"{segment.index_bytes:,} of {segment.bytes:,} bytes. {CURE}"
            )
        if not 0 < segment.clips <= segment.bytes // CLIP_BYTES:
            raise ValueError(
                f"{path}: {segment.clips} clips in {segment.bytes:,} bytes of {segment.file}; "
                f"expected at least {CLIP_BYTES} bytes a clip. {CURE}"
            )
    return manifest
