"""Scores of free text: by the scorer given for a task, or no score and the reason.

Free text is neither right nor wrong by a letter, so it never counts among replies with letters.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from mllm.evaluation.runs import Asked, Loaded
from qagen.schema.suite import tasks_of

NO_SCORER = "no scorer for this task"


@runtime_checkable
class Scorer(Protocol):
    """Compares a free text with its reference."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    def __call__(self, asked: Asked, reply: str) -> float | None:
        """A share from 0, nothing of the reference, to 1, all of it; none if undecidable."""
        ...


class TextPart(msgspec.Struct, frozen=True, kw_only=True):
    """The score of the free texts of one task."""

    replies: int
    silent: int
    """Replies without a text; a scorer counts each as 0."""
    scored: int
    mean: float | None
    """Mean score of the scored replies, from 0 to 1; none if there are none."""
    scorer: str
    """Its name; empty without a scorer."""
    not_scored: dict[str, int]
    """Replies without a score, by reason."""


def score(run: Loaded, scorers: Mapping[str, Scorer]) -> dict[str, TextPart]:
    """The scores of the free texts of a run, by task.

    A `ValueError` is raised if a scorer returns anything but a share from 0 to 1 or none.

    >>> from mllm.scores.score import _example
    >>> score(_example(), {})
    {}
    """
    asked = {one.id: one for one in run.asked if not one.options}
    there = {one.task for one in asked.values()}
    found = {}
    for task in tasks_of(run.run.suites):
        if task in there:
            replies = [
                (asked[one.id], one.reply if one.how == "text" else "")
                for one in run.predictions
                if one.id in asked and asked[one.id].task == task
            ]
            found[task] = _part(replies, scorers.get(task))
    return found


def _part(replies: list[tuple[Asked, str]], scorer: Scorer | None) -> TextPart:
    shares = list(_shares(replies, scorer)) if scorer else []
    known = [share for share in shares if share is not None]
    without = len(replies) - len(known)
    reason = f"{scorer.name} could not tell" if scorer else NO_SCORER
    return TextPart(
        replies=len(replies),
        silent=sum(not text for _, text in replies),
        scored=len(known),
        mean=round(math.fsum(known) / len(known), 5) if known else None,
        scorer=scorer.name if scorer else "",
        not_scored={reason: without} if without else {},
    )


def _shares(replies: list[tuple[Asked, str]], scorer: Scorer) -> Iterator[float | None]:
    for asked, text in replies:
        share = scorer(asked, text) if text else 0.0
        if share is not None and not 0 <= share <= 1:
            raise ValueError(
                f"scorer {scorer.name}: {share} for the reply to {asked.id}; expected 0 to 1"
            )
        yield share
