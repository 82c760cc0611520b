"""A short way into `.npy` files and small `.npz` archives that `numpy.save` and `savez` wrote.

One read, one look at the archive's directory, one pattern for an array's header: a tenth of the
time of `zipfile` and of NumPy's parser, which are made for every archive there is. Nothing is
worded here. Whatever is not exactly as expected gives None, and the caller takes the long way.
"""

import math
import os
import re
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MAX_ARCHIVE_BYTES: int = 1024**2
"""Larger archives take the long way: reading them costs more than looking around in them."""

MAX_ARRAY_BYTES: int = 64 * 1024**2
"""Larger `.npy` files take the long way, where a few microseconds do not matter."""

START_BYTES: int = 256
"""The header of an `.npy` file ends within them; NumPy pads it to a multiple of 64."""

MAX_MEMBERS: int = 64
"""More arrays take the long way."""

_END = struct.Struct("<4s4H2LH")  # the archive's end: signature, disks, counts, directory, comment
_ENTRY = struct.Struct("<4s6H3L5H2L")  # a directory's entry
_LOCAL = struct.Struct("<4s5H3L2H")  # what stands before a member's data
_ENDING = b"PK\5\6"
_DIRECTORY = b"PK\1\2"
_MEMBER = b"PK\3\4"
_ARRAY = b"\x93NUMPY\1\0"
_HEADER = re.compile(
    rb"\{'descr': '([<|][biuf][1248])', 'fortran_order': (False|True), "
    rb"'shape': \((\d{1,15}(?:, \d{1,15}){1,5}|\d{1,15},|)\), \} *\n"
)


Described = tuple[tuple[int, ...], np.dtype, bool]
"""Shape, dtype, and whether columns come first."""


class Member(NamedTuple):
    """One array of a stored archive: the archive's bytes, and what its header says."""

    data: bytes
    begin: int
    end: int
    checksum: int
    offset: int
    layout: Described

    def is_sound(self) -> bool:
        """Whether the bytes are those that were stored."""
        return zlib.crc32(memoryview(self.data)[self.begin : self.end]) == self.checksum

    def array(self) -> np.ndarray:
        """The array, read-only and without a copy."""
        shape, dtype, columns_first = self.layout
        return np.ndarray(shape, dtype, self.data, self.offset, order="F" if columns_first else "C")


class ArrayFile(NamedTuple):
    """The one array of an `.npy` file, which is read when it is asked for."""

    path: Path
    offset: int
    layout: Described

    def is_sound(self) -> bool:
        """Always: the file has no checksum, and its size was compared."""
        return True

    def array(self) -> np.ndarray:
        """The array, read-only; `ValueError` if the file has shrunk in the meantime."""
        shape, dtype, columns_first = self.layout
        flat = np.fromfile(self.path, dtype, math.prod(shape), offset=self.offset)
        flat.setflags(write=False)
        return flat.reshape(shape, order="F" if columns_first else "C")


def members(path: Path) -> Mapping[str, Member | ArrayFile] | None:
    """The arrays of a file by name ("" in an `.npy`), or None: take the long way.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), speed=np.zeros((9, 3)))
    ...     np.savez_compressed(Path(folder, "b.npz"), speed=np.zeros((9, 3)))
    ...     members(Path(folder, "a.npz"))["speed"].layout[0], members(Path(folder, "b.npz"))
    ((9, 3), None)
    """
    with path.open("rb", buffering=0) as file:
        there = os.fstat(file.fileno()).st_size
        start = file.read(START_BYTES)
        if start[:8] == _ARRAY and there <= MAX_ARRAY_BYTES:
            found = described(start, 0, there)
            return None if found is None else {"": ArrayFile(path, *found)}
        if start[:4] != _MEMBER or not _END.size <= there <= MAX_ARCHIVE_BYTES:
            return None
        data = start + (file.read(there - len(start)) or b"")
    return _archived(data) if len(data) == there else None


def _archived(data: bytes) -> dict[str, Member] | None:
    """The arrays of an archive's bytes."""
    ending = len(data) - _END.size
    mark, disk, first, here, count, size, at, comment = _END.unpack_from(data, ending)
    if mark != _ENDING or disk or first or comment or here != count or at + size != ending:
        return None
    if not 0 < count <= MAX_MEMBERS:
        return None
    found: dict[str, Member] = {}
    for _ in range(count):
        if at + _ENTRY.size > ending:
            return None
        entry = _ENTRY.unpack_from(data, at)
        name = data[at + _ENTRY.size : at + _ENTRY.size + entry[10]]
        member = _member(data, entry, name, ending)
        if member is None or not name.isascii():
            return None
        found[name.decode("ascii").removesuffix(".npy")] = member
        at += _ENTRY.size + entry[10] + entry[11] + entry[12]
    return found if at == ending and len(found) == count else None


def _member(data: bytes, entry: tuple[Any, ...], name: bytes, ending: int) -> Member | None:
    """The member of a directory's entry, if it is stored, plain, and all there."""
    mark, _, _, flags, method, _, _, checksum, packed, size, _, _, _, disk, _, _, at = entry
    if mark != _DIRECTORY or flags or method or packed != size or disk:
        return None
    if at + _LOCAL.size > ending:
        return None
    local = _LOCAL.unpack_from(data, at)
    begin = at + _LOCAL.size + local[9] + local[10]
    there = data[at + _LOCAL.size : at + _LOCAL.size + local[9]]
    if local[0] != _MEMBER or local[2] or local[3] or there != name or begin + size > ending:
        return None
    found = described(data, begin, begin + size)
    return None if found is None else Member(data, begin, begin + size, checksum, *found)


def described(data: bytes, begin: int, end: int) -> tuple[int, Described] | None:
    """Where an array's items begin and what its header says, if they fill it exactly; else None.

    The array lies between `begin` and `end`, of which `data` need only hold the header.

    >>> import io
    >>> np.save(file := io.BytesIO(), np.zeros((9, 3)))
    >>> described(file.getvalue(), 0, len(file.getvalue()))
    (128, ((9, 3), dtype('float64'), False))
    """
    if end - begin < 10 or data[begin : begin + 8] != _ARRAY:
        return None
    offset = begin + 10 + data[begin + 8] + 256 * data[begin + 9]
    found = _HEADER.fullmatch(data, begin + 10, offset)
    if found is None or offset > len(data):
        return None
    try:
        dtype = np.dtype(found[1].decode())
    except TypeError:  # such as a float of one byte
        return None
    shape = tuple(int(size) for size in found[3].split(b",") if size.strip())
    if math.prod(shape) * dtype.itemsize != end - offset:
        return None
    return offset, (shape, dtype, found[2] == b"True")
