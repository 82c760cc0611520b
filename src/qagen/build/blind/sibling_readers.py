"""Simulated readers who guess answers from the selected questions without the video.

For each question such a reader knows the clip's other questions, and from other clips the answers
that go with them (naive Bayes, as in `audit.bayes`). Every candidate question is guessed, so that
`selection` can replace those that are guessed right. Clips are judged by what was learned from
other clips, in folds that are drawn anew each time. Questions themselves never change.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32

from qagen.audit import bayes, scores, tables
from qagen.audit.bayes import Crosses
from qagen.audit.rows import Row
from qagen.audit.tables import FOLDS, Tables, Trial, joined

GRADES = 5
"""Grades of confidence into which guesses are divided."""

OFTEN = 200
"""Answers that are guessed at least so often are counted separately, all others together."""

MOST_AGAIN = 3
"""Larger counts of other questions that offer an option are not distinguished."""

NO_GUESS = -1

UNDECIDED = 1e-9
"""A reader with a smaller preference for one option has no guess."""


class Guesses(NamedTuple):
    """The guesses of one reader for all questions of a task."""

    places: Int[np.ndarray, " asked"]
    """Indices of the questions, in rising order."""
    cells: Int32[np.ndarray, " asked"]
    """Class of the guess by answer and confidence; `NO_GUESS` for no guess."""
    credit: Float32[np.ndarray, " asked"]
    """1 for a right guess, and a share where options are tied."""


def points(asked: Sequence[Row], taken: Sequence[int]) -> dict[str, float]:
    """Points above chance, by task, of the audit's model of a clip's other questions.

    >>> points([Row(clip="a", question="Up?", options=("Yes", "No"), answer_index=0)], [0])
    {}
    """
    chosen = [asked[place] for place in taken]
    if len({row.clip for row in chosen}) < 2:
        return {}
    found = tables.build(chosen)
    siblings = bayes.of_siblings(found)
    if siblings is None:
        return {}
    credit = scores.credited(found, bayes.preferences(found, [siblings], tables.by_fold(found)))
    gain = 100 * (credit - found.chance) / (1 - found.chance)
    return {name: float(gain[among].mean()) for name, among in scores.groups(found)}


def made(
    asked: Sequence[Row], taken: Collection[int], *, tasks: Collection[str], name: str
) -> dict[str, list[Guesses]]:
    """The guesses of two readers for each question of some tasks, selected or not.

    One reads a clip's other questions only, the other also the question's own words and the
    options offered together. The name seeds the folds of the clips.

    >>> rows = [
    ...     Row(clip=f"{n // 2}", task="ever", question=("Up?", "Down?")[n % 2],
    ...         options=("Yes", "No"), answer_index=n % 2)
    ...     for n in range(400)
    ... ]
    >>> first, second = made(rows, range(300), tasks=["ever"], name="example")["ever"]
    >>> len(first.places), float(second.credit.min())
    (400, 1.0)
    """
    heard = np.zeros(len(asked), dtype=bool)
    heard[list(taken)] = True
    places = np.array(
        [place for place, row in enumerate(asked) if heard[place] or row.task in tasks],
        dtype=np.int64,
    )
    heard = heard[places]
    found = tables.build([asked[place] for place in places.tolist()])
    found, trials = _apart(found, heard, name)
    siblings = bayes.of_siblings(found, heard=heard)
    if siblings is None:
        return {}
    words = [bayes.of_questions(found), bayes.of_options(found)]
    words += [_offered_again(found, heard), _offered_beside(found)]
    guesses: dict[str, list[Guesses]] = {task: [] for task in tasks}
    for crosses in ([siblings], [siblings, *words]):
        by_row = _guessed(found, crosses, trials)
        for task in tasks:
            number = found.tasks.index(task)
            mine = np.flatnonzero(found.task == number)
            guesses[task].append(_of_task(by_row, mine, heard, places))
    return guesses


def _apart(
    tables: Tables, heard: Bool[np.ndarray, " rows"], name: str
) -> tuple[Tables, list[Trial]]:
    """The tables with separate folds for rows that are not learned from, and the trials."""
    clips = list(dict.fromkeys(row.clip for row in tables.rows))
    drawn = [hashlib.blake2b(f"{name}\n{clip}".encode(), digest_size=8).digest() for clip in clips]
    fold = np.array([int.from_bytes(one, "little") % FOLDS for one in drawn])[tables.clip]
    unheard = frozenset(range(FOLDS, 2 * FOLDS))
    trials = [
        Trial(judged=frozenset({one, one + FOLDS}), unknown=unheard | {one}) for one in range(FOLDS)
    ]
    return replace(tables, folds=2 * FOLDS, fold=np.where(heard, fold, fold + FOLDS)), trials


def _offered_again(tables: Tables, heard: Bool[np.ndarray, " rows"]) -> Crosses:
    """Crosses of each option with the number of the clip's other questions that offer it."""
    in_clip = joined(tables.clip[tables.row], tables.text)
    told = heard[tables.row].astype(float)
    often = np.bincount(in_clip, weights=told)[in_clip] - told
    pairs = np.arange(len(tables.row))
    traits = np.minimum(often, MOST_AGAIN).astype(np.int64)
    return bayes.crossed(tables, pairs, traits, [f"again {n}" for n in range(MOST_AGAIN + 1)])


def _offered_beside(tables: Tables) -> Crosses:
    """Crosses of each option with every other option of its question."""
    count = tables.options[tables.row]
    pairs = np.repeat(np.arange(len(tables.row)), count)
    step = np.arange(len(pairs)) - np.repeat(np.cumsum(count) - count, count)
    others = np.repeat(tables.start[:-1][tables.row], count) + step
    beside = others != pairs
    return bayes.crossed(tables, pairs[beside], tables.text[others[beside]], tables.texts)


class _ByRow(NamedTuple):
    """A reader's guess for each row: the option, its confidence and its credit."""

    text: Int[np.ndarray, " rows"]
    sureness: Float[np.ndarray, " rows"]
    credit: Float[np.ndarray, " rows"]


def _guessed(tables: Tables, crosses: Sequence[Crosses], trials: Sequence[Trial]) -> _ByRow:
    preference = np.round(bayes.preferences(tables, crosses, trials), 9)
    best = np.lexsort((-preference, tables.row))[tables.start[:-1]]
    usual = np.add.reduceat(preference, tables.start[:-1]) / tables.options
    sureness = preference[best] - usual
    return _ByRow(tables.text[best], sureness, scores.credited(tables, preference))


def _of_task(
    guessed: _ByRow,
    mine: Int[np.ndarray, " asked"],
    heard: Bool[np.ndarray, " rows"],
    places: Int[np.ndarray, " rows"],
) -> Guesses:
    text, sureness = guessed.text[mine], guessed.sureness[mine]
    taken = sureness[heard[mine]]
    bounds = np.quantile(taken, np.linspace(0, 1, GRADES + 1)[1:-1]) if len(taken) else []
    grade = np.searchsorted(bounds, sureness)
    often = np.bincount(text)[text] >= OFTEN
    cells = joined(np.where(often, text + 1, 0), grade)
    return Guesses(
        places=places[mine],
        cells=np.where(sureness > UNDECIDED, cells, NO_GUESS).astype(np.int32),
        credit=guessed.credit[mine].astype(np.float32),
    )
