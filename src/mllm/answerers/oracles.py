"""Answers from the motion behind the video: those of a perfect viewer, and of a tracker.

No key is read. Motions are measured and the answer derived by `qagen.verify.rederive`, which shares
no code with the rules. For facts from a file, all questions are generated again and matched by
their `ask`. With an error model, every motion first gets the errors of a tracker.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kinematics.errors.error_models import ErrorModel
from mllm.evaluation.answering import Asked, Reply, Sees, Setting
from qagen.schema.record import LETTERS, Record

if TYPE_CHECKING:
    from kinematics.motion import Motion
    from qagen.verify.library import Library

NOTHING = "None of the options."
"""The reply when the motion has no clear answer among the options."""


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """An answerer that knows the motions, exactly or with the errors of a tracker."""

    motions: Path
    """A folder of motions, a packed store, or a `.jsonl` file of facts."""
    model: ErrorModel | None = None
    seed: int = 0
    sees: Sees = "motion"
    name: str = field(default="oracle")

    def __post_init__(self) -> None:
        if not self.motions.exists():
            raise ValueError(f"{self.motions}: no such folder or file; an oracle needs the motions")
        if self.model is not None and self._from_facts:
            raise ValueError(
                f"{self.motions}: facts are measured already; tracker noise needs motions"
            )

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The error model of the motions, if any, and its seed."""
        if self.model is None:
            return {"noise": None}
        return {"noise": self.model.name, "model": repr(self.model), "seed": self.seed}

    @property
    def _from_facts(self) -> bool:
        return self.motions.is_file() and self.motions.suffix == ".jsonl"

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """Replies ordered by motion, so that each motion is measured once."""
        ordered = sorted(asked, key=lambda question: _place(question))
        for one in ordered:
            record = _record(one)
            if record.is_text:
                yield Reply(key=one.key, problem="free text: an oracle chooses among options")
                continue
            try:
                code = self._facts_code(record) if self._from_facts else self._code(record)
            except (ValueError, KeyError, OSError) as error:
                yield Reply(key=one.key, problem=f"{record.source}: {error}")
                continue
            option = nearest(code, record.option_codes)
            if option is None:
                yield Reply(key=one.key, text=NOTHING)
            else:
                shown = (option - one.shift) % len(record.options)
                yield Reply(key=one.key, text=LETTERS[shown])

    def _code(self, record: Record) -> str:
        from qagen.verify.rederive import table

        clip = self._library.clip(record)
        if isinstance(clip, str):
            raise ValueError(clip)
        return table.RULES[record.ask.rule].derive(clip, record.ask).code

    @cached_property
    def _library(self) -> "Library":
        from qagen.verify.library import Library

        return Library(self.motions, alter=self._err)

    def _err(self, motion: "Motion") -> "Motion":
        from kinematics.errors import perturb

        if self.model is None:
            return motion
        return perturb.copies(motion, self.model, count=1, seed=self.seed)[0]

    def _facts_code(self, record: Record) -> str:
        found = self._keys.get((record.clip, record.person, record.frame))
        if found is None:
            raise ValueError(f"no facts of person {record.person} of {record.clip}")
        return found.get(record.ask.name, "")

    @cached_property
    def _keys(self) -> dict[tuple[str, int, str], dict[str, str]]:
        """The right codes of all questions that can be generated from the facts."""
        from kinematics import facts
        from qagen.rules import generate

        return {
            (one.clip, one.person, one.frame): {
                question.ask.name: question.key.code for question in generate.ask_all(one)[0]
            }
            for one in facts.read(self.motions)
        }


def _record(question: Asked) -> Record:
    if question.record is None:
        raise ValueError(f"{question.key}: an oracle needs the row of a data set")
    return question.record


def _place(question: Asked) -> tuple[str, str, int, str]:
    record = _record(question)
    return record.source, record.clip, record.person, question.key


def nearest(code: str, offered: tuple[str, ...]) -> int | None:
    """The index of an answer among the options; among numbers, that of the nearest.

    >>> nearest("left", ("right", "left")), nearest("7", ("1", "2", "3", "4"))
    (1, 3)
    >>> nearest("", ("yes", "no")) is None
    True
    """
    if code in offered:
        return offered.index(code)
    numbers = [_number(one) for one in (code, *offered)]
    wanted = numbers[0]
    if wanted is None or None in numbers:
        return None
    away = [abs(cast(float, number) - wanted) for number in numbers[1:]]
    return away.index(min(away))


def _number(code: str) -> float | None:
    try:
        return float(code)
    except ValueError:
        return None
