"""Replies collected into a journal: nothing is asked again, nothing that came is lost."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from mllm.evaluation.answering import Answerer, Asked, Reply, StoppedError
from mllm.evaluation.journal import Journal

MOST_FAILURES = 8
"""After so many failures in a row nothing further is asked."""

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""

_Line = TypeVar("_Line", bound=msgspec.Struct)


class Collected(NamedTuple):
    """What is in the journal now, and what is missing."""

    kept: int
    """Lines that were there before."""
    missing: int
    problem: str
    """The last thing that went wrong and may go better; empty when nothing is missing."""


def collect(
    asked: Sequence[Asked],
    answerer: Answerer,
    journal: Journal[_Line],
    *,
    line: Callable[[Asked, Reply], _Line],
    key: Callable[[_Line], str],
    progress: Progress | None = None,
) -> Collected:
    """Asks what the journal does not hold yet and adds a line for every final reply.

    The journal's `lines` are then those of all that was asked, in its order, as far as they are
    there.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from mllm.answerers.guesses import Chance
    >>> asked = [Asked(key="a", text="Left?", options=("Yes", "No"))]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for _ in range(2):
    ...         with Journal(Path(folder, "replies.jsonl"), Reply) as journal:
    ...             done = collect(
    ...                 asked, Chance(), journal, line=lambda _, reply: reply,
    ...                 key=lambda reply: reply.key)
    ...             print(done.kept, done.missing)
    0 0
    1 0
    """
    found = {key(one): one for one in journal.lines}
    waiting = [one for one in asked if one.key not in found]
    kept = len(asked) - len(waiting)
    tell = progress or (lambda _done, _all: None)
    tell(kept, len(asked))
    by_key = {one.key: one for one in waiting}
    problem, failures = "", 0
    replies = answerer.replies(waiting) if waiting else iter(())
    try:
        for reply in replies:
            if not reply.final:
                problem, failures = reply.problem, failures + 1
                if failures >= MOST_FAILURES:
                    raise StoppedError(f"{failures} failures in a row, the last: {problem}")
                continue
            failures = 0
            found[reply.key] = line(by_key[reply.key], reply)
            journal.add(found[reply.key])
            tell(len(found), len(asked))
    except StoppedError as stopped:
        problem = str(stopped)
    finally:
        if (close := getattr(replies, "close", None)) is not None:
            close()
    journal.lines = [found[one.key] for one in asked if one.key in found]
    return Collected(kept, len(asked) - len(journal.lines), problem)
