"""All models that answer without the video, tried on clips that they have not learned from."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from qagen.audit import bayes, counts, forest, scores
from qagen.audit.bayes import Crosses
from qagen.audit.keys import Key, all_keys
from qagen.audit.tables import Tables, Trial, by_fold, by_half, joined, ranked

WORDS, SIBLINGS, FOREST = "words", "siblings", "forest"

Progress = Callable[[str], None]


class Blind(NamedTuple):
    """A model, its preference for each option, and its credit for each row."""

    name: str
    meaning: str
    preference: Float[np.ndarray, " pairs"]
    credit: Float[np.ndarray, " rows"]
    cells: Int[np.ndarray, " pairs"] | None
    """The cells of a model that uses a single suspicion."""
    by_half: Callable[[], Float[np.ndarray, " rows"]]
    """Its credit for each half of the clips when it learns from the other half."""


class Suspects(NamedTuple):
    """The features of the models."""

    keys: list[Key]
    words: list[Crosses]
    siblings: Crosses | None


def look(tables: Tables) -> Suspects:
    """All features that could give answers away.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> look(build(rows)).siblings is None
    True
    """
    siblings = bayes.of_siblings(tables)
    keys = all_keys(tables)
    if siblings is not None:
        keys.append(_mentions(tables))
    return Suspects(keys, [bayes.of_questions(tables), bayes.of_options(tables)], siblings)


def _mentions(tables: Tables) -> Key:
    """How often the clip's other questions offer the same option."""
    in_clip = joined(tables.clip[tables.row], tables.text)
    often = np.bincount(in_clip)[in_clip].astype(float)
    rank = ranked(tables, often)
    cells = joined(tables.options[tables.row], rank, tables.task[tables.row])
    return Key("offered again", "how often the clip's other questions offer it", cells, _say)


def _say(tables: Tables, at: int) -> str:
    return f"offered again, in {tables.rows[int(tables.row[at])].task or 'all'}"


def try_all(
    tables: Tables, suspects: Suspects, *, with_forest: bool, progress: Progress | None = None
) -> Iterator[Blind]:
    """Tries one model after another.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> tables = build(rows)
    >>> next(try_all(tables, look(tables), with_forest=False)).credit.tolist()
    [1.0, 1.0]
    """
    for key in suspects.keys:
        counted = counts.count(tables, key.cells)
        prefer = partial(counts.preferences, tables, key.cells, counted)
        yield _blind(tables, key.name, key.meaning, prefer, key.cells)
    tell = progress or (lambda _: None)
    tell(WORDS)
    prefer = partial(bayes.preferences, tables, suspects.words)
    yield _blind(tables, WORDS, "naive Bayes on words", prefer, None)
    if suspects.siblings is not None:
        tell(SIBLINGS)
        prefer = partial(bayes.preferences, tables, [suspects.siblings])
        yield _blind(tables, SIBLINGS, "naive Bayes on the clip's other questions", prefer, None)
    if with_forest:
        tell(FOREST)
        prefer = partial(forest.preferences, tables, suspects.keys, suspects.words)
        yield _blind(tables, FOREST, "random forest on all of these and words", prefer, None)


def _blind(
    tables: Tables,
    name: str,
    meaning: str,
    prefer: Callable[[list[Trial]], Float[np.ndarray, " pairs"]],
    cells: Int[np.ndarray, " pairs"] | None,
) -> Blind:
    preference = prefer(by_fold(tables))

    @cache
    def halves() -> Float[np.ndarray, " rows"]:
        return scores.credited(tables, prefer(by_half(tables)))

    credit = scores.credited(tables, preference)
    return Blind(name, meaning, preference, credit, cells, halves)


def names(suspects: Suspects, *, with_forest: bool) -> Sequence[str]:
    """The names of the models that `try_all` tries.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> names(look(build(rows)), with_forest=True)[-2:]
    ['words', 'forest']
    """
    found = [key.name for key in suspects.keys] + [WORDS]
    found += [SIBLINGS] * (suspects.siblings is not None)
    return found + [FOREST] * with_forest
