"""Collects replies into a journal: no request is repeated and no reply is lost."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from mllm.evaluation.answering import Answerer, Asked, Reply, StoppedError
from mllm.evaluation.journal import Journal

MOST_FAILURES = 8
"""Collecting stops after so many failures in a row."""

Progress = Callable[[int, int], None]
"""Called with the number of requests done and the total."""

_Line = TypeVar("_Line", bound=msgspec.Struct)


class Collected(NamedTuple):
    """Counts of the replies that were there before and those still missing."""

    kept: int
    """Replies that the journal held before."""
    missing: int
    problem: str
    """The last transient error or the reason for stopping; empty when there was neither."""


def collect(
    asked: Sequence[Asked],
    answerer: Answerer,
    journal: Journal[_Line],
    *,
    line: Callable[[Asked, Reply], _Line],
    key: Callable[[_Line], str],
    progress: Progress | None = None,
) -> Collected:
    """Asks everything that the journal does not hold yet and adds a line for every final reply.

    Afterwards the journal's `lines` are those of `asked`, in the same order, without missing ones.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from mllm.answerers.blind import Chance
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
