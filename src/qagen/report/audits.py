"""What an audit found, read from the file that `qagen audit --json` writes."""

from pathlib import Path

import msgspec

from qagen.audit.report import Report

LARGEST = 1 << 28
"""Bytes; larger files are no audit."""


def read(path: Path | str) -> Report:
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
        return msgspec.json.decode(file.read_bytes(), type=Report)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file}: {error}; {expected}") from error
