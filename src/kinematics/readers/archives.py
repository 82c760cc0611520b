"""Safe reading of NumPy files, `.npy` and `.npz`, for all readers.

Sizes are checked against the file before memory is allocated, nothing is ever unpickled, and names
inside an archive are never used as paths. Plain files as NumPy and this project write them are read
by `stored`, the fast path. Large, unusual and suspicious archives are read through `zipfile`, which
also produces the error messages.
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
"""Maximum bytes of arrays in one file: 2 GiB hold 60 hours of a root and 22 joints at 30 fps."""

MAX_MEMBERS: int = 256
"""Maximum arrays in one archive; motion files of every known tool hold fewer than fifty."""

MAX_COMPRESSION: float = 100.0
"""Maximum ratio of unpacked to packed size; the columns of a real track reach about 10."""

COMPRESSION_CHECK_BYTES: int = 64 * 1024**2
"""Members that unpack to fewer bytes are harmless at any compression."""

_BROKEN = (  # exceptions of NumPy, zipfile and zlib on damaged files
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
    """A refusal whose message lacks only the file's name."""


class _Bounded(io.BufferedReader):
    """A file whose reads are limited to its size, because `read` allocates the requested bytes.

    An `.npy` header declares its own length, up to 4 GiB, and NumPy reads it at once.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """The requested number of bytes, or the rest of the file."""
        there = os.fstat(self.fileno()).st_size
        return super().read(min(size, max(0, there - self.tell())) if size and size > 0 else size)


def holds_arrays(path: Path | str) -> bool:
    """Whether a file begins like NumPy's files, `.npy` or an archive."""
    with Path(path).open("rb") as file:
        return file.read(6).startswith((np.lib.format.MAGIC_PREFIX, b"PK"))


class Layout(NamedTuple):
    """The header of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype
    columns_first: bool = False


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turns any exception that a damaged file causes into one `ValueError` that names the file.

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
    """An open file; reading more than its size allocates no memory for the excess.

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
    """Reads an `.npy` header and leaves `file` at the data; `ValueError` if it is damaged.

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
            warnings.simplefilter("ignore")  # headers of Python 2 are valid too
            shape, columns_first, dtype = read(file)
    except (MemoryError, RecursionError, SyntaxError, TypeError, tokenize.TokenError) as error:
        raise ValueError(f"invalid header: {error}") from error
    return Layout(tuple(shape), dtype, columns_first)


def _layout(file: io.BufferedIOBase, name: str, size: int, *, objects: bool = False) -> Layout:
    """Reads an `.npy` header and leaves `file` at the data; the data must fill `size` exactly."""
    layout = header(file)
    shape, dtype = layout.shape, layout.dtype
    if objects and dtype.hasobject:
        return layout
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
            f"{name}: shape {shape} of {dtype} is {claimed:,} bytes, but the file has {there:,}: "
            "it was cut short or damaged; write or copy it again"
        )
    return layout


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by array name; `RefusedError` on contents that could exhaust memory."""
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
                f"{info.filename}: compression method {info.compress_type}; expected a file of "
                "numpy.savez or numpy.savez_compressed"
            )
        packed, unpacked = max(info.compress_size, 1), info.file_size
        if unpacked > max(COMPRESSION_CHECK_BYTES, MAX_COMPRESSION * packed):
            raise RefusedError(
                f"{info.filename}: {packed:,} bytes unpack to {unpacked:,}; expected at most "
                f"{MAX_COMPRESSION:g} times as many. If the data are real, save them uncompressed"
            )
    members = {info.filename.removesuffix(".npy"): info for info in infos}
    if len(members) < len(infos):
        raise RefusedError("two arrays have the same name")
    return members


@contextmanager
def opened(path: Path) -> Iterator[tuple[io.BufferedIOBase, zipfile.ZipFile | None]]:
    """The open file, and its archive if it is an `.npz`.

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
    """The headers of the arrays of an `.npz` by name (or of an `.npy`, under the name "").

    Raises `ValueError` if the file is damaged or is neither, and if it holds arrays of Python
    objects; with `objects` these are listed too.

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
        listed = {}
        for name, info in _members(archive).items():
            with cast(io.BufferedIOBase, archive.open(info)) as member:
                start = member.read(stored.START_BYTES)
                if described := stored.described(start, 0, info.file_size):
                    listed[name] = Layout(*described[1])
                    continue
            with cast(io.BufferedIOBase, archive.open(info)) as member:
                listed[name] = _layout(member, name, info.file_size, objects=objects)
        return listed


def names_in(path: Path | str) -> frozenset[str]:
    """The names of an archive's arrays, "" for an `.npy`; headers are not read.

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


def load_arrays(
    path: Path | str, *, names: tuple[str, ...], skip_objects: bool = False
) -> dict[str, np.ndarray]:
    """The named arrays, read-only, as far as a file holds them; other arrays stay unread.

    Arrays of Python objects raise `ValueError`, or are left out with `skip_objects`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), fps=30.0, speed=np.zeros((9, 3)))
    ...     load_arrays(Path(folder, "a.npz"), names=("fps", "missing"))
    {'fps': array(30.)}
    """
    path = Path(path)
    if skip_objects:
        listed = layouts(path, objects=True)
        names = tuple(n for n in names if n in listed and not listed[n].dtype.hasobject)
    if (plain := stored.members(path)) is not None:
        arrays = {name: plain[name].array() for name in names if name in plain}
        sound = {name: array for name, array in arrays.items() if array is not None}
        if len(sound) == len(arrays):
            return sound
    with opened(path) as (file, archive):
        if archive is None:
            _layout(file, "the array", path.stat().st_size)  # refuses before memory is allocated
            file.seek(0)
            return {"": _array(file.read(), "the array")} if "" in names else {}
        members = _members(archive)
        return {n: _array(archive.read(members[n]), n) for n in names if n in members}


def _array(data: bytes, name: str) -> np.ndarray:
    """The array in the bytes of an `.npy` file, without a copy."""
    if plain := stored.described(data, 0, len(data)):
        offset, layout = plain[0], Layout(*plain[1])
    else:
        file = io.BytesIO(data)
        layout = _layout(file, name, len(data))
        offset = file.tell()
    order: Literal["C", "F"] = "F" if layout.columns_first else "C"
    return np.ndarray(layout.shape, layout.dtype, buffer=data, offset=offset, order=order)
