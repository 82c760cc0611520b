"""Questions as data of the page, and the columns of the list of questions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from qagen.report.lanes import on_path, signal_of
from qagen.report.predictions import Prediction, Predictions
from qagen.schema.question import Evidence
from qagen.schema.record import Record
from qagen.study.explain import in_words

RIGHT, WRONG, NO_ANSWER, NOT_ASKED, NOT_SCORED = "+-0 ~"
"""Outcomes of a question, a character per file of predictions."""

LEAST_BAND = 1e-9
"""Smaller bands count as zero."""

MARGINS: tuple[float, ...] = (1.5, 3.0, 10.0)
"""Bounds of the page's classes of margins, in multiples of the least margin."""


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A measured value, with its timeline and times."""

    what: str
    value: str
    start: float
    end: float
    lane: str = ""
    path: bool = False


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """A model's answer; `place` is null if no answer could be parsed."""

    model: int
    place: int | None
    reply: str


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Data of a question besides its list entry."""

    id: str
    question: str
    options: tuple[str, ...]
    key: int
    reference: str = ""
    """Of a question for free text, which has no options."""
    claims: tuple[str, ...] = ()
    chance: float
    rule: str
    person: str
    frame: str
    evidence: list[Piece]
    margin: str
    band: str
    times: float
    """Margin in multiples of the least margin."""
    reasoning: tuple[str, ...]
    certificate: dict[str, Any] | None = None
    answered: list[Answered] = []


class Listed(NamedTuple):
    """A question in the list."""

    id: str
    stem: str
    clip: int
    task: int
    family: int
    split: int
    margin: float
    models: str


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Some questions of the list, by columns; repeated texts are stored once."""

    ids: list[str]
    stems: list[str]
    stem: list[int]
    clip: list[int]
    task: list[int]
    family: list[int]
    split: list[int]
    margin: list[float]
    models: list[str]


def times_needed(row: Record) -> float:
    """The margin in multiples of the least that the rule needs; 0 if it needs none."""
    return round(row.margin.value / row.margin.band, 2) if row.margin.band > LEAST_BAND else 0.0


def shown(row: Record, models: Sequence[Predictions] = ()) -> Shown:
    """A question for the page."""
    answered = []
    for number, model in enumerate(models):
        given = model.answers.get(row.id)
        if given is not None:
            answered.append(Answered(number, given.place, given.reply))
    return Shown(
        id=row.id,
        question=row.question,
        options=row.options,
        key=row.answer_index,
        reference=row.reference,
        claims=row.claims,
        chance=round(row.chance, 4),
        rule=row.ask.rule,
        person=row.descriptor,
        frame=row.frame,
        evidence=[_piece(evidence) for evidence in row.evidence],
        margin=in_words(row.margin.value, row.margin.unit),
        band=in_words(row.margin.band, row.margin.unit),
        times=times_needed(row),
        reasoning=row.reasoning,
        certificate=None if row.certificate is None else msgspec.to_builtins(row.certificate),
        answered=answered,
    )


def _piece(evidence: Evidence) -> Piece:
    return Piece(
        what=evidence.what.replace("_", " "),
        value=in_words(evidence.value, evidence.unit),
        start=round(evidence.start_s, 3),
        end=round(evidence.end_s, 3),
        lane=signal_of(evidence.what),
        path=on_path(evidence.what),
    )


def outcome(row: Record, given: Prediction | None) -> str:
    """The outcome of a model's answer, as a character."""
    if given is None:
        return NOT_ASKED
    if row.is_text:
        return NOT_SCORED
    if given.place is None:
        return NO_ANSWER
    return RIGHT if given.place == row.answer_index else WRONG


def columns(items: Sequence[Listed]) -> Columns:
    """A piece of the list.

    >>> items = [Listed("a", "Up?", 0, 1, 2, 0, 1.5, ""), Listed("b", "Up?", 3, 1, 2, 0, 2.5, "")]
    >>> made = columns(items)
    >>> made.stems, made.stem, made.clip
    (['Up?'], [0, 0], [0, 3])
    """
    stems: dict[str, int] = {}
    numbers = [stems.setdefault(item.stem, len(stems)) for item in items]
    return Columns(
        ids=[item.id for item in items],
        stems=list(stems),
        stem=numbers,
        clip=[item.clip for item in items],
        task=[item.task for item in items],
        family=[item.family for item in items],
        split=[item.split for item in items],
        margin=[item.margin for item in items],
        models=[item.models for item in items],
    )
