"""Rows as arrays: one entry for every option of every question, and the folds of the clips."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from qagen.audit.rows import RARE_SHARE, Row, plain, words

FOLDS = 5


@dataclass(frozen=True, kw_only=True, repr=False)
class Tables:
    """All options of all rows, one after another; texts, clips and tasks are indices."""

    rows: tuple[Row, ...]
    folds: int
    row: Int[np.ndarray, " pairs"]
    """The row of each option."""
    place: Int[np.ndarray, " pairs"]
    """The position in its row; 0 for the option shown as A."""
    right: Bool[np.ndarray, " pairs"]
    text: Int[np.ndarray, " pairs"]
    """The index of an option's text; equal texts have the same."""
    start: Int[np.ndarray, " bounds"]
    """The index of each row's first option, and the end of the last row's."""
    options: Int[np.ndarray, " rows"]
    """The number of options of each row."""
    clip: Int[np.ndarray, " rows"]
    fold: Int[np.ndarray, " rows"]
    task: Int[np.ndarray, " rows"]
    family: Int[np.ndarray, " rows"]
    stem: Int[np.ndarray, " rows"]
    template: Int[np.ndarray, " rows"]
    tasks: tuple[str, ...]
    texts: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    """The words of each question."""

    @property
    def chance(self) -> Float[np.ndarray, " rows"]:
        """The expected credit of guessing for each row."""
        return 1.0 / self.options


class Trial(NamedTuple):
    """One trial: the folds that are judged, and the folds that nothing is learned from."""

    judged: frozenset[int]
    unknown: frozenset[int]


def by_fold(tables: Tables) -> list[Trial]:
    """Each fold is judged by all others.

    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "wxyz"]
    >>> len(by_fold(build(rows)))
    4
    """
    return [Trial(frozenset({fold}), frozenset({fold})) for fold in range(tables.folds)]


def by_half(tables: Tables) -> list[Trial]:
    """Each half of the folds is judged by the other half.

    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "wxyz"]
    >>> [sorted(trial.judged) for trial in by_half(build(rows))]
    [[0, 2], [1, 3]]
    """
    halves = [frozenset(range(first, tables.folds, 2)) for first in (0, 1)]
    return [Trial(half, half) for half in halves]


def inside(tables: Tables, trial: Trial) -> list[Trial]:
    """Each fold that a trial learns from is judged by the other such folds.

    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xyz"]
    >>> tables = build(rows)
    >>> [sorted(one.unknown) for one in inside(tables, by_fold(tables)[0])]
    [[0, 1], [0, 2]]
    """
    known = [fold for fold in range(tables.folds) if fold not in trial.unknown]
    return [Trial(frozenset({fold}), trial.unknown | {fold}) for fold in known]


def numbered(values: Iterable[Hashable]) -> Int[np.ndarray, " values"]:
    """The index of each value in the order of first appearance; equal values have the same.

    >>> numbered(["a", "b", "a"]).tolist()
    [0, 1, 0]
    """
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def joined(*columns: Int[np.ndarray, " values"]) -> Int[np.ndarray, " values"]:
    """An index for each combination of values.

    >>> joined(np.array([0, 0, 1]), np.array([5, 7, 5])).tolist()
    [0, 1, 2]
    """
    code = columns[0]
    for column in columns[1:]:
        width = int(column.max(initial=0)) + 1
        code = np.unique(code * width + column, return_inverse=True)[1]
    return code.astype(np.int64)


def build(rows: Sequence[Row], *, folds: int = FOLDS) -> Tables:
    """The tables of some rows; all questions of a clip are in one fold.

    >>> rows = [Row(clip=c, question="Left?", options=("Yes", "No"), answer_index=0) for c in "ab"]
    >>> tables = build(rows, folds=5)
    >>> tables.folds, tables.right.tolist(), sorted(tables.fold.tolist())
    (2, [True, False, True, False], [0, 1])
    """
    clip = numbered(row.clip for row in rows)
    names = list(dict.fromkeys(row.clip for row in rows))
    if len(names) < 2 or folds < 2:
        raise ValueError(
            f"{len(rows)} questions about {len(names)} clips in {folds} folds: expected at least "
            "two clips and two folds, since what is learned on some clips is tried on others"
        )
    folds = min(folds, len(names))
    options = np.array([len(row.options) for row in rows], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(options)])
    of_row = np.repeat(np.arange(len(rows)), options)
    answers = np.array([row.answer_index for row in rows], dtype=np.int64)
    place = np.arange(start[-1]) - start[of_row]
    texts = [plain(text) or text for row in rows for text in row.options]
    asked = tuple(words(row.question) for row in rows)
    return Tables(
        rows=tuple(rows),
        folds=folds,
        row=of_row,
        place=place,
        right=place == answers[of_row],
        text=numbered(texts),
        start=start,
        options=options,
        clip=clip,
        fold=_folds(names, folds)[clip],
        task=numbered(row.task for row in rows),
        family=numbered((row.task, row.family) for row in rows),
        stem=numbered(asked),
        template=numbered(_templates(asked)),
        tasks=tuple(dict.fromkeys(row.task for row in rows)),
        texts=tuple(dict.fromkeys(texts)),
        words=asked,
    )


def _folds(names: Sequence[str], folds: int) -> Int[np.ndarray, " clips"]:
    """Folds of equal size, drawn by a hash of the names alone."""
    draws = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names]
    order = sorted(range(len(names)), key=lambda at: (draws[at], names[at]))
    found = np.empty(len(names), dtype=np.int64)
    found[order] = np.arange(len(names)) % folds
    return found


def _templates(asked: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Questions with a blank for every number and every rare word."""
    often = Counter(word for one in asked for word in set(one))
    least = RARE_SHARE * len(asked)
    kept = {word for word, count in often.items() if count > least and not word[0].isdigit()}
    return [tuple(word if word in kept else "_" for word in one) for one in asked]


def ranked(tables: Tables, values: Float[np.ndarray, " pairs"]) -> Int[np.ndarray, " pairs"]:
    """The rank of each option's value among those of its row, ties sharing the lower rank.

    >>> rows = [Row(clip=c, question="", options=("3", "1", "2"), answer_index=0) for c in "ab"]
    >>> ranked(build(rows), np.array([3.0, 1.0, 1.0, 3.0, 1.0, 2.0])).tolist()
    [2, 0, 0, 2, 0, 1]
    """
    order = np.lexsort((values, tables.row))
    ordered, of_row = values[order], tables.row[order]
    ranks = np.arange(len(order)) - tables.start[of_row]
    same = np.concatenate([[False], (ordered[1:] == ordered[:-1]) & (of_row[1:] == of_row[:-1])])
    ranks = np.maximum.accumulate(np.where(same, -1, ranks + tables.start[of_row]))
    found = np.empty(len(order), dtype=np.int64)
    found[order] = ranks - tables.start[of_row]
    return found


def places_in(tables: Tables, groups: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """How many earlier rows have the same group.

    >>> rows = [Row(clip=c, question="", options=("Yes", "No"), answer_index=0) for c in "abc"]
    >>> places_in(build(rows), np.array([4, 4, 9])).tolist()
    [0, 1, 0]
    """
    seen: defaultdict[int, int] = defaultdict(int)
    found = np.empty(len(tables.rows), dtype=np.int64)
    for at, group in enumerate(groups.tolist()):
        found[at] = seen[group]
        seen[group] += 1
    return found
