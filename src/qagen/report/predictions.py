"""Predictions of models: files of JSON lines with an `id` and a letter or an option's index."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from qagen.schema.record import LETTERS

FILE = "predictions.jsonl"
"""The file that is read from a folder."""

MOST_REPLY = 2000
"""Number of characters of a reply that are shown."""

MOST_PROBLEMS = 5


class Prediction(NamedTuple):
    """An answer to a question."""

    place: int | None
    """Index of the chosen option, from 0; None if no answer could be parsed."""
    reply: str
    """The model's text, possibly truncated."""


class Predictions(NamedTuple):
    """The answers of a model, by the question's id."""

    name: str
    answers: Mapping[str, Prediction]


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shift: int = 0
    answer: str | int | None = None
    answer_index: int | None = None
    reply: str | None = None
    raw: str | None = None


def read(path: Path | str) -> Predictions:
    """The answers in a file, or in the `predictions.jsonl` of a folder.

    Each line has an `id`, and the `answer` as a letter (or null), or the `answer_index` from 0; the
    model's text may be in `reply` or `raw`. Other fields are ignored, and so are lines with a
    `shift`, which repeat questions with rotated options.
    """
    given = Path(path)
    file = given / FILE if given.is_dir() else given
    if not file.is_file():
        raise ValueError(f"{file}: no such file; expected JSON lines of predictions")
    answers: dict[str, Prediction] = {}
    problems: list[str] = []
    decoder = msgspec.json.Decoder(_Line)
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = decoder.decode(line)
                if record.shift:
                    continue
                if record.id in answers:
                    raise ValueError(f"{record.id} was answered before")
                answers[record.id] = _prediction(record)
            except (ValueError, msgspec.DecodeError) as error:
                problems.append(f"line {number}: {error}")
    if not problems and not answers:
        problems.append("no prediction in it")
    if problems:
        more = f"; and {len(problems) - MOST_PROBLEMS} more" * (len(problems) > MOST_PROBLEMS)
        raise ValueError(
            f"{file}: {'; '.join(problems[:MOST_PROBLEMS])}{more}. Expected one line for each "
            'question, such as {"id": "00b9f3bb3be0d0ce", "answer": "B", "reply": "B."}'
        )
    name = file.resolve().parent.name if file.name == FILE else file.stem
    return Predictions(name, answers)


def _prediction(line: _Line) -> Prediction:
    reply = line.reply if line.reply is not None else line.raw
    kept = (reply or "")[:MOST_REPLY]
    option = line.answer_index if line.answer is None else line.answer
    if option is None:
        return Prediction(None, kept)
    if isinstance(option, str):
        letter = option.strip().upper()
        if len(letter) != 1 or letter not in LETTERS:
            raise ValueError(
                f"answer {option!r}; expected a letter from A to {LETTERS[-1]}, or null"
            )
        option = LETTERS.index(letter)
    if not 0 <= option < len(LETTERS):
        raise ValueError(f"answer_index {option}; expected 0 to {len(LETTERS) - 1}")
    return Prediction(option, kept)


def read_all(paths: Sequence[Path | str]) -> list[Predictions]:
    """The answers of several models, each under a unique name."""
    models: list[Predictions] = []
    for path in paths:
        model = read(path)
        same = sum(earlier.name.partition(" (")[0] == model.name for earlier in models)
        models.append(model._replace(name=f"{model.name} ({same + 1})") if same else model)
    return models


def check(models: Sequence[Predictions], rows: Mapping[str, int]) -> None:
    """Raises a `ValueError` if predictions do not belong to the rows.

    `rows` maps ids to numbers of options.

    >>> check([Predictions("mine", {"00": Prediction(3, "")})], {"00": 2})
    Traceback (most recent call last):
    ...
    ValueError: predictions of mine: answer D to 00, which has 2 options
    """
    problems: list[str] = []
    for model in models:
        known = model.answers.keys() & rows.keys()
        if not known:
            problems.append("none of the ids is in the data set; use predictions for this data set")
        beyond = sorted(
            name
            for name in known
            if (index := model.answers[name].place) is not None and index >= rows[name]
        )
        problems += [
            f"answer {LETTERS[model.answers[name].place or 0]} to {name}, which has "
            f"{rows[name]} options"
            for name in beyond[:MOST_PROBLEMS]
        ]
        if problems:
            raise ValueError(f"predictions of {model.name}: {'; '.join(problems)}")
