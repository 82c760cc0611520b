"""`Record`: a question as a row of a data set, with everything that is needed to check it.

Plain data: `.jsonl` files of one record a line, which a person can open. The `id` is a hash of the
rest, so a row that was changed by hand no longer fits its name.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kinematics.facts import Frame
from qagen.schema.question import Ask, Category, Evidence, Margin

SCHEMA_VERSION = 1

LETTERS = "ABCDEFGH"

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
    """One row: a multiple-choice question about one person of one clip."""

    schema_version: int = SCHEMA_VERSION
    id: str = ""
    """A hash of everything else in the row."""
    clip: str
    person: int
    take: str
    subject: str
    group: str
    """Clips of one group are never on two sides of a split."""
    source: str
    """The motion file, relative to the folder that was built from."""
    descriptor: str
    """The words by which the stem names the person; empty when it says "the person"."""
    category: Category
    family: str
    frame: Frame
    question: str
    options: tuple[str, ...]
    option_codes: tuple[str, ...]
    """What each option means, for machines."""
    answer_index: int
    chance: float
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
    def answer(self) -> str:
        """The letter of the true option."""
        return LETTERS[self.answer_index]


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


def from_line(line: bytes | str) -> Record:
    """The record that `to_line` wrote; raises `ValueError` on any other schema version.

    >>> from_line('{"schema_version": 99}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a record of schema version 99, expected 1: build the data set again ...
    """
    version = _schema_decoder.decode(line).schema_version
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"a record of schema version {version}, expected {SCHEMA_VERSION}: build the data "
            "set again with this release, or read it with the release that wrote it"
        )
    return _decoder.decode(line)


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
