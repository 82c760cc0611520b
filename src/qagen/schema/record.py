"""`Record`: a question as a row of a data set, with everything that is needed to check it.

A question has options, of which one is right, or asks for free text and has a reference text.

Plain data: `.jsonl` files of one record a line, which a person can open. The `id` is a hash of the
rest, so a row that was changed by hand no longer fits its name.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kinematics.facts import Frame
from qagen.schema.question import Ask, Evidence, Margin
from qagen.schema.suite import FEWEST_OPTIONS, MOST_OPTIONS, Media

SCHEMA_VERSION = 2

LETTERS = "ABCDEFGH"

NO_OPTION = -1
"""The `answer_index` of a question that asks for free text."""

ID_BYTES = 8


class Certificate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How often the answer survived the errors of a tracker."""

    model: str
    """The error model's name."""
    sizes: str
    """Fingerprint of the model's sizes; the manifest has them in full."""
    seed: int
    copies: int
    """How many copies were tried; 0 where the margin is beyond the errors' reach."""
    agreement: float
    """Share of the perturbed copies of the motion that give the same answer."""
    at_least: float | None
    """What that share surely is over all copies there could be, at 95 % confidence."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row: a question about a person of a clip, with options or for free text."""

    schema_version: int = SCHEMA_VERSION
    id: str = ""
    """A hash of everything else in the row."""
    clip: str
    person: int
    """Whom the question is about; the main one of several."""
    people: tuple[int, ...] = ()
    """All people whom the question speaks of, where they are several."""
    take: str
    subject: str
    group: str
    """Clips of one group are never on two sides of a split."""
    source: str
    """The motion file, relative to the folder that was built from."""
    descriptor: str
    """The words by which the stem names the person; empty when it says "the person"."""
    suite: str
    """The benchmark, by its name in `qagen.schema.suite`."""
    task: str
    """The suite's task; aggregates are made by it."""
    family: str
    frame: Frame
    media: Media = "video"
    start_s: float = 0.0
    end_s: float
    """The stretch of the clip's video that is shown; the whole video as a rule."""
    question: str
    options: tuple[str, ...]
    """Two to eight; none for free text."""
    option_codes: tuple[str, ...]
    """What each option means, for machines."""
    answer_index: int
    """The place of the true option; `NO_OPTION` for free text."""
    reference: str = ""
    """A text that answers fully and truly; empty where there are options."""
    claims: tuple[str, ...] = ()
    """The single statements of the reference text."""
    chance: float
    """The share that guessing gets right; 0 for free text."""
    ask: Ask
    evidence: tuple[Evidence, ...]
    margin: Margin
    reasoning: tuple[str, ...]
    certificate: Certificate | None = None
    thresholds: str
    """Fingerprint of the thresholds that the facts were measured with."""
    rules: str
    """Fingerprint of the vocabulary, the wordings and the rules."""

    @property
    def is_text(self) -> bool:
        """Whether free text is asked for."""
        return not self.options

    @property
    def answer(self) -> str:
        """The letter of the true option; empty for free text."""
        return "" if self.is_text else LETTERS[self.answer_index]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


class _SchemaOnly(msgspec.Struct):
    schema_version: int = 0


_schema_decoder = msgspec.json.Decoder(_SchemaOnly)


def content_id(record: Record) -> str:
    """The `id` that belongs to a record's content: 16 hexadecimal digits."""
    blank = msgspec.structs.replace(record, id="")
    return hashlib.blake2b(_encoder.encode(blank), digest_size=ID_BYTES).hexdigest()


def named(record: Record) -> Record:
    """The record with the `id` that belongs to its content."""
    return msgspec.structs.replace(record, id=content_id(record))


def to_line(record: Record) -> bytes:
    """One JSON object without the newline; the same record gives the same bytes."""
    return _encoder.encode(record)


def problems(record: Record) -> list[str]:
    """All that makes a record neither a question with options nor one for free text."""
    count = len(record.options)
    text = bool(record.reference or record.claims)
    found = []
    if record.is_text:
        if not record.reference:
            found.append("no options and no reference; expected one of the two")
        if record.option_codes or record.answer_index != NO_OPTION or record.chance != 0:
            found.append(
                f"free text with codes, an answer or a chance; expected none, {NO_OPTION} and 0"
            )
    else:
        if not FEWEST_OPTIONS <= count <= MOST_OPTIONS:
            found.append(f"{count} options; expected {FEWEST_OPTIONS} to {MOST_OPTIONS}")
        if len(record.option_codes) != count:
            found.append(f"{count} options with {len(record.option_codes)} codes")
        if not 0 <= record.answer_index < count:
            found.append(f"answer_index {record.answer_index}; expected 0 to {count - 1}")
        if text:
            found.append("options and a reference text; expected one of the two")
    if not 0 <= record.start_s < record.end_s:
        found.append(f"from {record.start_s:g} to {record.end_s:g} s; expected a stretch of time")
    return found


def from_line(line: bytes | str) -> Record:
    """The record that `to_line` wrote.

    Raises `ValueError` on any other schema version, and when options and answer do not fit.

    >>> from_line('{"schema_version": 1}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a record of schema version 1, expected 2: build the data set again ...
    """
    version = _schema_decoder.decode(line).schema_version
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"a record of schema version {version}, expected {SCHEMA_VERSION}: build the data "
            "set again with this release, or read it with the release that wrote it"
        )
    record = _decoder.decode(line)
    if found := problems(record):
        raise ValueError(f"record {record.id}: {'; '.join(found)}")
    return record


def read(path: Path | str) -> Iterator[Record]:
    """The records of a `.jsonl` file; errors name the file and the line.

    >>> list(read("/dev/null"))
    []
    """
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield from_line(line)
                except (ValueError, msgspec.DecodeError) as error:
                    raise ValueError(f"{path}, line {number}: {error}") from error
