"""A run as a folder: the answerer, the settings, the questions and every reply.

    run.json            the settings; a run is never continued with other settings
    questions.jsonl     the fields of each row that a score needs, so a run can be read alone
    predictions.jsonl   one line per reply; in a complete run, in the order of the questions

No file depends on the time of day or the machine.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from kinematics import output
from mllm.evaluation import journal, parse, prompt
from mllm.evaluation.answering import Sees, Setting
from mllm.frames import Sampling
from qagen.schema.record import Record
from qagen.schema.suite import HUMANMOVE, Suite

SCHEMA_VERSION = 2

RUN, QUESTIONS, PREDICTIONS = "run.json", "questions.jsonl", "predictions.jsonl"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that determines the contents of a run."""

    schema_version: int = SCHEMA_VERSION
    answerer: str
    sees: Sees
    settings: dict[str, Setting]
    trained_on: str = ""
    """The data set that the answerer was trained on, for comparisons across data sets."""
    dataset: str
    """A name for tables; by default the name of the folder."""
    manifest_sha256: str
    suites: tuple[Suite, ...] = (HUMANMOVE,)
    """The suites that define the tasks of the questions."""
    split: str
    questions: int
    questions_sha256: str
    circular: bool
    """Whether each question was asked with every rotation of its options."""
    prompt_version: int
    style: prompt.Style
    sampling: Sampling | None
    """Which frames were shown; none for answerers that see no video."""


class _SchemaOnly(msgspec.Struct):
    schema_version: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The fields of a row that a score needs."""

    id: str
    clip: str
    task: str
    family: str
    options: int
    """0 for free text."""
    answer: str
    """The letter of the record; empty for free text."""
    reference: str = ""
    """The text that free text is compared with."""
    claims: tuple[str, ...] = ()
    chance: float
    sureness: float
    """The margin in tie bands of its rule; 1 is the minimum for a question."""


class Prediction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One reply and the answer parsed from it."""

    id: str
    shift: int
    answer: str | None
    """The letter in the record, with the rotation undone; none for no answer."""
    shown: str | None
    """The letter as it was shown."""
    how: parse.How | Literal["text"]
    """How the letter was recognized; `text` for free text, which has none."""
    reply: str
    problem: str = ""
    """Why there is no reply."""
    frames: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


class Loaded(NamedTuple):
    """A run read from its folder."""

    name: str
    run: Run
    asked: list[Asked]
    predictions: list[Prediction]

    @property
    def expected(self) -> int:
        """The number of predictions in a complete run."""
        return sum(rotations(one.options, circular=self.run.circular) for one in self.asked)


def rotations(options: int, *, circular: bool) -> int:
    """The number of times that a question with so many options is asked.

    >>> rotations(4, circular=True), rotations(4, circular=False), rotations(0, circular=True)
    (4, 1, 1)
    """
    return max(1, options) if circular else 1


def asked_of(record: Record) -> Asked:
    """The fields of a record that a score needs.

    >>> from mllm.evaluation.prompt import _example
    >>> asked_of(_example()).sureness
    5.0
    """
    margin = record.margin
    return Asked(
        id=record.id, clip=record.clip, task=record.task, family=record.family,
        options=len(record.options), answer=record.answer, reference=record.reference,
        claims=record.claims, chance=record.chance,
        sureness=round(margin.value / margin.band, 4) if margin.band > 0 else 0.0,
    )  # fmt: skip


def questions_bytes(asked: Sequence[Asked]) -> bytes:
    """The contents of the file of questions.

    >>> questions_bytes([])
    b''
    """
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(one) + b"\n" for one in asked)


def sha256(data: bytes | str) -> str:
    """The SHA-256 of bytes or a text, as hexadecimal digits.

    >>> sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def begin(folder: Path, run: Run, asked: Sequence[Asked]) -> None:
    """Writes settings and questions; raises `ValueError` if the folder holds a different run."""
    path = folder / RUN
    if path.is_file():
        old = read_run(folder)
        if old != run:
            raise ValueError(
                f"{folder}: holds a run with other settings ({'; '.join(_differences(old, run))}); "
                "give another --out, or the same settings"
            )
    journal.settle(path, run, of="replies")
    output.write_bytes(folder / QUESTIONS, questions_bytes(asked))


def _differences(old: Run, new: Run) -> Iterator[str]:
    before, after = (_flat(msgspec.to_builtins(one)) for one in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{name}: {before.get(name)} there, {after.get(name)} now"


def _flat(settings: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[before + name] = value
    return flat


def read_run(folder: Path | str) -> Run:
    """The settings of a run.

    >>> read_run("/nowhere")
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no run.json; expected a folder that `mllm evaluate --out` has begun
    """
    path = Path(folder, RUN)
    if not path.is_file():
        raise ValueError(
            f"{folder}: no {RUN}; expected a folder that `mllm evaluate --out` has begun"
        )
    try:
        data = path.read_bytes()
        version = msgspec.json.decode(data, type=_SchemaOnly).schema_version
        if version != SCHEMA_VERSION:
            raise ValueError(f"a run of schema version {version}, expected {SCHEMA_VERSION}")
        return msgspec.json.decode(data, type=Run)
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(
            f"{path}: {error}; build the data set again and evaluate it with this release"
        ) from error


def read(folder: Path | str) -> Loaded:
    """A run with its questions and replies, without an incomplete last line.

    Duplicate replies and replies to unknown questions raise `ValueError`.

    >>> read("/nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no run.json...
    """
    folder = Path(folder)
    run = read_run(folder)
    path = folder / QUESTIONS
    data = path.read_bytes()
    if sha256(data) != run.questions_sha256:
        raise ValueError(f"{path}: was changed since {RUN} was written; copy the whole run again")
    asked = journal.decoded(data, Asked, path=path)
    path = folder / PREDICTIONS
    data = path.read_bytes() if path.is_file() else b""
    found = journal.decoded(data[: data.rfind(b"\n") + 1], Prediction, path=path)
    keys = {(one.id, one.shift) for one in found}
    strange = {one.id for one in found} - {one.id for one in asked}
    if len(keys) < len(found) or strange:
        wrong = f"{len(strange)} replies to nothing that was asked" if strange else "a reply twice"
        raise ValueError(f"{path}: {wrong}; copy the whole run again")
    return Loaded(folder.resolve().name, run, asked, found)
