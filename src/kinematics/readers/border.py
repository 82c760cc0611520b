"""Shared input and output of text and binary readers.

Sizes are checked before files are read, numbers are parsed in bulk, and `refuse` raises one error
with the file, each problem, the expected content and the cure.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Float

MAX_TEXT_BYTES: int = 1024**3
"""Maximum bytes of one text file: three hours of a rig of fifty joints at 120 fps."""

MOST_PROBLEMS: int = 20
"""Problems listed in one error; the others are counted."""

MAX_NUMBER = 1e30
"""Maximum of positions, angles and times; larger numbers overflow when they are squared."""

_SNIFF_BYTES = 4096
_NUMBER = re.compile(rb"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)", re.IGNORECASE)


def refuse(path: Path | str, problems: Sequence[str], *, expected: str, cure: str) -> NoReturn:
    """Raises one `ValueError` that names the file, its problems, the expected content, the cure.

    >>> refuse("a.bvh", ["no frames"], expected="a BVH file", cure="Export it again")
    Traceback (most recent call last):
    ...
    ValueError: a.bvh: expected a BVH file.
      - no frames
    Export it again.
    """
    named = [*problems[:MOST_PROBLEMS]]
    if (more := len(problems) - len(named)) > 0:
        named.append(f"and {more} more problems")
    listed = "\n".join(f"  - {problem}" for problem in named)
    raise ValueError(f"{path}: expected {expected}.\n{listed}\n{cure}.")


def starts(path: Path | str) -> bytes:
    """The first bytes of a file, enough to recognise its format."""
    with Path(path).open("rb") as file:
        return file.read(_SNIFF_BYTES)


def load(path: Path | str, *, most_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """The bytes of a file; a file larger than `most_bytes` raises `ValueError` and is not read."""
    path = Path(path)
    size = path.stat().st_size
    if size > most_bytes:
        raise ValueError(
            f"{path}: {size:,} bytes; expected at most {most_bytes:,}. Split the recording"
        )
    return path.read_bytes()


def numbers(
    text: bytes, problems: list[str], *, first_line: int = 1, gaps: bool = False
) -> Float[np.ndarray, " values"] | None:
    """The numbers of a text; None, and a new entry in `problems`, if it holds anything else.

    Infinite values are problems too, and so is NaN unless the format has `gaps`.

    >>> numbers(b"1 2.5 -3e2", [])
    array([   1. ,    2.5, -300. ])
    >>> numbers(b"1 2", problems := []) is None, numbers(b"1 x", problems) is None, problems
    (False, True, ["line 1: 'x' is no number"])
    """
    if not text.strip():
        return np.zeros(0)
    try:
        values = np.fromstring(text, sep=" ")
    except ValueError:
        problems.append(_first_bad(text, first_line, finite=False))
        return None
    good = np.abs(values) <= MAX_NUMBER
    if gaps:
        good |= np.isnan(values)
    if not good.all():
        where = _first_bad(text, first_line, finite=True, gaps=gaps)
        problems.append(f"{where} ({int((~good).sum())} in all)")
        return None
    return values


def _first_bad(text: bytes, first_line: int, *, finite: bool, gaps: bool = False) -> str:
    """The line of the first word that is not a number, or not of a possible size."""
    for number, line in enumerate(text.split(b"\n"), start=first_line):
        for word in line.split():
            shown = ascii(word[:40].decode("latin-1"))
            if not _NUMBER.fullmatch(word):
                return f"line {number}: {shown} is no number"
            value = float(word)
            fits = abs(value) <= MAX_NUMBER or (gaps and np.isnan(value))
            if finite and not fits:
                return f"line {number}: {shown} is not finite, or too large"
    return "a value is no number"


def write_whole(path: Path | str, text: str) -> None:
    """Writes a text file atomically."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(text.encode())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
