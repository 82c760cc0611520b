"""Answerers without the video: chance, the majority answer, the best blind model.

They learn from rows that are not asked: the other sides of the same data set.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mllm.evaluation.answering import Asked, Reply, Sees, Setting
from qagen import draws
from qagen.audit import models, report, rows, tables
from qagen.schema.record import LETTERS, Record

FREE_TEXT = "free text: a guess needs options"
"""Why there is no reply."""


def _reply(question: Asked, text: str) -> Reply:
    """A reply with the letter shown beside an option."""
    return Reply(key=question.key, text=LETTERS[question.options.index(text)])


def _record(question: Asked) -> Record:
    if question.record is None:
        raise ValueError(f"{question.key}: a guess needs the row of a data set")
    return question.record


@dataclass(frozen=True, kw_only=True)
class Chance:
    """A uniformly random option; the same for the same seed and question."""

    seed: int = 0
    name: str = "chance"
    sees: Sees = "text"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The seed alone."""
        return {"seed": self.seed}

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """A letter for each.

        >>> asked = Asked(key="a", text="", options=("Yes", "No"))
        >>> [reply.text in "AB" for reply in Chance().replies([asked])]
        [True]
        """
        for one in asked:
            if not one.options:
                yield Reply(key=one.key, problem=FREE_TEXT)
                continue
            place = draws.below(self.seed, f"{one.key}/chance", count=len(one.options))
            yield Reply(key=one.key, text=LETTERS[place])


@dataclass(frozen=True, kw_only=True)
class Majority:
    """The option most often right for the same question; any option if it was never asked."""

    learned: Sequence[Record] = field(repr=False)
    seed: int = 0
    name: str = "majority"
    sees: Sees = "text"

    def __post_init__(self) -> None:
        _check(self.learned, self.name)

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The seed and the number of rows learned from."""
        return {"seed": self.seed, "learned": len(self.learned)}

    @cached_property
    def _right(self) -> dict[str, Counter[str]]:
        right: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for record in self.learned:
            if record.is_text:
                continue
            row = rows.from_record(record)
            right[row.question][row.answer] += 1
        return right

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """A letter for each."""
        for one in asked:
            if not one.options:
                yield Reply(key=one.key, problem=FREE_TEXT)
                continue
            row = rows.from_record(_record(one))
            counts = self._right.get(row.question, Counter())
            most = max(counts[option] for option in row.options)
            best = [option for option in row.options if counts[option] == most]
            place = draws.below(self.seed, f"{row.id}/majority", count=len(best))
            yield _reply(one, best[place])


@dataclass(frozen=True, kw_only=True)
class Blind:
    """For each task the blind model of `qagen.audit` that is best on the rows learned from."""

    learned: Sequence[Record] = field(repr=False)
    judged: Sequence[Record] = field(repr=False)
    """All rows that may be asked; models use what the rows share, never their keys."""
    seed: int = 0
    with_forest: bool = False
    name: str = "blind"
    sees: Sees = "text"

    def __post_init__(self) -> None:
        _check(self.learned, self.name)

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The seed, the number of rows learned from, and whether the slow forest is tried."""
        return {"seed": self.seed, "learned": len(self.learned), "forest": self.with_forest}

    @cached_property
    def _chosen(self) -> dict[str, str]:
        """The option of each row, in words, by the row's id."""
        known = [rows.from_record(one, split="learned") for one in self.learned if not one.is_text]
        best = report.best_blind(known, with_forest=self.with_forest)
        unknown = [rows.from_record(one, split="judged") for one in self.judged if not one.is_text]
        built = tables.build([*known, *unknown])
        fold = (np.arange(len(built.rows)) >= len(known)).astype(np.int64)
        built = replace(built, folds=2, fold=fold)  # train on fold 0, test on fold 1
        tried = {
            one.name: one.preference
            for one in models.try_all(built, models.look(built), with_forest=self.with_forest)
        }
        chosen = {}
        for place, row in enumerate(unknown, start=len(known)):
            name = best.get(row.task, best["all"]).model
            preference = tried[name][built.start[place] : built.start[place + 1]]
            top = np.flatnonzero(preference >= preference.max() - 1e-12)
            drawn = draws.below(self.seed, f"{row.id}/blind", count=len(top))
            chosen[row.id] = row.options[int(top[drawn])]
        return chosen

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """A letter for each."""
        for one in asked:
            if one.options:
                yield _reply(one, self._chosen[_record(one).id])
            else:
                yield Reply(key=one.key, problem=FREE_TEXT)


def _check(learned: Sequence[Record], name: str) -> None:
    if not learned:
        raise ValueError(
            f"{name}: there are no rows to learn from; ask one side of a data set, such as "
            "--split test, that has rows on another side"
        )
