"""What models answered: files of JSON lines, an `id` and a letter or the number of an option."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from qagen.schema.record import LETTERS

FILE = "predictions.jsonl"
"""What is looked for in a folder."""

MOST_REPLY = 2000
"""Characters of a reply that are shown."""

MOST_PROBLEMS = 5


class Prediction(NamedTuple):
    """One answer to one question."""

    place: int | None
    """Of the option that was chosen, from 0; none when no answer could be read."""
    reply: str
    """What the model wrote, as far as it was kept."""


class Predictions(NamedTuple):
    """The answers of one model, by the id of the question."""

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

    Each line has an `id`, and the `answer` as a letter (or null), or the `answer_index` from 0;
    what the model wrote may stand in `reply` or `raw`. Everything else is passed over, and so are
    lines with a `shift`: the same questions with their options rotated.

    >>> read("/nowhere/predictions.jsonl")
    Traceback (most recent call last):
    ...
    ValueError: /nowhere/predictions.jsonl: no such file; expected JSON lines of predictions
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
                one = decoder.decode(line)
                if one.shift:
                    continue
                if one.id in answers:
                    raise ValueError(f"{one.id} was answered before")
                answers[one.id] = _prediction(one)
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
    place = line.answer_index if line.answer is None else line.answer
    if place is None:
        return Prediction(None, kept)
    if isinstance(place, str):
        letter = place.strip().upper()
        if len(letter) != 1 or letter not in LETTERS:
            raise ValueError(
                f"answer {place!r}; expected a letter from A to {LETTERS[-1]}, or null"
            )
        place = LETTERS.index(letter)
    if not 0 <= place < len(LETTERS):
        raise ValueError(f"answer_index {place}; expected 0 to {len(LETTERS) - 1}")
    return Prediction(place, kept)


def read_all(paths: Sequence[Path | str]) -> list[Predictions]:
    """The answers of several models, each under a name of its own.

    >>> read_all([])
    []
    """
    found: list[Predictions] = []
    for path in paths:
        one = read(path)
        same = sum(other.name.partition(" (")[0] == one.name for other in found)
        found.append(one._replace(name=f"{one.name} ({same + 1})") if same else one)
    return found


def check(found: Sequence[Predictions], rows: Mapping[str, int]) -> None:
    """Raises one `ValueError` about predictions that do not belong to these rows.

    `rows` gives the number of options by id.

    >>> check([Predictions("mine", {"00": Prediction(3, "")})], {"00": 2})
    Traceback (most recent call last):
    ...
    ValueError: predictions of mine: answer D to 00, which has 2 options
    """
    problems: list[str] = []
    for one in found:
        known = one.answers.keys() & rows.keys()
        if not known:
            problems.append(
                "none of the ids is in the data set; give the predictions that were made for it"
            )
        beyond = sorted(
            name
            for name in known
            if (place := one.answers[name].place) is not None and place >= rows[name]
        )
        problems += [
            f"answer {LETTERS[_place(one, name)]} to {name}, which has {rows[name]} options"
            for name in beyond[:MOST_PROBLEMS]
        ]
        if problems:
            raise ValueError(f"predictions of {one.name}: {'; '.join(problems)}")


def _place(found: Predictions, name: str) -> Any:
    return found.answers[name].place
