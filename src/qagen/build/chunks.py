"""The intermediate files of a build: one for each chunk of clips, in a folder removed at the end.

Chunks are written atomically and do not depend on the worker, so any number of workers on any
number of machines can share the work, and a build that was killed loses no finished chunk.
"""

import contextlib
import hashlib
import os
import shutil
import struct
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

import msgspec

from kinematics import output
from qagen.build.select import Kind
from qagen.dataset.layout import CLIPS, MANIFEST, SIDES, Clip, Recipe, read_manifest
from qagen.dataset.splits import Split
from qagen.schema.certificates import Yield

WORK = ".build"
"""Folder inside the data set's folder that exists while the build is unfinished."""

MOST_WAITING_BYTES = 1 << 24
"""Rows of an unfinished chunk that are held in memory; more are spooled to a file."""

PUBLISHING = "publishing"
"""File that exists while finished files move into place: files there are then the build's own."""

_PLAN = "plan.json"
_LENGTH = struct.Struct("<QQ")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The recipe, input and versions that all workers of a build have to share."""

    recipe: Recipe
    inputs: str
    """Fingerprint of the names and sizes of the input files."""
    versions: dict[str, str]
    chunks: int


class Columns(msgspec.Struct, frozen=True, array_like=True):
    """One clip's questions, each at the same index of every column."""

    kinds: list[int]
    """Indices into the chunk's table of kinds."""
    draws: list[int]
    letters: list[int]
    sizes: list[int]
    """Sizes in bytes of the rows, which are consecutive in the chunk's file."""


class Named(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The names of a clip that decide its group."""

    clip: str
    person: int
    take: str
    subject: str
    source: str
    duration_s: float
    thresholds: str

    @property
    def name(self) -> str:
        """A name that is unique among clips and persons."""
        return f"{self.clip}#{self.person}"


class AskedClip(msgspec.Struct, frozen=True, kw_only=True):
    """A clip with its questions; the rows themselves stay in the file."""

    clip: Named
    line: bytes
    """The clip as a line of `clips.jsonl`, before its group and side are known."""
    track: tuple[float, ...] | None
    """For `same_motion`: the duration and the positions."""
    columns: Columns


class Unreadable(msgspec.Struct, frozen=True, array_like=True):
    """A file without a readable motion, and why."""

    source: str
    reason: str


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one chunk."""

    kinds: list[Kind]
    clips: list[AskedClip]
    files: list[tuple[str, str]]
    """Every file that was read, and a hash of its bytes."""
    unreadable: list[Unreadable]
    others: int
    """Files that hold no motion of a known format."""
    rejections: dict[str, int]
    """By task and reason, separated by a slash."""
    withheld: dict[str, int]
    yields: dict[str, Yield]
    """The yield of certification for each task; empty without certification."""


def asked_clip(clip: Clip, *, track: tuple[float, ...] | None, columns: Columns) -> AskedClip:
    """A clip with its questions, as chunks store it."""
    named = Named(
        clip=clip.clip,
        person=clip.person,
        take=clip.take,
        subject=clip.subject,
        source=clip.source,
        duration_s=clip.duration_s,
        thresholds=clip.thresholds,
    )
    return AskedClip(clip=named, line=_encode_line(clip), track=track, columns=columns)


_NOWHERE = b'"group":"","split":"train"'
"""No text inside a line can match: its quotes would be escaped."""


def finished_line(asked: AskedClip, *, group: str, split: Split) -> bytes:
    """The line of a clip whose group and side are known."""
    known = b'"group":' + _encode_line(group) + b',"split":' + _encode_line(split)
    return asked.line.replace(_NOWHERE, known, 1)


_encode_line = msgspec.json.Encoder().encode
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Chunk)


def fingerprint(plan: Plan) -> str:
    """A hash of everything that determines a data set."""
    data = msgspec.json.encode(plan, order="deterministic")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def check_folder(
    out_dir: Path, plan: Plan, *, inputs: Iterable[Path] = (), overwrite: bool = False
) -> None:
    """Raises `ValueError` where files would be replaced that are not of the same plan."""
    finished = [name for name in (*SIDES, CLIPS, MANIFEST) if (out_dir / name).exists()]
    if finished:
        own = (out_dir / WORK / PUBLISHING).is_file() or _finished_plan(out_dir) == fingerprint(
            plan
        )
    else:
        own = _under_way(out_dir)
    output.check_folder(
        out_dir, own=own, command="qagen build", inputs=inputs, overwrite=overwrite,
        replaced=", ".join((*SIDES, CLIPS, MANIFEST)),
    )  # fmt: skip
    if (out_dir / WORK).exists() and not _under_way(out_dir):
        raise ValueError(f"{out_dir / WORK}: not of `qagen build`; remove it, or name a new folder")


def _finished_plan(out_dir: Path) -> str:
    try:
        return read_manifest(out_dir).plan
    except ValueError:
        return ""


def _under_way(out_dir: Path) -> bool:
    """Whether there is an unfinished build, even before its plan is written."""
    names = [path.name for path in out_dir.glob(f"{WORK}/*")]
    return (out_dir / WORK).is_dir() and (
        _PLAN in names or all(name.endswith(".partial") for name in names)
    )


def claim(out_dir: Path, plan: Plan) -> Path:
    """The folder for this plan's chunks, new or with the chunks that exist already.

    Raises `ValueError` when another plan is under way there. Safe for concurrent processes.
    """
    work = out_dir / WORK
    work.mkdir(parents=True, exist_ok=True)
    data = msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n"
    fresh = work / f"{_PLAN}.{os.getpid()}.partial"
    fresh.write_bytes(data)
    try:
        os.link(fresh, work / _PLAN)  # fails if another process was first
    except FileExistsError:
        _check_same(out_dir, read_plan(out_dir), plan)
    finally:
        fresh.unlink()
    return work


def _check_same(out_dir: Path, there: Plan, wanted: Plan) -> None:
    old, new = _flat(msgspec.to_builtins(there)), _flat(msgspec.to_builtins(wanted))
    if changed := sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)):
        shown = "; ".join(f"{key} was {old.get(key)!r}, is {new.get(key)!r}" for key in changed[:5])
        raise ValueError(
            f"{out_dir}: holds an unfinished build of something else: {shown}. Finish it with the "
            "options it was begun with, or give --restart to throw it away"
        )


def _flat(values: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(values, dict):
        return {name: values}
    inner = (_flat(value, f"{name}.{key}".strip(".")) for key, value in values.items())
    return {key: value for part in inner for key, value in part.items()}


def read_plan(out_dir: Path) -> Plan:
    """The plan of an unfinished build; raises `ValueError` where none is under way."""
    path = out_dir / WORK / _PLAN
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except FileNotFoundError:
        raise ValueError(
            f"{out_dir}: no unfinished build; expected a folder that `qagen build --shard` wrote"
        ) from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}. Give --restart to begin again") from error


def path_of(work: Path, number: int) -> Path:
    """The path of a chunk, written or not.

    >>> path_of(Path("work"), 7).name
    '000007.chunk'
    """
    return work / f"{number:06d}.chunk"


def missing(work: Path, count: int) -> list[int]:
    """The numbers of the chunks that are not written yet."""
    return [number for number in range(count) if not path_of(work, number).is_file()]


def waiting_rows(path: Path) -> IO[bytes]:
    """A buffer for rows until their chunk is written; in memory while they are few."""
    return tempfile.SpooledTemporaryFile(max_size=MOST_WAITING_BYTES, dir=str(path.parent))


def write(path: Path, chunk: Chunk, rows: IO[bytes]) -> None:
    """Writes a chunk atomically."""
    index = _encoder.encode(chunk)
    with output.whole(path) as partial, partial.open("wb") as file:
        file.write(_LENGTH.pack(len(index), rows.tell()))
        file.write(index)
        rows.seek(0)
        shutil.copyfileobj(rows, file)


def _lengths(path: Path, start: bytes) -> tuple[int, int]:
    lengths = _LENGTH.unpack(start) if len(start) == _LENGTH.size else (0, 0)
    expected, there = _LENGTH.size + sum(lengths), path.stat().st_size
    if expected != there or not lengths[0]:
        raise ValueError(
            f"{path}: {there:,} bytes, expected {expected:,}: the file was cut short. Delete it "
            "and give the same command again"
        )
    return lengths


def read(path: Path) -> Chunk:
    """A chunk without its rows."""
    with path.open("rb") as file:
        index, _ = _lengths(path, file.read(_LENGTH.size))
        try:
            return _decoder.decode(file.read(index))
        except msgspec.DecodeError as error:
            raise ValueError(
                f"{path}: {error}. Delete it and give the same command again"
            ) from error


class Rows:
    """Reads the rows of a chunk one by one, in the order of its clips and their columns."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._at = file, start

    def pass_over(self, size: int) -> None:
        """Skips the next row, of `size` bytes."""
        self._at += size

    def take(self, size: int) -> bytes:
        """The next row, of `size` bytes."""
        self._file.seek(self._at)
        self._at += size
        return self._file.read(size)


@contextlib.contextmanager
def open_rows(path: Path) -> Iterator[Rows]:
    """A context with the rows of a chunk."""
    with path.open("rb") as file:
        index, _ = _lengths(path, file.read(_LENGTH.size))
        yield Rows(file, _LENGTH.size + index)


def drop(out_dir: Path) -> None:
    """Removes the intermediate files of a build, if there are any."""
    if _under_way(out_dir):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(out_dir / WORK)
