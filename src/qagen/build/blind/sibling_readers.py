"""What readers guess who have seen no video but all the questions that were taken.

Such a reader knows of each question what its clip's other questions speak of, and of other clips
which answers went with that (naive Bayes, as in `audit.bayes`). The guesses are about every
question that could be taken, so that `neutral` can take other questions instead of those that are
guessed. Clips are judged by what was learned of others; who learns of whom is drawn anew each time.
Selects and changes nothing.
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
"""Guesses are told apart by so many grades of sureness."""

OFTEN = 200
"""Answers that are guessed so often are counted one by one, all others together."""

MOST_AGAIN = 3
"""An option that so many other questions offer is offered often."""

NO_GUESS = -1

UNDECIDED = 1e-9
"""Who is no surer than that of one option has no guess."""


class Guesses(NamedTuple):
    """What one reader guesses of all questions of a task."""

    places: Int[np.ndarray, " asked"]
    """Which questions they are, in rising order."""
    cells: Int32[np.ndarray, " asked"]
    """Guesses that are alike in answer and sureness have one number; `NO_GUESS` for no guess."""
    credit: Float32[np.ndarray, " asked"]
    """1 for a guess that is right, and a share where the reader cannot decide."""


def points(asked: Sequence[Row], taken: Sequence[int]) -> dict[str, float]:
    """Points above chance, by task, of the audit's reader of a clip's other questions.

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
    """What two readers guess of each question of some tasks, whether it was taken or not.

    One looks at a clip's other questions alone, one at the question's own words and at what stands
    beside an option, too. The folds of the clips are drawn by the name.

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
    """The tables with folds of their own for rows that nobody learns from, and who judges whom."""
    clips = list(dict.fromkeys(row.clip for row in tables.rows))
    drawn = [hashlib.blake2b(f"{name}\n{clip}".encode(), digest_size=8).digest() for clip in clips]
    fold = np.array([int.from_bytes(one, "little") % FOLDS for one in drawn])[tables.clip]
    unheard = frozenset(range(FOLDS, 2 * FOLDS))
    trials = [
        Trial(judged=frozenset({one, one + FOLDS}), unknown=unheard | {one}) for one in range(FOLDS)
    ]
    return replace(tables, folds=2 * FOLDS, fold=np.where(heard, fold, fold + FOLDS)), trials


def _offered_again(tables: Tables, heard: Bool[np.ndarray, " rows"]) -> Crosses:
    """How many of the clip's other questions offer an option, each with the option itself."""
    in_clip = joined(tables.clip[tables.row], tables.text)
    told = heard[tables.row].astype(float)
    often = np.bincount(in_clip, weights=told)[in_clip] - told
    pairs = np.arange(len(tables.row))
    traits = np.minimum(often, MOST_AGAIN).astype(np.int64)
    return bayes.crossed(tables, pairs, traits, [f"again {n}" for n in range(MOST_AGAIN + 1)])


def _offered_beside(tables: Tables) -> Crosses:
    """Each option with every other one of its question."""
    count = tables.options[tables.row]
    pairs = np.repeat(np.arange(len(tables.row)), count)
    step = np.arange(len(pairs)) - np.repeat(np.cumsum(count) - count, count)
    others = np.repeat(tables.start[:-1][tables.row], count) + step
    beside = others != pairs
    return bayes.crossed(tables, pairs[beside], tables.text[others[beside]], tables.texts)


class _ByRow(NamedTuple):
    """What a reader guesses of each row: the option, how surely, and whether that is right."""

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
