"""Reading packed stores: a sequence of motions whose arrays are views of the mapped files."""

import mmap
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from kinematics.motion import Motion, Source, assembled
from kinematics.store.index import columns_of
from kinematics.store.layout import (
    ARRAY_BYTES,
    CURE,
    MAGIC,
    MANIFEST,
    UNREADABLE,
    Segment,
    padded,
    read_manifest,
)
from kinematics.store.values import check_values

MOST_NAMED: int = 10
"""Clips listed by name in one error; the others are counted."""

_EMPTY: dict[str, Any] = {
    "joints_m": None,
    "camera_orientations_wxyz": None,
    "camera_positions_m": None,
    "body": None,
}
_decode_source = msgspec.msgpack.Decoder(Source).decode


class _Mapped:
    """A mapped segment. Columns are kept as memory views: NumPy is slow at single items."""

    def __init__(self, path: Path, segment: Segment) -> None:
        self.path = path
        self.data = _mapped_bytes(path, segment)
        begin = segment.bytes - segment.index_bytes
        index = self.data[begin:]
        if zlib.crc32(index) != segment.index_checksum:
            raise ValueError(
                f"{path}: the index was altered or damaged, or belongs to another store: its "
                f"checksum does not match. {CURE}"
            )
        try:
            columns = columns_of(index, segment)
        except ValueError as error:
            raise ValueError(f"{path}: {error}. {CURE}") from error
        self.names, self.plans = columns.names, columns.plans
        self.skeletons = columns.skeletons
        self.total_frames = int(columns.frames.sum())
        self.total_s = float(columns.durations_s.sum())
        self.offsets = columns.offsets.data
        self.frames = columns.frames.data
        self.kind_numbers = columns.kind_numbers.data
        self.source_bytes = columns.source_bytes.data
        self.checksums = columns.checksums.data
        self.verified = bytearray(segment.clips)

    def motion(self, row: int) -> Motion:
        """A clip of this segment; its checksum is compared on the first read."""
        if not self.verified[row]:
            self.verify(row)
        at, frames = self.offsets[row], self.frames[row]
        kind = self.kind_numbers[row]
        fields, data = _EMPTY.copy(), self.data
        for name, dtype, frame_shape, frame_bytes in self.plans[kind]:
            fields[name] = np.ndarray((frames, *frame_shape), dtype, data, at)
            at += padded(frames * frame_bytes, ARRAY_BYTES)
        fields["skeleton"] = self.skeletons[kind]
        try:
            fields["source"] = _decode_source(data[at : at + self.source_bytes[row]])
        except UNREADABLE as error:
            raise ValueError(f"{self.where(row)}: its source is invalid ({error})") from error
        # The arrays were checked when they were packed, and their checksum is unchanged.
        return assembled(fields)

    def verify(self, row: int) -> None:
        """Compares a clip's checksum; raises `ValueError`."""
        checksum = zlib.crc32(memoryview(self.data)[self.offsets[row] : self.offsets[row + 1]])
        if checksum != self.checksums[row]:
            raise ValueError(
                f"{self.where(row)}: checksum {checksum:08x}, expected {self.checksums[row]:08x}: "
                f"altered or damaged. {CURE}"
            )
        self.verified[row] = 1

    def release(self) -> None:
        """Frees the pages that were read; on the next access they are read again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self.data.madvise(mmap.MADV_DONTNEED)

    def where(self, row: int) -> str:
        return f"{self.path}: clip {self.names[row]!r} (number {row} of this segment)"


def _mapped_bytes(path: Path, segment: Segment) -> mmap.mmap:
    """The file's mapped bytes; `ValueError` if its size or its first bytes are wrong."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size != segment.bytes:
                raise ValueError(
                    f"{path}: {size:,} bytes, expected {segment.bytes:,}: cut short, or from "
                    f"another store. {CURE}"
                )
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: missing, but {MANIFEST} lists it. {CURE}") from error
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError(
            f"{path}: starts with {data[:27]!r}; expected {MAGIC[:27]!r}: not a segment. {CURE}"
        )
    return data


class Store:
    """The motions of a packed store, in the order in which they were packed; opened by `read`.

    A store is a sequence; motions are selected by number or by the clip's name. Motions are read
    on demand; arrays are read-only views of the mapped files. Later appends appear after the next
    `store.read`.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.listed = read_manifest(self.path).segments
        """The entries of `store.json`, one segment for each append."""
        self._segments = tuple(_Mapped(self.path / entry.file, entry) for entry in self.listed)
        self._firsts = [0]
        for segment in self.listed:
            self._firsts.append(self._firsts[-1] + segment.clips)
        self._numbers: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return self._firsts[-1]

    def __getitem__(self, clip: int | str) -> Motion:
        number = self._number(clip) if isinstance(clip, str) else clip
        if not -len(self) <= number < len(self):
            raise IndexError(f"{self.path}: no clip {number}; there are {len(self)}")
        number %= len(self)
        segment = bisect_right(self._firsts, number) - 1
        return self._segments[segment].motion(number - self._firsts[segment])

    def __iter__(self) -> Iterator[Motion]:
        for segment in self._segments:
            for row in range(len(segment.names)):
                yield segment.motion(row)

    def __reduce__(self) -> tuple[type["Store"], tuple[Path]]:
        return Store, (self.path,)  # a worker opens the files itself

    @property
    def names(self) -> tuple[str, ...]:
        """The clips' names, in order; people of one clip share its name."""
        return tuple(name for segment in self._segments for name in segment.names)

    @property
    def frames(self) -> int:
        """Total frames of all clips."""
        return sum(segment.total_frames for segment in self._segments)

    @property
    def duration_s(self) -> float:
        """Total duration of all clips, each from its first frame to its last."""
        return sum(segment.total_s for segment in self._segments)

    @property
    def size_bytes(self) -> int:
        """Total bytes of all segments."""
        return sum(segment.bytes for segment in self.listed)

    def numbers(self, clip: str) -> tuple[int, ...]:
        """The numbers of the clips with a name; empty if there is none."""
        if not self._numbers:
            for number, name in enumerate(self.names):
                self._numbers.setdefault(name, []).append(number)
        return tuple(self._numbers.get(clip, ()))

    def _number(self, clip: str) -> int:
        numbers = self.numbers(clip)
        if not numbers:
            raise KeyError(f"{self.path}: no clip {clip!r} among {len(self)}")
        if len(numbers) > 1:
            raise KeyError(
                f"{self.path}: {len(numbers)} clips are called {clip!r}; select by number: "
                + ", ".join(map(str, numbers[:MOST_NAMED]))
            )
        return numbers[0]

    def release(self) -> None:
        """Frees the memory of the pages read so far, which would grow to the size of the store.

        Motions stay valid: pages are read from the files again on the next access.
        """
        for segment in self._segments:
            segment.release()

    def verify(self) -> None:
        """Reads all clips and checks their checksums and values.

        One `ValueError` names all damaged clips. Call it on stores of unknown origin too: a
        checksum shows that nothing changed, not that the values were valid.
        """
        problems = []
        for segment in self._segments:
            for row in range(len(segment.names)):
                try:
                    segment.verify(row)
                    check_values(segment.motion(row))
                except ValueError as error:
                    text = str(error)
                    known = text.startswith(str(segment.path))
                    problems.append(text if known else f"{segment.where(row)}: {text}")
        if problems:
            more = len(problems) - MOST_NAMED
            raise ValueError(
                f"{self.path}: {len(problems)} of {len(self)} clips are damaged.\n"
                + "\n".join(f"  - {problem}" for problem in problems[:MOST_NAMED])
                + (f"\n  - and {more} more" if more > 0 else "")
            )


def read(path: Path | str) -> Store:
    """Opens a store; the index is checked now, each clip's checksum on its first read.

    Raises `ValueError` if the folder is not a store, was cut short or altered.

    >>> import tempfile
    >>> from kinematics import store, synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion.renamed(clip="walk")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = store.write([walk], Path(folder, "corpus"))
    ...     opened = store.read(Path(folder, "corpus"))
    ...     len(opened), opened["walk"].frames == walk.frames, np.array_equal(
    ...         opened[0].joints_m, walk.joints_m
    ...     )
    (1, True, True)
    """
    return Store(path)
