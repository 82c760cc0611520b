"""The project's own motion file: an `.npz` that keeps every bit of a `Motion`.

The archive is stored, not compressed, with fixed timestamps, so the same motion gives the same
bytes. Names and identity are JSON in a byte array; nothing is ever unpickled. `layouts` and
`load_arrays` are the guarded door for every reader of NumPy files: sizes are checked against the
file before memory is taken, and names inside an archive are never used as paths.
"""

import io
import math
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import numpy as np

from kinematics.motion import Motion, Source
from kinematics.skeleton import POINTS, Skeleton

SCHEMA_VERSION = 1
"""Version of the file's layout; a reader refuses every other."""

MAX_BYTES: int = 2 * 1024**3
"""Bytes of arrays in one file: 2 GiB hold 60 hours of a root and 22 joints at 30 fps."""

MAX_MEMBERS: int = 256
"""Arrays in one archive; motion files of every known tool hold fewer than fifty."""

MAX_COMPRESSION: float = 100.0
"""Unpacked over packed size of a member; the columns of a real track reach about 10."""

COMPRESSION_CHECK_BYTES: int = 64 * 1024**2
"""Members that unpack to fewer bytes are harmless, however well they are packed."""

_HEADER = "motion_json"
_ARRAYS = ("orientations_wxyz", "positions_m", "times_s", "observed")
_OPTIONAL_ARRAYS = ("joints_m", "camera_orientations_wxyz", "camera_positions_m")
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


class _RefusedError(ValueError):
    """A refusal in our own words, which lack the file's name."""


class Layout(NamedTuple):
    """What a file says of one of its arrays, before any of it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype
    columns_first: bool = False


class _Header(msgspec.Struct, kw_only=True):
    schema_version: int
    skeleton: Skeleton | None
    source: Source


class _VersionOnly(msgspec.Struct):
    schema_version: int = 0


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turns whatever a damaged file raises into one `ValueError` that names the file."""
    try:
        yield
    except _RefusedError as error:
        raise ValueError(f"{path}: {error}") from error
    except _BROKEN as error:
        raise ValueError(
            f"{path}: damaged ({error}); expected an .npy or .npz file of plain arrays. "
            "Write or copy it again"
        ) from error


def _layout(file: io.BufferedIOBase, name: str, size: int, *, objects: bool = False) -> Layout:
    """Reads an `.npy` header and leaves `file` at the data; the data must fill `size` exactly."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, columns_first, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise _RefusedError(f"{name}: npy version {version}; expected (1, 0) or (2, 0)")
    if objects and dtype.hasobject:
        return Layout(tuple(shape), dtype, columns_first)
    if dtype.hasobject or dtype.names:
        raise _RefusedError(
            f"{name}: dtype {dtype}; expected plain numbers or text, "
            "because Python objects in a file can run code. Save each field as its own array"
        )
    claimed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=0) < 0 or claimed > MAX_BYTES:
        raise _RefusedError(
            f"{name}: shape {shape} claims {claimed:,} bytes; expected at most {MAX_BYTES:,}. "
            "Split the recording"
        )
    if claimed != there:
        raise _RefusedError(
            f"{name}: shape {shape} of {dtype} is {claimed:,} bytes, but {there:,} are there: "
            "the file was cut short or damaged; write or copy it again"
        )
    return Layout(tuple(shape), dtype, columns_first)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by array name; raises on anything that could exhaust memory."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise _RefusedError(f"{len(infos)} arrays; expected at most {MAX_MEMBERS}")
    if (total := sum(info.file_size for info in infos)) > MAX_BYTES:
        raise _RefusedError(
            f"{total:,} bytes unpacked; expected at most {MAX_BYTES:,}. Split the recording"
        )
    for info in infos:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _RefusedError(
                f"{info.filename}: compression method {info.compress_type}; expected what "
                "numpy.savez or numpy.savez_compressed write"
            )
        packed, unpacked = max(info.compress_size, 1), info.file_size
        if unpacked > max(COMPRESSION_CHECK_BYTES, MAX_COMPRESSION * packed):
            raise _RefusedError(
                f"{info.filename}: {packed:,} bytes unpack to {unpacked:,}; expected at most "
                f"{MAX_COMPRESSION:g} times as many. If the file is honest, save it uncompressed"
            )
    members = {info.filename.removesuffix(".npy"): info for info in infos}
    if len(members) < len(infos):
        raise _RefusedError("two arrays have the same name")
    return members


@contextmanager
def _opened(path: Path) -> Iterator[tuple[io.BufferedIOBase, zipfile.ZipFile | None]]:
    """The file, and the archive in it when it is an `.npz`."""
    with path.open("rb") as file, _naming(path):
        start = file.read(6)
        file.seek(0)
        if start == np.lib.format.MAGIC_PREFIX:
            yield file, None
        elif not start.startswith(b"PK"):
            raise _RefusedError(f"starts with {start!r}; expected a NumPy file (.npy or .npz)")
        elif not zipfile.is_zipfile(file):
            raise _RefusedError(
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
    with _opened(path) as (file, archive):
        if archive is None:
            return {"": _layout(file, "the array", path.stat().st_size, objects=objects)}
        found = {}
        for name, info in _members(archive).items():
            with cast(io.BufferedIOBase, archive.open(info)) as member:
                found[name] = _layout(member, name, info.file_size, objects=objects)
        return found


def load_arrays(path: Path | str, *, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Those of the named arrays that a file holds, read-only; the others stay unread.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), fps=30.0, speed=np.zeros((9, 3)))
    ...     load_arrays(Path(folder, "a.npz"), names=("fps", "missing"))
    {'fps': array(30.)}
    """
    path = Path(path)
    with _opened(path) as (file, archive):
        if archive is None:
            _layout(file, "the array", path.stat().st_size)  # refuses before memory is taken
            file.seek(0)
            return {"": _array(file.read(), "the array")} if "" in names else {}
        members = _members(archive)
        return {n: _array(archive.read(members[n]), n) for n in names if n in members}


def _array(data: bytes, name: str) -> np.ndarray:
    """The array of a whole `.npy` file, without a copy."""
    file = io.BytesIO(data)
    layout = _layout(file, name, len(data))
    return np.ndarray(
        layout.shape,
        layout.dtype,
        buffer=data,
        offset=file.tell(),
        order="F" if layout.columns_first else "C",
    )


def recognise(path: Path | str) -> bool:
    """Whether a file is one that `write` wrote, of whatever version.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "a.npy"), np.zeros(3))
    ...     recognise(Path(folder, "a.npy"))
    False
    """
    with _opened(Path(path)) as (_, archive):
        return archive is not None and f"{_HEADER}.npy" in archive.namelist()


def write(motion: Motion, path: Path | str) -> None:
    """Writes one motion, whole or not at all; equal motions give equal bytes.

    >>> import tempfile
    >>> still = Motion.from_arrays(
    ...     orientations_wxyz=np.tile([1.0, 0, 0, 0], (30, 1)),
    ...     positions_m=np.zeros((30, 3)),
    ...     fps=30.0,
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(still, Path(folder, "still.npz"))
    ...     read(Path(folder, "still.npz"))[0].frames
    30
    """
    path = Path(path)
    header = _Header(schema_version=SCHEMA_VERSION, skeleton=motion.skeleton, source=motion.source)
    arrays = {_HEADER: np.frombuffer(msgspec.json.encode(header), np.uint8)}
    for name in (*_ARRAYS, *_OPTIONAL_ARRAYS):
        value = getattr(motion, name)
        if value is not None:
            arrays[name] = np.ascontiguousarray(value)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for name, array in arrays.items():
                info = zipfile.ZipInfo(name + ".npy")  # 1980-01-01: bytes know no clock
                info.create_system = 3  # nor which system wrote them
                with archive.open(info, "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read(path: Path | str) -> list[Motion]:
    """The motion of a file that `write` wrote, bit for bit, in a list of one.

    Raises `ValueError` on any other file, on another schema version and on damage.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(walk, Path(folder, "walk.npz"))
    ...     [back] = read(Path(folder, "walk.npz"))
    >>> np.array_equal(back.joints_m, walk.joints_m), back.source == walk.source
    (True, True)
    """
    path = Path(path)
    arrays: dict[str, Any] = load_arrays(path, names=(_HEADER, *_ARRAYS, *_OPTIONAL_ARRAYS))
    if missing := [name for name in (_HEADER, *_ARRAYS) if name not in arrays]:
        raise ValueError(
            f"{path}: no array {', '.join(missing)}; found {', '.join(sorted(layouts(path)))}; "
            "expected a motion written by kinematics.readers.native.write"
        )
    with _naming(path):
        header = _decoded(arrays.pop(_HEADER))
    checked = Motion.from_arrays(**arrays, skeleton=header.skeleton, source=Source(clip=str(path)))
    kept = {
        name: array if _same(array, getattr(checked, name)) else getattr(checked, name)
        for name, array in arrays.items()
    }
    return [Motion(**kept, skeleton=header.skeleton, source=header.source)]


def _same(array: np.ndarray, checked: np.ndarray) -> bool:
    """Whether the check changed nothing but the last bits of a unit quaternion."""
    if array.dtype not in (np.dtype(bool), np.dtype(np.float32), np.dtype(np.float64)):
        return False
    return np.array_equal(checked, array) or np.allclose(checked, array, rtol=0, atol=1e-5)


def _decoded(data: np.ndarray) -> _Header:
    """The header's names and identity, checked; raises `ValueError`."""
    text = data.tobytes()
    try:
        version = msgspec.json.decode(text, type=_VersionOnly).schema_version
        if version != SCHEMA_VERSION:
            raise _RefusedError(
                f"motion file of schema version {version}, expected {SCHEMA_VERSION}: read it "
                "with the release that wrote it, or make it again with this one"
            )
        header = msgspec.json.decode(text, type=_Header)
    except msgspec.DecodeError as error:
        raise _RefusedError(f"{_HEADER}: {error}; write the file again") from error
    skeleton = header.skeleton
    if skeleton is not None and (
        len(skeleton.points) != len(POINTS)
        or any(not 0 <= i < len(skeleton.joints) for point in skeleton.points for i in point)
    ):
        raise _RefusedError(
            f"{_HEADER}: skeleton {skeleton.name!r} does not map its {len(skeleton.joints)} "
            f"joints to the {len(POINTS)} body points; build it with skeleton.from_names"
        )
    return header
