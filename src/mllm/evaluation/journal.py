"""A crash-safe file of JSON lines: each is written whole before the next.

One process writes at a time. Written lines survive `kill -9`; a last line that was cut short by
it, or by a full disk, is removed when the file is opened again.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

import msgspec

from kinematics import output

_Line = TypeVar("_Line", bound=msgspec.Struct)


class Journal(Generic[_Line]):
    """An append-only file of lines; use it in a `with` statement."""

    def __init__(self, path: Path, kind: type[_Line]) -> None:
        self.path = path
        self._encoder = msgspec.json.Encoder()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            self._lock()
            self.lines: list[_Line] = self._recovered(kind)
            """The lines that the file held when it was opened."""
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> "Journal[_Line]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def add(self, line: _Line) -> None:
        """Appends one line; when the disk is full, no part of it is left behind."""
        data = self._encoder.encode(line) + b"\n"
        end = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, data)
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            os.ftruncate(self._file, end)
            raise OSError(error.errno, error.strerror, str(self.path)) from error

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(
                f"{self.path}: another process is writing it; wait for it, or end it first"
            ) from error

    def _recovered(self, kind: type[_Line]) -> list[_Line]:
        with open(self._file, "rb", closefd=False) as file:
            data = file.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.ftruncate(self._file, whole)
        return decoded(data[:whole], kind, path=self.path)


def decoded(data: bytes, kind: type[_Line], *, path: Path) -> list[_Line]:
    """The decoded lines of a file; a `ValueError` names the file and the line.

    >>> class Note(msgspec.Struct):
    ...     word: str
    >>> decoded(b'{"word": "a"}', Note, path=Path("notes.jsonl"))
    [Note(word='a')]
    """
    decoder = msgspec.json.Decoder(kind)
    lines = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            lines.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{path}, line {number}: {error}; take the line out to have it made again"
            ) from error
    return lines


def write(path: Path, lines: Iterable[msgspec.Struct]) -> None:
    """Writes a file of lines atomically.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder, "none.jsonl"), [])
    ...     Path(folder, "none.jsonl").read_bytes()
    b''
    """
    encoder = msgspec.json.Encoder()
    output.write_bytes(path, b"".join(encoder.encode(line) + b"\n" for line in lines))


def settle(path: Path, what: msgspec.Struct, *, of: str) -> None:
    """Writes the settings of a folder; raises `ValueError` if it was made with other settings.

    >>> import tempfile
    >>> class Note(msgspec.Struct):
    ...     seed: int
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "note.json")
    ...     for seed in (1, 1, 2):
    ...         settle(path, Note(seed), of="notes")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: ...: holds notes that were made with other settings; give another --out, or ...
    """
    data = msgspec.json.format(msgspec.json.encode(what), indent=1) + b"\n"
    if path.is_file() and path.read_bytes() != data:
        raise ValueError(
            f"{path.parent}: holds {of} that were made with other settings; give another --out, or "
            "the same settings"
        )
    output.write_bytes(path, data)
