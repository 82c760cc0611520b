"""What an audit found, read from the file that `qagen audit --json` writes."""

from pathlib import Path

import msgspec

LARGEST = 1 << 28
"""Bytes; larger files are no audit."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What a model that sees no video gets right of some rows."""

    rows: int
    accuracy: float
    chance: float
    points: float
    low: float
    high: float
    accused: bool


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The best such model of a category."""

    model: str
    score: Score


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One such model."""

    model: str
    meaning: str
    scores: dict[str, Score]


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a data set without its videos; other fields are passed over."""

    rows: int
    clips: int
    folds: int
    findings: tuple[Finding, ...]
    best: dict[str, Best]


def read(path: Path | str) -> Audit:
    """The audit in a file.

    >>> read("/nowhere.json")
    Traceback (most recent call last):
    ...
    ValueError: /nowhere.json: no such file; expected what `qagen audit DATASET --json` wrote
    """
    file = Path(path)
    expected = "expected what `qagen audit DATASET --json` wrote"
    if not file.is_file():
        raise ValueError(f"{file}: no such file; {expected}")
    if file.stat().st_size > LARGEST:
        raise ValueError(f"{file}: more than {LARGEST:,} bytes; {expected}")
    try:
        return msgspec.json.decode(file.read_bytes(), type=Audit)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file}: {error}; {expected}") from error
