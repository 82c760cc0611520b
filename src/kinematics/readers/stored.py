"""A fast path for `.npy` files and small `.npz` archives as NumPy writes them.

One read, one pass over the archive's directory and one pattern for an array's header take a tenth
of the time of `zipfile` and NumPy's parser, which support any archive. There are no error messages
here: any deviation gives None, and the caller takes the slow path.
"""

import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MAX_ARCHIVE_BYTES: int = 1024**2
"""Larger archives take the slow path: reading all of them costs more than seeking in them."""

MAX_ARRAY_BYTES: int = 64 * 1024**2
"""Larger `.npy` files take the slow path, where a few microseconds do not matter."""

MAX_UNPACKED_BYTES: int = 16 * 1024**2
"""Archives that unpack to more take the slow path, which checks how much more."""

START_BYTES: int = 256
"""Bytes that contain the header of an `.npy` file; NumPy pads it to a multiple of 64."""

MAX_MEMBERS: int = 64
"""Archives of more arrays take the slow path."""

_END = struct.Struct("<4s4H2LH")  # the archive's end: signature, disks, counts, directory, comment
_ENTRY = struct.Struct("<4s6H3L5H2L")  # a directory's entry
_LOCAL = struct.Struct("<4s5H3L2H")  # the header before a member's data
_ENDING = b"PK\5\6"
_DIRECTORY = b"PK\1\2"
_MEMBER = b"PK\3\4"
_ARRAY = b"\x93NUMPY\1\0"
_HEADER = re.compile(
    rb"\{'descr': '([<|][biuf][1248])', 'fortran_order': (False|True), "
    rb"'shape': \((\d{1,15}(?:, \d{1,15}){1,5}|\d{1,15},|)\), \} *\n"
)


Described = tuple[tuple[int, ...], np.dtype, bool]
"""Shape, dtype, and whether the order is Fortran's."""


class Member(NamedTuple):
    """One array of an archive: its position in the archive's bytes, and its header."""

    data: bytes
    begin: int
    end: int
    size: int
    deflated: bool
    checksum: int
    offset: int
    layout: Described

    def array(self) -> np.ndarray | None:
        """The array, read-only; None if its bytes were damaged."""
        packed = memoryview(self.data)[self.begin : self.end]
        content = _inflated(packed, self.size) if self.deflated else packed
        if content is None or zlib.crc32(content) != self.checksum:
            return None
        shape, dtype, columns_first = self.layout
        return np.ndarray(shape, dtype, content, self.offset, order="F" if columns_first else "C")


class ArrayFile(NamedTuple):
    """The array of an `.npy` file, which is read on demand."""

    path: Path
    offset: int
    layout: Described

    def array(self) -> np.ndarray | None:
        """The array, read-only; None if the file has shrunk in the meantime."""
        shape, dtype, columns_first = self.layout
        flat = np.fromfile(self.path, dtype, math.prod(shape), offset=self.offset)
        flat.setflags(write=False)
        if len(flat) < math.prod(shape):
            return None
        return flat.reshape(shape, order="F" if columns_first else "C")


def _inflated(packed: memoryview, size: int) -> bytes | None:
    """The unpacked bytes, if they are exactly `size`; never unpacks more."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflate.decompress(packed, size)
        rest = inflate.decompress(inflate.unconsumed_tail, 1)
    except zlib.error:
        return None
    return content if len(content) == size and not rest and inflate.eof else None


def members(path: Path) -> Mapping[str, Member | ArrayFile] | None:
    """The arrays of a file by name ("" in an `.npy`), or None for the slow path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), speed=np.zeros((9, 3)))
    ...     np.savez_compressed(Path(folder, "b.npz"), speed=np.array(["fast"]))
    ...     members(Path(folder, "a.npz"))["speed"].array().shape, members(Path(folder, "b.npz"))
    ((9, 3), None)
    """
    with path.open("rb", buffering=0) as file:
        there = os.fstat(file.fileno()).st_size
        start = file.read(START_BYTES)
        if start[:8] == _ARRAY and there <= MAX_ARRAY_BYTES:
            header = described(start, 0, there)
            return None if header is None else {"": ArrayFile(path, *header)}
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
    listed: dict[str, Member] = {}
    unpacked = 0
    for _ in range(count):
        if at + _ENTRY.size > ending:
            return None
        entry = _ENTRY.unpack_from(data, at)
        name = data[at + _ENTRY.size : at + _ENTRY.size + entry[10]]
        unpacked += entry[9]
        if unpacked > MAX_UNPACKED_BYTES or not name.isascii():
            return None
        member = _member(data, entry, name, ending)
        if member is None:
            return None
        listed[name.decode("ascii").removesuffix(".npy")] = member
        at += _ENTRY.size + entry[10] + entry[11] + entry[12]
    return listed if at == ending and len(listed) == count else None


def _member(data: bytes, entry: tuple[Any, ...], name: bytes, ending: int) -> Member | None:
    """The member of a directory's entry, if it is plain and complete."""
    mark, _, _, flags, method, _, _, checksum, packed, size, _, _, _, disk, _, _, at = entry
    if mark != _DIRECTORY or flags or disk or at + _LOCAL.size > ending:
        return None
    deflated = method == zipfile.ZIP_DEFLATED
    if not deflated and (method != zipfile.ZIP_STORED or packed != size):
        return None
    local = _LOCAL.unpack_from(data, at)
    begin = at + _LOCAL.size + local[9] + local[10]
    end = begin + packed
    there = data[at + _LOCAL.size : at + _LOCAL.size + local[9]]
    if local[0] != _MEMBER or local[2] or local[3] != method or there != name or end > ending:
        return None
    if not deflated:
        header = described(data, begin, end)
    else:
        try:
            start = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[begin:end], START_BYTES)
        except zlib.error:
            return None
        header = described(start, 0, size)
    if header is None:
        return None
    offset, layout = header
    offset -= 0 if deflated else begin
    return Member(data, begin, end, size, deflated, checksum, offset, layout)


def described(data: bytes, begin: int, end: int) -> tuple[int, Described] | None:
    """The offset of an array's items and its header, or None if the items do not fill it exactly.

    The array is between `begin` and `end`; `data` need only contain its header.

    >>> import io
    >>> np.save(file := io.BytesIO(), np.zeros((9, 3)))
    >>> described(file.getvalue(), 0, len(file.getvalue()))
    (128, ((9, 3), dtype('float64'), False))
    """
    if min(end, len(data)) - begin < 10 or data[begin : begin + 8] != _ARRAY:
        return None
    offset = begin + 10 + data[begin + 8] + 256 * data[begin + 9]
    header = _HEADER.fullmatch(data, begin + 10, offset)
    if header is None or offset > len(data):
        return None
    try:
        dtype = np.dtype(header[1].decode())
    except TypeError:  # such as a float of one byte
        return None
    shape = tuple(int(size) for size in header[3].split(b",") if size.strip())
    if math.prod(shape) * dtype.itemsize != end - offset:
        return None
    return offset, (shape, dtype, header[2] == b"True")
