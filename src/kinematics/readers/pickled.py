"""The files that hold pickles: `.pkl` of Python or joblib, `.pt` of torch, `.npy` of objects.

`load` gives what such a file holds as plain Python containers and read-only NumPy arrays, and
never runs any of it (see `unpickle`). Neither torch nor joblib is imported.

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
"""Bytes of one file; results with their masks reach gigabytes, of which little is read."""

MAX_UNPACKED_BYTES: int = 512 * 1024**2
"""Bytes that a compressed file may unpack to."""

SUFFIXES: tuple[str, ...] = (".pkl", ".pickle", ".pt", ".pth")
"""Files that are taken for pickles even when their first bytes do not say so."""

Data = bytes | memoryview | mmap.mmap

_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_TORCH_PROTOCOL = 1001
_COMPRESSED = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")
_OTHER_COMPRESSED = (b"BZh", b"\xfd7zXZ", b"\x5d\x00", b"ZF")
_CURE = "expected a file of plain arrays. Write or copy it again"


def _objects_follow(file: Any) -> bool:
    """Whether an `.npy` file holds Python objects; leaves it behind the header."""
    return bool(header(file).dtype.hasobject)


def recognise(path: Path | str) -> bool:
    """Whether a file is one that has to be unpickled, of whatever tool and content.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.pkl").write_bytes(pickle.dumps({"fps": 30}))
    ...     recognise(Path(folder, "a.pkl"))
    True
    """
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
                return False  # a damaged array is for the readers of arrays to explain
        if start.startswith(b"PK"):
            return path.suffix.lower() not in (".npz", ".zip") and zipfile.is_zipfile(file)
    pickle = len(start) > 1 and start[0] == 0x80 and 2 <= start[1] <= 5
    return pickle or path.suffix.lower() in SUFFIXES


def load(path: Path | str) -> Any:
    """What a pickled file holds, as plain containers and read-only arrays.

    Raises `ValueError`, which names the file, on damage and on everything that could run code.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.pkl").write_bytes(pickle.dumps({"fps": 30}))
    ...     load(Path(folder, "a.pkl"))
    {'fps': 30}
    """
    path = Path(path)
    with _naming(path), bounded(path) as file:
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
            raise RefusedError("compressed in a way that is not read; save it with zlib or gzip")
        return _whole(data, 0)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turns whatever a damaged file raises into one `ValueError` that names the file."""
    try:
        yield
    except RefusedError as error:
        raise ValueError(f"{path}: {error}") from error
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"{path}: damaged ({error}); {_CURE}") from error


def _run(data: Data, *, start: int = 0, persistent: Persistent | None = None) -> Unpickled:
    """A pickle whose tensors may carry torch files of their own, which are pickles again."""
    return run(data, start=start, persistent=persistent, torch_file=storage_of)


def _whole(data: Data, start: int) -> Any:
    """The one value of a pickle, or of torch's stream of several."""
    first = _run(data, start=start)
    if type(first.value) is int and first.value == _TORCH_MAGIC:
        return _torch_stream(data, first.end)
    return first.value


def _unpacked(data: mmap.mmap) -> bytes:
    worker = zlib.decompressobj(wbits=47)  # zlib or gzip, whichever the header says
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
    """What an archive of torch.save holds: one pickle, and one member for each storage."""
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        names = [name for name in members if name.split("/")[1:] == ["data.pkl"]]
        if len(names) != 1:
            raise RefusedError("an archive without data.pkl; expected what torch.save writes")
        folder = names[0].removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in members and _member(archive, members, order) != b"little":
            raise RefusedError("numbers in big-endian order; save it on a little-endian machine")
        found: dict[str, Storage] = {}

        def storage(reference: Any) -> Storage:
            kind, key, count = _reference(reference)
            if key not in found:
                found[key] = kind.storage(_member(archive, members, f"{folder}data/{key}"), count)
            return found[key]

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
    """What torch.save wrote before archives: header pickles, the value, keys, the storages.

    The value comes before the bytes it needs, so it is read twice: to learn the storages' types,
    then with their bytes.
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
    at, view, found = keys.end, memoryview(data).toreadonly(), {}
    for key in map(str, keys.value):
        count = int.from_bytes(view[at : at + 8], "little")
        found[key] = kinds[key].storage(view[at + 8 :], count)
        at += 8 + count * kinds[key].dtype.itemsize

    def storage(reference: Any) -> Storage:
        key = _reference(reference)[1]
        if key not in found:
            raise RefusedError("the file was cut short; write or copy it again")
        return found[key]

    return _run(data, start=system.end, persistent=storage).value


def storage_of(data: Data) -> Storage:
    """The storage that a pickled tensor carries as the bytes of a whole torch file.

    Raises `RefusedError` on anything else.

    >>> import pickle
    >>> storage_of(pickle.dumps([1]))
    Traceback (most recent call last):
    ...
    kinematics.readers.plain_classes.RefusedError: bytes of a tensor that hold something else
    """
    first = _run(data)
    value = _torch_stream(data, first.end) if first.value == _TORCH_MAGIC else first.value
    if not isinstance(value, Storage):
        raise RefusedError("bytes of a tensor that hold something else")
    return value
