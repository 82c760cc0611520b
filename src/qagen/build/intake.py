"""The input of a build, in chunks: a folder of motions, a file of facts, or a packed store.

The bounds of chunks depend on the input alone. The only module that reads or measures motions; it
imports the modules for that when the first motion is read. Three kinds of input share the chunks,
so the file is longer than most.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from kinematics import facts as facts_of
from kinematics.facts import Frame, MotionFacts
from kinematics.intake import read
from kinematics.terminal import reading
from qagen.build.chunks import Unreadable

if TYPE_CHECKING:
    from kinematics.motion import Motion
    from kinematics.store import Store

LEAST_CHUNK, MOST_CHUNK = 16, 1024
"""Units in a chunk: few enough to share the work, enough to be measured together."""

MEASURED_TOGETHER = 256
"""Motions that fill the batches of a measurement; fewer take nearly as long."""

CHUNKS_WANTED = 32
"""Approximate number of chunks of a small input."""


class Measured(NamedTuple):
    """The facts of one motion and their source."""

    facts: MotionFacts
    source: str
    digest: str
    motion: "Motion | None" = None
    """The motion as measured; only when requested."""


class Taken(NamedTuple):
    """The results of one chunk's units."""

    measured: list[Measured]
    files: list[tuple[str, str]]
    unreadable: list[Unreadable]
    others: int = 0
    """Files of a folder that hold no motion of a known format."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A scanned input: its units, and the start of each chunk."""

    kind: Literal["folder", "facts", "store"]
    root: Path
    frame: Frame
    units: int
    """Files, lines of facts or clips of a store."""
    starts: tuple[int, ...]
    """For each chunk its first unit, or first byte in a facts file; then the end of the last."""
    files: tuple[Path, ...] = ()
    fingerprint: str = ""
    """Hash of the names and sizes of all files; equal inputs have equal fingerprints."""

    @property
    def chunks(self) -> int:
        """The number of chunks."""
        return len(self.starts) - 1


def look_over(path: Path, *, frame: Frame, together: int = LEAST_CHUNK) -> Intake:
    """Scans the input at a path without reading motions; raises `ValueError` for unknown input.

    Chunks hold at least `together` motions, where there are so many.

    >>> look_over(Path("no such folder"), frame="first_heading")
    Traceback (most recent call last):
    ...
    ValueError: no such folder: no such file or folder
    """
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    if path.is_file() and path.suffix == ".jsonl":
        return _look_over_facts(path, frame=frame)
    if _holds_store(path):
        return _look_over_store(path, frame=frame, together=together)
    return _look_over_motions(path, frame=frame, together=together)


def _holds_store(path: Path) -> bool:
    if not path.is_dir():
        return False
    from kinematics import store

    return store.recognise(path)


def _look_over_store(path: Path, *, frame: Frame, together: int) -> Intake:
    from kinematics import store

    opened = store.read(path)
    if not len(opened):
        raise ValueError(f"{path}: no motion in it; pack some with `kinematics pack`")
    digest = hashlib.blake2b(digest_size=16)
    for segment in opened.listed:
        digest.update(f"{segment.clips} {segment.bytes} {segment.index_checksum}\n".encode())
    return Intake(
        kind="store",
        root=path,
        frame=frame,
        units=len(opened),
        starts=tuple(_bounds(len(opened), least=together)),
        fingerprint=digest.hexdigest(),
    )


def _bounds(units: int, *, least: int = LEAST_CHUNK) -> list[int]:
    """The first unit of every chunk, and the end; independent of the number of workers."""
    size = min(MOST_CHUNK, max(least, -(-units // CHUNKS_WANTED)))
    return [*range(0, units, size), units]


def _look_over_motions(path: Path, *, frame: Frame, together: int) -> Intake:
    from kinematics import readers

    root = path if path.is_dir() else path.parent
    files = readers.find([path])
    if not files:
        raise ValueError(f"{path}: no motion file ({', '.join(sorted(readers.SUFFIXES))}) in it")
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        size = sum(part.stat().st_size for part in _parts(file))
        digest.update(f"{file.relative_to(root).as_posix()}\n{size}\n".encode())
    return Intake(
        kind="folder",
        root=root,
        frame=frame,
        units=len(files),
        starts=tuple(_bounds(len(files), least=together)),
        files=tuple(files),
        fingerprint=digest.hexdigest(),
    )


def _look_over_facts(path: Path, *, frame: Frame) -> Intake:
    digest = hashlib.blake2b(digest_size=16)
    offsets, at = [], 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
            if line.strip():
                offsets.append(at)
            at += len(line)
    if not offsets:
        raise ValueError(f"{path}: no facts in it; expected one line of facts a clip")
    bounds = _bounds(len(offsets))
    return Intake(
        kind="facts",
        root=path,
        frame=frame,
        units=len(offsets),
        starts=(*(offsets[i] for i in bounds[:-1]), at),
        fingerprint=digest.hexdigest(),
    )


def take(intake: Intake, chunk: int, *, with_motions: bool = False) -> Taken:
    """The measured units of one chunk; the result does not depend on the worker.

    `with_motions` adds the motions, except for facts, which come without.
    """
    if intake.kind == "facts":
        return _take_facts(intake, chunk)
    taken = _take_stored if intake.kind == "store" else _take_motions
    return taken(intake, chunk, with_motions=with_motions)


def _kept(motions: "Sequence[Motion]", *, wanted: bool) -> "Sequence[Motion | None]":
    """The motions as measured, which certificates need, or none."""
    from kinematics.movement import batch

    return [batch.sampled(motion) if wanted else None for motion in motions]


def _take_facts(intake: Intake, chunk: int) -> Taken:
    start, end = intake.starts[chunk : chunk + 2]
    with intake.root.open("rb") as file:
        file.seek(start)
        lines = file.read(end - start).splitlines()
    measured, seen = [], []
    for line in filter(None, map(bytes.strip, lines)):
        try:
            one = facts_of.from_line(line)
        except (ValueError, msgspec.DecodeError) as error:
            raise ValueError(f"{intake.root}, after byte {start:,}: {error}") from error
        if one.frame != intake.frame:
            raise ValueError(
                f"{intake.root}: {one.clip} was measured in the frame {one.frame}, and questions "
                f"in {intake.frame} were asked for; give --frame {one.frame}, or measure again"
            )
        digest = hashlib.blake2b(line, digest_size=16).hexdigest()
        measured.append(Measured(one, one.path, digest))
        seen.append((f"{one.clip}#{one.person}", digest))
    return Taken(measured, seen, [])


@lru_cache(maxsize=1)
def _opened(path: Path, _fingerprint: str) -> "Store":
    """Keeps a store open from one chunk to the next."""
    from kinematics import store

    return store.read(path)


def _take_stored(intake: Intake, chunk: int, *, with_motions: bool) -> Taken:
    from kinematics.movement import measurement

    start, end = intake.starts[chunk : chunk + 2]
    opened = _opened(intake.root, intake.fingerprint)
    motions: list[Motion] = []
    files, unreadable = [], []
    for number in range(start, end):
        try:
            with reading(intake.root / opened.names[number]):
                motion = opened[number]
            _check_cameras([motion], intake.frame)
        except (ValueError, OSError) as error:
            reason = str(error).replace(f"{intake.root}/", "")
            unreadable.append(Unreadable(opened.names[number], reason))
            continue
        motions.append(motion)
        name = f"{motion.source.clip}#{motion.source.person}"
        files.append((name, _digest(motion)))
    all_facts = measurement.measure_all(motions, frame=intake.frame)
    kept = _kept(motions, wanted=with_motions)
    measured = [
        Measured(one, one.path, digest, motion)
        for one, (_, digest), motion in zip(all_facts, files, kept, strict=True)
    ]
    opened.release()
    return Taken(measured, files, unreadable)


def _digest(motion: "Motion") -> str:
    """A hash of the observations, frame by frame."""
    digest = hashlib.blake2b(digest_size=16)
    for array in (motion.orientations_wxyz, motion.positions_m, motion.times_s, motion.joints_m):
        if array is not None:
            digest.update(memoryview(array).cast("B"))  # type: ignore[arg-type]
    return digest.hexdigest()


def _take_motions(intake: Intake, chunk: int, *, with_motions: bool) -> Taken:
    from kinematics import readers
    from kinematics.movement import measurement

    start, end = intake.starts[chunk : chunk + 2]
    motions: list[Motion] = []
    sources: list[tuple[str, str]] = []
    files, unreadable, others = [], [], 0
    for path in intake.files[start:end]:
        source = path.relative_to(intake.root).as_posix()
        try:
            found = read(path)
            _check_cameras(found, intake.frame)
            digest = _file_digest(path)
        except readers.UnknownFormatError:
            others += 1  # folders hold other files too
            continue
        except (ValueError, OSError) as error:
            reason = str(error).replace(f"{intake.root}/", "")
            unreadable.append(Unreadable(source, reason))
            continue
        files.append((source, digest))
        motions += found
        sources += [(source, digest)] * len(found)
    all_facts = measurement.measure_all(motions, frame=intake.frame)
    rows = zip(all_facts, sources, _kept(motions, wanted=with_motions), strict=True)
    measured = [Measured(one, source, digest, motion) for one, (source, digest), motion in rows]
    return Taken(measured, files, unreadable, others)


def _parts(path: Path) -> list[Path]:
    """The files of a motion: one, or those of a folder with a file for each frame."""
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    return [path]


def _file_digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(path):
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _check_cameras(motions: "Sequence[Motion]", frame: Frame) -> None:
    if frame == "camera" and any(motion.camera_positions_m is None for motion in motions):
        raise ValueError("no camera poses, which the frame `camera` needs")


def parts_of(intake: Intake, *, shard: int, of: int) -> Iterator[int]:
    """The chunks of one shard; all shards together make each chunk once.

    >>> intake = Intake(
    ...     kind="facts", root=Path(), frame="body", units=9, starts=(0, 3, 6, 8, 9)
    ... )
    >>> [list(parts_of(intake, shard=shard, of=3)) for shard in (1, 2, 3)]
    [[0, 3], [1], [2]]
    """
    return iter(range(shard - 1, intake.chunks, of))
