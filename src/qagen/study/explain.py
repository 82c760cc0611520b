"""Explains one row of a data set in words: question, answer and measurements.

`figures` draws the accompanying picture.
"""

import math
from collections.abc import Iterator
from pathlib import Path

from qagen.dataset import layout
from qagen.dataset.layout import Clip
from qagen.dataset.splits import SPLITS
from qagen.schema import record
from qagen.schema.question import Evidence, Unit
from qagen.schema.record import LETTERS, Certificate, Record

LEAST_DIGITS = 4
"""Shortest prefix of an id that is accepted, if it is unique."""


def find(folder: Path | str, row_id: str) -> tuple[Record, Clip]:
    """The row with an id, or a unique prefix of one, and its clip.

    Raises `ValueError` when there is none, or more than one.

    >>> find("/nowhere", "0123abcd")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json; ...
    """
    layout.read_manifest(folder)
    if len(row_id) < LEAST_DIGITS:
        raise ValueError(f"{row_id!r}: expected at least {LEAST_DIGITS} digits of an id")
    found = list(_with_id(Path(folder), row_id.lower()))
    if not found:
        raise ValueError(
            f"{folder}: no row whose id begins with {row_id!r}; ids stand at the beginning of "
            f"every line of {', '.join(f'{split}.jsonl' for split in SPLITS)}"
        )
    if len(found) > 1:
        raise ValueError(
            f"{folder}: {len(found)} rows whose ids begin with {row_id!r}: "
            + ", ".join(row.id for row in found[:5])
        )
    for clip in layout.clips(folder):
        if (clip.clip, clip.person) == (found[0].clip, found[0].person):
            return found[0], clip
    raise ValueError(f"{folder}: {layout.CLIPS} does not name {found[0].clip}; build it again")


def _with_id(folder: Path, start: str) -> Iterator[Record]:
    wanted = f'"id":"{start}'.encode()
    for split in SPLITS:
        with (folder / f"{split}.jsonl").open("rb") as file:
            for line in file:
                if wanted in line[:64]:
                    yield record.from_line(line)


def in_words(value: float, unit: Unit) -> str:
    """A measured value as people write it.

    >>> in_words(1.5708, "rad"), in_words(2.0, "m"), in_words(3.0, "count")
    ('90°', '2.00 m', '3')
    """
    match unit:
        case "rad":
            return f"{math.degrees(value):.0f}°"
        case "rad/s":
            return f"{math.degrees(value):.0f}°/s"
        case "count":
            return f"{value:g}"
        case "share":
            return f"{value:.0%}"
        case _:
            return f"{value:.2f} {unit}"


def evidence_line(evidence: Evidence) -> str:
    """One measured value and its time.

    >>> evidence_line(Evidence(what="left", value=1.2, unit="m", start_s=0.5, end_s=2.0))
    'left: 1.20 m, 0.50 to 2.00 s'
    """
    what = evidence.what.replace("_", " ")
    value = in_words(evidence.value, evidence.unit)
    return f"{what}: {value}, {evidence.start_s:.2f} to {evidence.end_s:.2f} s"


def _certified(given: Certificate | None) -> list[str]:
    if given is None:
        return []
    if not given.copies:
        return [f"  certified: the errors of {given.model} do not reach beyond the margin"]
    return [
        f"  certified: {given.agreement:.0%} of {given.copies} copies with errors of "
        f"{given.model} give this answer; of all, at least {given.at_least:.1%}"
    ]


def _reference(row: Record) -> Iterator[str]:
    yield f"  Reference: {row.reference}"
    for claim in row.claims:
        yield f"  - {claim}"


def text(row: Record, clip: Clip) -> str:
    """Everything about a row, a paragraph each."""
    options = (
        f"  {letter}. {option}{'   <- right' if place == row.answer_index else ''}"
        for place, (letter, option) in enumerate(zip(LETTERS, row.options, strict=False))
    )
    person = f", person {row.person}" if row.person else ""
    margin = row.margin
    return "\n".join(
        [
            f"{row.id}  {row.task}: {row.family}  ({row.suite}, {clip.split})",
            f"{row.clip}{person}, {clip.duration_s:.2f} s, from {row.source or 'an unnamed file'}; "
            f"group {row.group!r}",
            "",
            row.question,
            *(_reference(row) if row.is_text else options),
            "",
            "Measured",
            *(f"  {evidence_line(one)}" for one in row.evidence),
            f"  margin {in_words(margin.value, margin.unit)} from another answer, at least "
            f"{in_words(margin.band, margin.unit)} needed",
            *_certified(row.certificate),
            "",
            "Reasoning",
            *(f"  {sentence}" for sentence in row.reasoning),
            "",
            f"Asked by the rule {row.ask.rule} in the frame of reference {row.frame}; "
            + ("free text" if row.is_text else f"guessing is right {row.chance:.0%} of the time"),
        ]
    )
