"""The guarded door for every reader of NumPy files: `.npy`, and `.npz` archives of them.

Sizes are checked against the file before memory is taken, nothing is ever unpickled, and names
inside an archive are never used as paths. Files as NumPy and this project write them take a short
way of their own, `stored`; large and unusual archives, and whatever looks odd there, take the way
through `zipfile`, which also words what is wrong.
"""

import io
import math
import os
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np

from kinematics.readers import stored

MAX_BYTES: int = 2 * 1024**3
"""Bytes of arrays in one file: 2 GiB hold 60 hours of a root and 22 joints at 30 fps."""

MAX_MEMBERS: int = 256
"""Arrays in one archive; motion files of every known tool hold fewer than fifty."""

MAX_COMPRESSION: float = 100.0
"""Unpacked over packed size of a member; the columns of a real track reach about 10."""

COMPRESSION_CHECK_BYTES: int = 64 * 1024**2
"""Members that unpack to fewer bytes are harmless, however well they are packed."""

_BROKEN = (  # what NumPy, zipfile and zlib raise on damaged files
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class RefusedError(ValueError):
    """A refusal in our own words, which lack the file's name."""


class _Bounded(io.BufferedReader):
    """A file that is never asked for more than it has, because memory is taken for what is asked.

    The header of an array says how long it is, up to 4 GiB, and NumPy reads as much in one go.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """As much as was asked for, or what is left."""
        there = os.fstat(self.fileno()).st_size
        return super().read(min(size, max(0, there - self.tell())) if size and size > 0 else size)


def holds_arrays(path: Path | str) -> bool:
    """Whether a file begins as NumPy's files do, `.npy` or an archive.

    >>> holds_arrays("/dev/null")
    False
    """
    with Path(path).open("rb") as file:
        return file.read(6).startswith((np.lib.format.MAGIC_PREFIX, b"PK"))


class Layout(NamedTuple):
    """What a file says of one of its arrays, before any of it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype
    columns_first: bool = False


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turns whatever a damaged file raises into one `ValueError` that names the file.

    >>> with naming(Path("walk.npz")):
    ...     raise EOFError("no data left")
    Traceback (most recent call last):
    ...
    ValueError: walk.npz: damaged (no data left); expected an .npy or .npz file of plain arrays.
    Write or copy it again
    """
    try:
        yield
    except RefusedError as error:
        raise ValueError(f"{path}: {error}") from error
    except _BROKEN as error:
        raise ValueError(
            f"{path}: damaged ({error}); expected an .npy or .npz file of plain arrays. "
            "Write or copy it again"
        ) from error


@contextmanager
def bounded(path: Path) -> Iterator[io.BufferedReader]:
    """A file, opened, that never gives more than it has and takes no memory for more.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a").write_bytes(b"abc")
    ...     with bounded(Path(folder, "a")) as file:
    ...         file.read(10**15)
    b'abc'
    """
    with path.open("rb", buffering=0) as raw, _Bounded(raw) as file:
        yield file


def header(file: io.BufferedIOBase) -> Layout:
    """Reads an `.npy` header and leaves `file` at the data; `ValueError` when it is damaged.

    >>> np.save(file := io.BytesIO(), np.zeros((9, 3)))
    >>> _ = file.seek(0)
    >>> header(file).shape
    (9, 3)
    """
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise RefusedError(f"npy version {version}; expected (1, 0) or (2, 0)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers of Python 2 are as good
            shape, columns_first, dtype = read(file)
    except (MemoryError, RecursionError, SyntaxError, TypeError, tokenize.TokenError) as error:
        raise ValueError(f"its header is none: {error}") from error
    return Layout(tuple(shape), dtype, columns_first)


def _layout(file: io.BufferedIOBase, name: str, size: int, *, objects: bool = False) -> Layout:
    """Reads an `.npy` header and leaves `file` at the data; the data must fill `size` exactly."""
    found = header(file)
    shape, dtype = found.shape, found.dtype
    if objects and dtype.hasobject:
        return found
    if dtype.hasobject or dtype.names:
        raise RefusedError(
            f"{name}: dtype {dtype}; expected plain numbers or text, "
            "because Python objects in a file can run code. Save each field as its own array"
        )
    claimed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=0) < 0 or claimed > MAX_BYTES:
        raise RefusedError(
            f"{name}: shape {shape} claims {claimed:,} bytes; expected at most {MAX_BYTES:,}. "
            "Split the recording"
        )
    if claimed != there:
        raise RefusedError(
            f"{name}: shape {shape} of {dtype} is {claimed:,} bytes, but {there:,} are there: "
            "the file was cut short or damaged; write or copy it again"
        )
    return found


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by array name; raises on anything that could exhaust memory."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise RefusedError(f"{len(infos)} arrays; expected at most {MAX_MEMBERS}")
    if (total := sum(info.file_size for info in infos)) > MAX_BYTES:
        raise RefusedError(
            f"{total:,} bytes unpacked; expected at most {MAX_BYTES:,}. Split the recording"
        )
    for info in infos:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedError(
                f"{info.filename}: compression method {info.compress_type}; expected what "
                "numpy.savez or numpy.savez_compressed write"
            )
        packed, unpacked = max(info.compress_size, 1), info.file_size
        if unpacked > max(COMPRESSION_CHECK_BYTES, MAX_COMPRESSION * packed):
            raise RefusedError(
                f"{info.filename}: {packed:,} bytes unpack to {unpacked:,}; expected at most "
                f"{MAX_COMPRESSION:g} times as many. If the file is honest, save it uncompressed"
            )
    members = {info.filename.removesuffix(".npy"): info for info in infos}
    if len(members) < len(infos):
        raise RefusedError("two arrays have the same name")
    return members


@contextmanager
def opened(path: Path) -> Iterator[tuple[io.BufferedIOBase, zipfile.ZipFile | None]]:
    """The file, and the archive in it when it is an `.npz`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), speed=np.zeros((9, 3)))
    ...     with opened(Path(folder, "a.npz")) as (_, archive):
    ...         archive.namelist()
    ['speed.npy']
    """
    with bounded(path) as file, naming(path):
        start = file.read(6)
        file.seek(0)
        if start == np.lib.format.MAGIC_PREFIX:
            yield file, None
        elif not start.startswith(b"PK"):
            raise RefusedError(f"starts with {start!r}; expected a NumPy file (.npy or .npz)")
        elif not zipfile.is_zipfile(file):
            raise RefusedError(
                "starts like an .npz archive but has no end: the file was cut short; "
                "write or copy it again"
            )
        else:
            with zipfile.ZipFile(file) as archive:
                yield file, archive


def layouts(path: Path | str, *, objects: bool = False) -> dict[str, Layout]:
    """What the arrays of an `.npz` look like (or the one of an `.npy`, under the name "").

    Only headers are read. Raises `ValueError` when the file is damaged or is neither, and when it
    holds Python objects, unless `objects` are to be listed too; nothing reads them here.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), speed=np.zeros((9, 3)))
    ...     layouts(Path(folder, "a.npz"))["speed"].shape
    (9, 3)
    """
    path = Path(path)
    if (plain := stored.members(path)) is not None:
        return {name: Layout(*member.layout) for name, member in plain.items()}
    with opened(path) as (file, archive):
        if archive is None:
            return {"": _layout(file, "the array", path.stat().st_size, objects=objects)}
        found = {}
        for name, info in _members(archive).items():
            with cast(io.BufferedIOBase, archive.open(info)) as member:
                start = member.read(stored.START_BYTES)
                if plain_one := stored.described(start, 0, info.file_size):
                    found[name] = Layout(*plain_one[1])
                    continue
            with cast(io.BufferedIOBase, archive.open(info)) as member:
                found[name] = _layout(member, name, info.file_size, objects=objects)
        return found


def names_in(path: Path | str) -> frozenset[str]:
    """The names of an archive's arrays, "" for that of an `.npy`; nothing else is looked at.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), speed=np.zeros((9, 3)), fps=30.0)
    ...     sorted(names_in(Path(folder, "a.npz")))
    ['fps', 'speed']
    """
    path = Path(path)
    if (plain := stored.members(path)) is not None:
        return frozenset(plain)
    with opened(path) as (_, archive):
        if archive is None:
            return frozenset({""})
        return frozenset(name.removesuffix(".npy") for name in archive.namelist())


def load_arrays(path: Path | str, *, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Those of the named arrays that a file holds, read-only; the others stay unread.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), fps=30.0, speed=np.zeros((9, 3)))
    ...     load_arrays(Path(folder, "a.npz"), names=("fps", "missing"))
    {'fps': array(30.)}
    """
    path = Path(path)
    if (plain := stored.members(path)) is not None:
        arrays = {name: plain[name].array() for name in names if name in plain}
        sound = {name: array for name, array in arrays.items() if array is not None}
        if len(sound) == len(arrays):
            return sound
    with opened(path) as (file, archive):
        if archive is None:
            _layout(file, "the array", path.stat().st_size)  # refuses before memory is taken
            file.seek(0)
            return {"": _array(file.read(), "the array")} if "" in names else {}
        members = _members(archive)
        return {n: _array(archive.read(members[n]), n) for n in names if n in members}


def _array(data: bytes, name: str) -> np.ndarray:
    """The array of a whole `.npy` file, without a copy."""
    if plain := stored.described(data, 0, len(data)):
        offset, layout = plain[0], Layout(*plain[1])
    else:
        file = io.BytesIO(data)
        layout = _layout(file, name, len(data))
        offset = file.tell()
    order: Literal["C", "F"] = "F" if layout.columns_first else "C"
    return np.ndarray(layout.shape, layout.dtype, buffer=data, offset=offset, order=order)
