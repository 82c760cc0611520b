"""Reads rows from data sets of this project and from third-party `.json` and `.jsonl` files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from qagen.audit import foreign
from qagen.audit.rows import Row, from_record
from qagen.dataset import layout
from qagen.schema import record
from qagen.schema.record import Record

ENDINGS = (".jsonl", ".json")

MOST_BYTES = 2_000_000_000
"""Largest `.json` file; it is read as a whole."""

MOST_PROBLEMS = 10

TEXT = "free text"
"""Reason for leaving out a row of a data set: it has no options."""

LISTS = ("data", "questions", "annotations", "items", "samples", "rows", "examples", "qa_pairs")
"""Keys that hold the list of questions where a file is a dictionary."""


class Loaded(NamedTuple):
    """The rows that could be read, and the others by reason."""

    rows: list[Row]
    left_out: dict[str, int]
    """Rows that are no multiple-choice question with an answer, by reason."""


def read(path: Path | str) -> Loaded:
    """The rows of a data set: its folder, or a file or folder of `.json` and `.jsonl` files.

    The name of a file is its side of the split. One `ValueError` names everything that cannot be
    read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "test.json").write_text(
    ...         '[{"video": "a", "question": "Left?", "answer": "Yes"}, {"question": "Far?"}]')
    ...     loaded = read(folder)
    >>> loaded.rows[0].options, loaded.rows[0].split, loaded.left_out
    (('Yes', 'No'), 'test', {'no answer': 1})
    """
    path = Path(path)
    if (path / layout.MANIFEST).is_file():
        layout.read_manifest(path)
        made = [_of_record(one, split=side) for side, one in layout.rows(path)]
        return _sorted(path, made)
    files = _files(path)
    found: list[Row | str] = []
    problems: list[str] = []
    for file in files:
        side = _side(file)
        try:
            for number, item in enumerate(_items(file, problems)):
                found.append(_row(item, split=side, number=number))
        except (ValueError, msgspec.DecodeError) as error:
            problems.append(f"{file}: {error}")
    if problems:
        more = f"; and {len(problems) - MOST_PROBLEMS} more" * (len(problems) > MOST_PROBLEMS)
        raise ValueError(
            f"{'; '.join(problems[:MOST_PROBLEMS])}{more}. Expected one JSON object a line "
            "(.jsonl), or a list of objects (.json)"
        )
    return _sorted(path, found)


def _sorted(path: Path, rows_or_reasons: Iterable[Row | str]) -> Loaded:
    """Rows, and counts of the reasons for others; raises `ValueError` when there are no rows."""
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for row in rows_or_reasons:
        if isinstance(row, str):
            left_out[row] += 1
        else:
            rows.append(row)
    if not rows:
        why = ", ".join(f"{reason}: {n} rows" for reason, n in left_out.items()) or "no rows"
        raise ValueError(
            f"{path}: no multiple-choice question with an answer ({why}); expected objects with "
            "question, options and answer, or conversations with lettered options"
        )
    return Loaded(rows, dict(left_out))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ValueError(f"{path}: no such file or folder")
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS)
    if not files:
        raise ValueError(f"{path}: no {' or '.join(ENDINGS)} file; expected rows of questions")
    return files


def _side(file: Path) -> str:
    name = file.stem.lower()
    return next((side for side in ("train", "val", "test") if side in name), name)


def _items(file: Path, problems: list[str]) -> Iterator[tuple[Any, str]]:
    """The objects of a file, each with the side of the split that its list is named after."""
    if file.suffix.lower() == ".jsonl":
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    try:
                        yield msgspec.json.decode(line), ""
                    except msgspec.DecodeError as error:
                        problems.append(f"{file}, line {number}: {error}")
        return
    if file.stat().st_size > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES:,} bytes; write it as .jsonl")
    yield from _listed(msgspec.json.decode(file.read_bytes()))


def _listed(data: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(data, list):
        yield from ((item, "") for item in data)
        return
    if not isinstance(data, dict):
        raise ValueError(f"a {type(data).__name__}")
    for name in LISTS:
        if isinstance(data.get(name), list):
            yield from ((item, "") for item in data[name])
            return
    for name, value in data.items():
        if isinstance(value, dict):
            yield {"id": name, **value}, ""
        elif isinstance(value, list):
            yield from ((item, name) for item in value)


def _of_record(record: Record, *, split: str) -> Row | str:
    return TEXT if record.is_text else from_record(record, split=split)


def _row(item: tuple[Any, str], *, split: str, number: int) -> Row | str:
    content, side = item
    if not isinstance(content, Mapping):
        return "no object"
    if {"schema_version", "option_codes", "ask"} <= content.keys():
        line = msgspec.json.encode(content)
        return _of_record(record.from_line(line), split=side or split)
    return foreign.to_row(content, split=side or split, number=number)
