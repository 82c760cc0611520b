"""Files that hold pickles: `.pkl` of Python or joblib, `.pt` of torch, `.npy` of objects.

`load` returns the contents as plain Python containers and read-only NumPy arrays, and runs no code
of the file (see `unpickle`). Neither torch nor joblib is imported.

The layouts are those of torch.save (the archive since 1.6 and the older stream of pickles),
joblib.dump (uncompressed, zlib or gzip) and numpy.save with a dictionary.
"""

import mmap
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from kinematics.readers.archives import bounded, header
from kinematics.readers.plain_classes import RefusedError, Storage, StorageType
from kinematics.readers.unpickle import Persistent, Unpickled, run

MAX_BYTES: int = 4 * 1024**3
"""Maximum bytes of one file; results with masks reach gigabytes, of which little is read."""

MAX_UNPACKED_BYTES: int = 512 * 1024**2
"""Maximum bytes of a compressed file when unpacked."""

SUFFIXES: tuple[str, ...] = (".pkl", ".pickle", ".pt", ".pth")
"""Suffixes of files that are read as pickles, independent of their first bytes."""

Data = bytes | memoryview | mmap.mmap

_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_TORCH_PROTOCOL = 1001
_COMPRESSED = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")
_OTHER_COMPRESSED = (b"BZh", b"\xfd7zXZ", b"\x5d\x00", b"ZF")
_CURE = "expected a file of plain arrays. Write or copy it again"


def _objects_follow(file: Any) -> bool:
    """Whether an `.npy` file holds Python objects; leaves `file` behind the header."""
    return bool(header(file).dtype.hasobject)


def recognise(path: Path | str) -> bool:
    """Whether a file has to be unpickled."""
    path = Path(path)
    if path.is_dir():
        return False
    with bounded(path) as file:
        start = file.read(6)
        file.seek(0)
        if start == np.lib.format.MAGIC_PREFIX:
            try:
                return _objects_follow(file)
            except ValueError:
                return False  # the readers of arrays explain the damage
        if start.startswith(b"PK"):
            try:
                return path.suffix.lower() not in (".npz", ".zip") and zipfile.is_zipfile(file)
            except zipfile.BadZipFile:
                return True  # `load` explains the damage
    pickle = len(start) > 1 and start[0] == 0x80 and 2 <= start[1] <= 5
    return pickle or path.suffix.lower() in SUFFIXES


def load(path: Path | str) -> Any:
    """The contents of a pickled file, as plain containers and read-only arrays.

    Raises `ValueError`, which names the file, on damage and on any reference that could run code.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.pkl").write_bytes(pickle.dumps({"fps": 30}))
    ...     load(Path(folder, "a.pkl"))
    {'fps': 30}
    """
    path = Path(path)
    with bounded(path) as file, _naming(path):
        size = path.stat().st_size
        if not 0 < size <= MAX_BYTES:
            raise RefusedError(f"{size:,} bytes; expected up to {MAX_BYTES:,}")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        start = data[:6]
        if start == np.lib.format.MAGIC_PREFIX:
            if not _objects_follow(file):
                raise RefusedError("an array of numbers; expected pickled objects")
            value = _whole(data, file.tell())
            return value.item() if isinstance(value, np.ndarray) and value.shape == () else value
        if start.startswith(b"PK"):
            return _torch_archive(file)
        if start.startswith(_COMPRESSED):
            return _whole(_unpacked(data), 0)
        if start.startswith(_OTHER_COMPRESSED):
            raise RefusedError("unsupported compression; save it with zlib or gzip")
        return _whole(data, 0)


def holds(path: Path | str, *keys: str) -> bool:
    """Whether a file is a pickled dictionary that has all of these keys.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.pkl").write_bytes(pickle.dumps({"fps": 30}))
    ...     holds(Path(folder, "a.pkl"), "fps"), holds(Path(folder, "a.pkl"), "fps", "poses")
    (True, False)
    """
    held = load(path) if recognise(path) else None
    return isinstance(held, dict) and set(held) >= set(keys)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turns any exception that a damaged file causes into one `ValueError` that names the file."""
    try:
        yield
    except RefusedError as error:
        raise ValueError(f"{path}: {error}") from error
    except MemoryError:
        raise
    except Exception as error:  # NumPy, zipfile and zlib raise many types on damaged files
        raise ValueError(f"{path}: damaged ({error}); {_CURE}") from error


def _run(data: Data, *, start: int = 0, persistent: Persistent | None = None) -> Unpickled:
    """The value of a pickle; its tensors may embed torch files, which are pickles too."""
    return run(data, start=start, persistent=persistent, torch_file=storage_of)


def _whole(data: Data, start: int) -> Any:
    """The value of a pickle, or of torch's stream of several pickles."""
    first = _run(data, start=start)
    if type(first.value) is int and first.value == _TORCH_MAGIC:
        return _torch_stream(data, first.end)
    return first.value


def _unpacked(data: mmap.mmap) -> bytes:
    worker = zlib.decompressobj(wbits=47)  # zlib or gzip, according to the header
    unpacked = worker.decompress(data, MAX_UNPACKED_BYTES)
    if worker.unconsumed_tail:
        raise RefusedError(
            f"{len(data):,} bytes unpack to more than {MAX_UNPACKED_BYTES:,}; save it uncompressed"
        )
    if not worker.eof:
        raise RefusedError("the file was cut short; write or copy it again")
    return unpacked


def _reference(reference: Any) -> tuple[StorageType, str, int]:
    """A torch pickle's reference to a storage: its type, key and number of elements."""
    if (
        not isinstance(reference, tuple)
        or len(reference) < 5
        or reference[0] not in ("storage", b"storage")
        or not isinstance(reference[1], StorageType)
        or type(reference[4]) is not int
        or any(part is not None for part in reference[5:])
    ):
        raise RefusedError("a tensor whose storage is not described as torch does")
    return reference[1], str(reference[2]), reference[4]


def _torch_archive(file: BinaryIO) -> Any:
    """The value of an archive of torch.save: one pickle, and one member for each storage."""
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        names = [name for name in members if name.split("/")[1:] == ["data.pkl"]]
        if len(names) != 1:
            raise RefusedError("an archive without data.pkl; expected a file of torch.save")
        folder = names[0].removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in members and _member(archive, members, order) != b"little":
            raise RefusedError("numbers in big-endian order; save it on a little-endian machine")
        storages: dict[str, Storage] = {}

        def storage(reference: Any) -> Storage:
            kind, key, count = _reference(reference)
            if key not in storages:
                data = _member(archive, members, f"{folder}data/{key}")
                storages[key] = kind.storage(data, count)
            return storages[key]

        return _run(_member(archive, members, names[0]), persistent=storage).value


def _member(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> bytes:
    """One stored member, checked against its checksum."""
    info = members.get(name)
    if info is None:
        raise RefusedError(f"the archive has no {name}; write or copy the file again")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise RefusedError(f"{name} is compressed; torch.save compresses nothing")
    return archive.read(info)


def _torch_stream(data: Data, at: int) -> Any:
    """The value in torch.save's older layout: header pickles, the value, keys, the storages.

    The value precedes the bytes it needs, so it is read twice: first for the storages' types, then
    with their bytes.
    """
    protocol = _run(data, start=at)
    system = _run(data, start=protocol.end)
    if protocol.value != _TORCH_PROTOCOL or not isinstance(system.value, dict):
        raise RefusedError("a torch file of another version; save it again with torch.save")
    if system.value.get("little_endian") is not True:
        raise RefusedError("numbers in big-endian order; save it on a little-endian machine")
    kinds: dict[str, StorageType] = {}

    def counted(reference: Any) -> Storage:
        kind, key, _ = _reference(reference)
        kinds[key] = kind
        return Storage(None)

    first = _run(data, start=system.end, persistent=counted)
    keys = _run(data, start=first.end)
    if not isinstance(keys.value, list) or not all(str(key) in kinds for key in keys.value):
        raise RefusedError("storages that no tensor uses; write or copy the file again")
    at, view, storages = keys.end, memoryview(data).toreadonly(), {}
    for key in map(str, keys.value):
        count = int.from_bytes(view[at : at + 8], "little")
        storages[key] = kinds[key].storage(view[at + 8 :], count)
        at += 8 + count * kinds[key].dtype.itemsize

    def storage(reference: Any) -> Storage:
        key = _reference(reference)[1]
        if key not in storages:
            raise RefusedError("the file was cut short; write or copy it again")
        return storages[key]

    return _run(data, start=system.end, persistent=storage).value


def storage_of(data: Data) -> Storage:
    """The storage of a pickled tensor, which is embedded as the bytes of a whole torch file.

    Raises `RefusedError` on anything else.
    """
    first = _run(data)
    value = _torch_stream(data, first.end) if first.value == _TORCH_MAGIC else first.value
    if not isinstance(value, Storage):
        raise RefusedError("a tensor whose bytes do not hold a storage")
    return value
