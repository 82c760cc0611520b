"""Reads the results of an audit from the file of `qagen audit --json`."""

from pathlib import Path

import msgspec

from qagen.audit.report import Report

LARGEST = 1 << 28
"""Bytes; larger files are refused."""


def read(path: Path | str) -> Report:
    """The audit in a file."""
    file = Path(path)
    expected = "expected the output of `qagen audit DATASET --json`"
    if not file.is_file():
        raise ValueError(f"{file}: no such file; {expected}")
    if file.stat().st_size > LARGEST:
        raise ValueError(f"{file}: more than {LARGEST:,} bytes; {expected}")
    try:
        return msgspec.json.decode(file.read_bytes(), type=Report)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file}: {error}; {expected}") from error
