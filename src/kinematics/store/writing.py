"""Packing motions into a new store, or into a new segment of an existing store, atomically.

A segment is written under a temporary name and flushed to the disk before `store.json`, replaced
atomically, lists it. A writer killed in between leaves an unlisted file, which the next append
overwrites. Writers hold a lock that the system releases when they die; readers need none.
"""

import fcntl
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
import numpy as np

from kinematics.motion import Motion
from kinematics.store.index import Index
from kinematics.store.layout import (
    ARRAY_BYTES,
    ARRAYS,
    CLIP_BYTES,
    MAGIC,
    MANIFEST,
    Kind,
    Segment,
    encode_manifest,
    padded,
    plan_of,
    recognise,
    segment_name,
)
from kinematics.store.reading import read
from kinematics.store.values import check_values

LOCK = "lock"
"""The file that an appending process locks; it is empty and never removed."""


Refused = Callable[[Motion, ValueError], None]
"""Called with a motion that cannot be packed, and the error."""


class _Packed(NamedTuple):
    """The bytes of one clip: arrays, source, and zeros up to the next clip's start."""

    kind: Kind
    source_bytes: int
    record: bytes


class _Rows:
    """The index of the segment being written."""

    def __init__(self) -> None:
        self.kinds: dict[Kind, int] = {}
        self.names: list[str] = []
        self.offsets: list[int] = [len(MAGIC)]
        self.columns: dict[str, list[float]] = {
            name: []
            for name in ("frames", "kind_numbers", "source_bytes", "checksums", "durations_s")
        }

    def add(self, motion: Motion, packed: _Packed) -> None:
        self.names.append(motion.source.clip)
        self.offsets.append(self.offsets[-1] + len(packed.record))
        values = {
            "frames": motion.frames,
            "kind_numbers": self.kinds.setdefault(packed.kind, len(self.kinds)),
            "source_bytes": packed.source_bytes,
            "checksums": zlib.crc32(packed.record),
            "durations_s": motion.duration_s,
        }
        for name, value in values.items():
            self.columns[name].append(value)

    def encoded(self) -> bytes:
        columns = {
            name: np.array(values, "<f8" if name == "durations_s" else "<i8").tobytes()
            for name, values in self.columns.items()
        }
        offsets = np.array(self.offsets, "<i8").tobytes()
        return msgspec.msgpack.encode(
            Index(kinds=tuple(self.kinds), names=tuple(self.names), offsets=offsets, **columns)
        )


def _record(motion: Motion) -> _Packed:
    """A clip's bytes, and the values for the index."""
    arrays = {
        name: np.asarray(value) for name in ARRAYS if (value := getattr(motion, name)) is not None
    }
    dtypes = (arrays[n].dtype.newbyteorder("<").str if n in arrays else "" for n in ARRAYS)
    kind = Kind(tuple(dtypes), motion.skeleton)
    source = msgspec.msgpack.encode(motion.source)
    parts: list[bytes] = []
    for array in plan_of(kind):
        data = np.ascontiguousarray(arrays[array.name], array.dtype).tobytes()
        parts.append(data.ljust(padded(len(data), ARRAY_BYTES), b"\0"))
    record = b"".join([*parts, source])
    record = record.ljust(padded(len(record), CLIP_BYTES), b"\0")
    return _Packed(kind, len(source), record)


def _packable(
    motions: Iterable[Motion], refused: Refused | None
) -> Iterator[tuple[Motion, _Packed]]:
    """Each motion with its bytes; errors are passed to `refused`, or raised without it."""
    for motion in motions:
        try:
            check_values(motion)
            packed = _record(motion)
        except ValueError as error:
            cause = ValueError(f"clip {motion.source.clip!r} cannot be packed: {error}")
            if refused is None:
                raise cause from error
            refused(motion, cause)
        else:
            yield motion, packed


def _write_segment(
    file: BinaryIO, motions: Iterable[Motion], name: str, refused: Refused | None
) -> Segment:
    """Writes a whole segment to an open file and flushes it to the disk."""
    rows = _Rows()
    file.write(MAGIC)
    for motion, packed in _packable(motions, refused):
        file.write(packed.record)
        rows.add(motion, packed)
    index = rows.encoded()
    file.write(index)
    file.flush()
    os.fsync(file.fileno())
    return Segment(
        file=name,
        bytes=rows.offsets[-1] + len(index),
        clips=len(rows.names),
        index_bytes=len(index),
        index_checksum=zlib.crc32(index),
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Excludes other writers; the system releases the lock when the process ends."""
    with (folder / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(
                f"{folder}: another process is appending to this store; wait until it has finished"
            ) from error
        yield


def _flush_folder(folder: Path) -> None:
    """Flushes renames in a folder to the disk, so that they survive a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _append(
    motions: Iterable[Motion], folder: Path, listed: tuple[Segment, ...], refused: Refused | None
) -> int:
    """Writes and lists the next segment, unless it is empty; returns its number of clips."""
    name = segment_name(len(listed))
    partial, manifest = folder / f"{name}.partial", folder / f"{MANIFEST}.partial"
    try:
        with partial.open("wb") as file:
            segment = _write_segment(file, motions, name, refused)
        if segment.clips:
            partial.replace(folder / name)
            with manifest.open("wb") as file:
                file.write(encode_manifest((*listed, segment)))
                file.flush()
                os.fsync(file.fileno())
            _flush_folder(folder)
            manifest.replace(folder / MANIFEST)
            _flush_folder(folder)
        return segment.clips
    finally:
        partial.unlink(missing_ok=True)
        manifest.unlink(missing_ok=True)


def _create(motions: Iterable[Motion], path: Path, refused: Refused | None) -> int:
    """Writes a new store to a temporary folder beside its path, then renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    partial.mkdir()
    try:
        (partial / LOCK).touch()
        clips = _append(motions, partial, (), refused)
        if clips:
            try:
                partial.rename(path)
            except OSError as error:
                if not path.exists():
                    raise
                raise ValueError(f"{path}: made by another process in the meantime") from error
            _flush_folder(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return clips


def write(
    motions: Iterable[Motion],
    path: Path | str,
    *,
    append: bool = False,
    refused: Refused | None = None,
) -> int:
    """Packs motions into a new store, or appends them; returns the number of clips added.

    Writing is atomic, and equal motions give equal bytes. `append` creates a missing store. Without
    motions nothing is written. Raises `ValueError` if the path exists, if another process is
    appending, and on a motion that `Motion.from_arrays` would not have made, unless `refused` is
    given to receive it.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> motions = [performance.motion for performance in synthetic.corpus(2, joints=False)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(motions, Path(folder, "corpus")), write(
    ...         motions[:1], Path(folder, "corpus"), append=True
    ...     )
    ...     len(read(Path(folder, "corpus")))
    (2, 1)
    3
    """
    path = Path(path)
    if not path.exists():
        return _create(motions, path, refused)
    if not recognise(path):
        raise ValueError(f"{path}: exists and is not a store; choose another path")
    if not append:
        raise ValueError(
            f"{path}: a store of {len(read(path))} clips; choose another path, or append to it "
            "(append=True, --append)"
        )
    with _locked(path):
        return _append(motions, path, read(path).listed, refused)  # `read` refuses damaged stores
