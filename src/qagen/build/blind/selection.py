"""Selects questions so that no readable feature leaks their answers.

A stem whose questions offer different movements cannot be balanced answer by answer: movements that
are often true are also often offered, and those that are hardly ever true are obvious distractors.
So for each feature that a reader could know of an option (task, family, rule, wording, subject of
the stem, events of the clip according to its other questions) the option may be true only about as
often as by guessing. A linear program finds the largest selection under these bounds and a limit
of questions for each clip and task; draws make it unique. Questions themselves never change.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, vstack

from qagen.audit.rows import Row
from qagen.build.blind.sibling_readers import NO_GUESS, Guesses
from qagen.build.select import in_order
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import Window
from qagen.schema.record import Record

READ_SLACK = 0.5
"""Share of the bound by which an option may be true too often given its own question's features."""

SPARE = 2.0
"""Additional questions that may have the option as their answer, however few there are."""

LEAST_OFFERED = 10
"""Options that are offered more rarely are not bounded: there is nothing to learn from."""

MOST_TOGETHER = 12_000
"""Approximate number of questions in a program: solving grows faster than linearly, and balanced
parts make a balanced whole."""

HALF = 0.5
"""Rounding threshold: questions with an LP value of at least this are selected."""

ROUNDING = 1e-6
"""Tolerance of sums, for rounding errors."""

BY_DRAW = 1e-3
"""Largest weight that a draw adds to a question in the objective."""

Scope = tuple[str, ...]
"""One readable feature of a question."""


class Pool:
    """Collects questions and the readable features of their options, then selects."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._places: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        """Questions by task."""
        self._clips, self._draws = array("I"), array("d")
        self._options: list[tuple[tuple[tuple[str, ...], ...], int]] = []
        self._windows: list[tuple[str, Window]] = []
        self._scopes: list[tuple[Scope, ...]] = []
        self._shown: list[frozenset[tuple[str, str]]] = []
        self._told: defaultdict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        """For each clip the number of questions whose evidence shows each movement."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of all questions, in alphabetical order."""
        return tuple(sorted(self._places))

    def add(self, record: Record, row: Row, *, draw: int) -> None:
        """Adds a question as a record and as an audit's row; draws are integers below 2^63."""
        clip = self._numbers.setdefault(f"{record.clip}#{record.person}", len(self._numbers))
        self._places[record.task].append(len(self._clips))
        self._clips.append(clip)
        self._draws.append(draw / 2**63)
        self._options.append((_labels(record), record.answer_index))
        self._windows.append((record.ask.rule, record.ask.window))
        self._scopes.append(tuple(_scopes(record, row)))
        self._shown.append(_shown(record))
        self._told[clip].update(self._shown[-1])

    def choose(
        self,
        *,
        max_blind: float,
        per_task: int | None,
        known: Mapping[str, float],
        guesses: Mapping[str, Sequence[Guesses]] = {},
    ) -> dict[str, list[int]]:
        """The selected questions by task, as indices in the order in which they were added.

        `known` gives for each task the leakage allowed through events of the clip, as a multiple
        of the bound: other questions are less certain evidence than a question's own words.
        Guesses of equal confidence (`guesses`) are right about as often as by chance.

        >>> Pool().choose(max_blind=0.03, per_task=2, known={})
        {}
        """
        clips = np.array(self._clips)
        chosen: dict[str, list[int]] = {}
        for task, slack in sorted(known.items()):
            mine = np.array(self._places[task], dtype=np.int64)
            mine = mine[np.argsort(clips[mine], kind="stable")]
            parts = -(-len(mine) // MOST_TOGETHER)
            clip = np.unique(clips[mine], return_inverse=True)[1]
            part = clip * parts // (int(clip.max(initial=0)) + 1)
            chosen[task] = []
            for number in range(parts):
                places = mine[part == number]
                gains = [self._gains(places, max_blind, slack)]
                gains += [self._guessed(places, max_blind, one) for one in guesses.get(task, ())]
                taken = self._taken(places, vstack(gains).tocsr(), per_task)
                chosen[task] += places[taken].tolist()
        return chosen

    def _taken(
        self,
        places: Int[np.ndarray, " asked"],
        gains: csr_matrix,
        per_task: int | None,
    ) -> Bool[np.ndarray, " asked"]:
        bounds = gains.shape[0]
        room = np.full(bounds, SPARE)
        if per_task is not None:
            clips = np.unique(np.array(self._clips)[places], return_inverse=True)[1]
            ones = csr_matrix((np.ones(len(places)), (clips, np.arange(len(places)))))
            gains = vstack([gains, ones]).tocsr()
            room = np.concatenate([room, np.full(ones.shape[0], float(per_task))])
        return _largest(gains, room, np.array(self._draws)[places], strict=bounds)

    def _gains(
        self, places: Int[np.ndarray, " asked"], max_blind: float, known: float
    ) -> csr_matrix:
        """The contribution of each question to each option's excess of true over allowed."""
        names: dict[tuple[Scope, str], int] = {}
        rows, columns, values = array("I"), array("I"), array("d")
        often, right = Counter[int](), Counter[int]()
        for column, place in enumerate(places.tolist()):
            options, answer = self._options[place]
            chance = 1 / len(options)
            for scope, slack in self._seen(place, known):
                allowed = chance + slack * max_blind * (1 - chance)
                for number, labels in enumerate(options):
                    for label in labels:
                        cell = names.setdefault((scope, label), len(names))
                        often[cell] += 1
                        right[cell] += number == answer
                        rows.append(cell)
                        columns.append(column)
                        values.append((number == answer) - allowed)
        shape = (len(names), len(places))
        found = csr_matrix((np.array(values), (np.array(rows), np.array(columns))), shape=shape)
        told = [cell for cell in range(len(names)) if often[cell] >= LEAST_OFFERED and right[cell]]
        return found[told]

    def _guessed(
        self, places: Int[np.ndarray, " asked"], max_blind: float, guesses: Guesses
    ) -> csr_matrix:
        """The contribution of each question to the excess over chance of each class of guesses."""
        mine = np.searchsorted(guesses.places, places)
        cells, credit = guesses.cells[mine], guesses.credit[mine].astype(float)
        chance = np.array([1 / len(self._options[place][0]) for place in places.tolist()])
        gains = credit - chance - READ_SLACK * max_blind * (1 - chance)
        columns = np.flatnonzero(cells != NO_GUESS)
        numbers, rows = np.unique(cells[columns], return_inverse=True)
        shape = (len(numbers), len(places))
        return csr_matrix((gains[columns], (rows, columns)), shape=shape)

    def _seen(self, index: int, known: float) -> Iterator[tuple[Scope, float]]:
        """The readable features of a question, each with the multiple of the bound it may leak."""
        for scope in self._scopes[index]:
            yield scope, READ_SLACK
        rule, window = self._windows[index]
        own = self._shown[index]
        often = Counter[str]()
        for (when, movement), count in self._told[self._clips[index]].items():
            if when in ("whole", window) and count > ((when, movement) in own):
                often[when] += 1
                yield ("told", rule, when, movement), known
        for when in sorted({"whole", window}):
            yield ("told of", rule, when, str(often[when])), known


def _labels(record: Record) -> tuple[tuple[str, ...], ...]:
    """The labels of each option: its code; of numbers also the rank, of orders also the pairs."""
    codes = record.option_codes
    ranked = in_order(codes)
    if ranked:
        return tuple([(code, f"rank {ranked.index(code)}") for code in codes])
    return tuple([(code, *_steps(code)) for code in codes])


def _steps(code: str) -> Iterator[str]:
    """The order of each pair of movements in an ordering."""
    for first, second in combinations(code.split(">"), 2):
        yield f"{first} before {second}"


def _scopes(record: Record, row: Row) -> Iterator[Scope]:
    """The features of a question's text, from the most general to the wording itself."""
    ask = record.ask
    yield ("task", record.task)
    yield ("family", record.task, record.family)
    yield ("rule", ask.rule)
    yield ("window", ask.rule, ask.window, str(ask.negated))
    for movement in ask.movements:
        yield ("movement", ask.rule, movement)
    yield ("stem", ask.name)
    yield ("words", row.question)
    yield ("side", row.split, ask.rule)


def _shown(record: Record) -> frozenset[tuple[str, str]]:
    """The events of the clip that a question's evidence shows: windows and movements."""
    found = set()
    for one in record.evidence:
        movement = one.what.removesuffix("_total")
        if movement in MOVEMENTS and one.value > 0:
            found |= {("whole", movement), (record.ask.window, movement)}
    return frozenset(found)


def _largest(
    gains: csr_matrix,
    room: Float[np.ndarray, " bounds"],
    draws: Float[np.ndarray, " asked"],
    *,
    strict: int,
) -> Bool[np.ndarray, " asked"]:
    """The largest selection for which no sum of gains exceeds its room.

    Questions with an LP value of at least `HALF` are selected, which may make a sum slightly too
    large, except for sums from index `strict` on; others are added while there is room.
    """
    found = linprog(-(1 + BY_DRAW * draws), A_ub=gains, b_ub=room, bounds=(0, 1), method="highs-ds")
    if found.x is None:
        raise RuntimeError(f"no selection was found: {found.message}")
    share = np.round(found.x, 6)
    taken = share >= 1
    left = room + ROUNDING - gains @ taken.astype(float)
    by_question = gains.tocsc()
    for place in np.lexsort((-draws, -share)).tolist():
        if taken[place]:
            continue
        span = slice(by_question.indptr[place], by_question.indptr[place + 1])
        bounds, gain = by_question.indices[span], by_question.data[span]
        fits = (left[bounds] >= gain) | (gain <= 0)
        if share[place] >= HALF:
            fits = fits[bounds >= strict]
        if fits.all():
            taken[place] = True
            left[bounds] -= gain
    return taken
