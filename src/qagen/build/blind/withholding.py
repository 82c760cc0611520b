"""Withholds questions until no blind model exceeds a few points above chance.

In each round, cells of the best model of each task (an answer to a stem, a rank of a number, a
letter) in which it is right too often are reduced to a common level by withholding the fewest
questions that it gets right. Questions that several models get right are withheld first. Questions
themselves never change, and the same rows give the same selection.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
from jaxtyping import Bool, Float, Int

from qagen.audit import forest, models, report, rows, tables
from qagen.audit.models import Blind
from qagen.audit.report import Best
from qagen.audit.rows import Row
from qagen.audit.tables import FOLDS, Tables, joined
from qagen.schema.record import Record

MAX_BLIND = 0.03
"""Bound on the best blind model, as a share of the way from chance to all right."""

AIM = 0.8
"""Share of the bound that is aimed at, lest the next round finds slightly more."""

LEAST_KEPT = 0.5
"""A task that would keep a smaller share of its questions is left as it is, and reported."""

PLAIN_LUCK = 0.05
"""Gains with a larger p-value are accepted and reported: withholding would not help, since another
of two dozen models is as lucky among the remaining questions."""

FEWEST = 20
"""A task is not reduced to fewer questions than this."""

MOST_ROUNDS = 60

BINS = 10
"""Grades of confidence into which predictions of models with many features are divided."""

OFTEN = 50
"""Answers that are preferred at least so often are levelled separately."""

Progress = Callable[[int, int], None]
"""Called with the round and the number of questions left."""


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """The kept questions, and how well they can be answered without the video."""

    kept: tuple[int, ...]
    """Indices of the kept questions, in rising order."""
    withheld: dict[str, int]
    """By task."""
    before: dict[str, Best]
    """The best blind model of each task among all questions."""
    best: dict[str, Best]
    """The best blind model of each task among the kept questions."""
    unreachable: dict[str, str]
    """Tasks that cannot meet the bound, and why; all their questions are kept."""
    unsure: dict[str, str]
    """Tasks with so few questions that the best model's gain may be luck."""


def select(
    records: Iterable[Record | Row],
    *,
    max_blind: float = MAX_BLIND,
    folds: int = FOLDS,
    with_forest: bool | None = None,
    least_kept: float = LEAST_KEPT,
    progress: Progress | None = None,
) -> Selected:
    """Withholds few questions so that the best blind model is within a bound.

    >>> asked = [
    ...     Row(clip=f"{n}", task="ever", question="Up?", options=("No", "Yes"),
    ...         answer_index=int(pow(3, n, 1009) > 400))
    ...     for n in range(4000)
    ... ]
    >>> found = select(asked, with_forest=False)
    >>> len(found.kept) > 2000, found.best["ever"].score.points <= 3.0, found.unreachable
    (True, True, {})
    """
    if not 0 < max_blind < 1:
        raise ValueError(f"max_blind {max_blind}: expected a share between 0 and 1, such as 0.03")
    asked = [one if isinstance(one, Row) else rows.from_record(one) for one in records]
    wanted = forest.available() if with_forest is None else with_forest
    state = _State(asked, max_blind, folds, least_kept)
    for number in range(MOST_ROUNDS):
        if progress:
            progress(number, int(state.kept.sum()))
        first = wanted and number == 0  # the scores before anything is withheld
        if not state.step(with_forest=first) and (
            first or not wanted or not state.step(with_forest=True)
        ):
            break
    else:
        state.give_up_the_rest()
    return state.selected(with_forest=wanted)


class _State:
    """The questions withheld so far."""

    def __init__(
        self, asked: Sequence[Row], max_blind: float, folds: int, least_kept: float
    ) -> None:
        self._asked, self._folds = asked, folds
        self._max_blind, self._least_kept = max_blind, least_kept
        self._draws = np.array([draw_of(row) for row in asked], dtype=np.int64)
        self._task = np.array([row.task or "none" for row in asked])
        self._one_group = set(self._task) == {"none"}
        self.kept: Bool[np.ndarray, " rows"] = np.ones(len(asked), dtype=bool)
        self.unreachable: dict[str, str] = {}
        self.before: dict[str, Best] = {}
        self._over: dict[str, Best] = {}

    def step(self, *, with_forest: bool) -> bool:
        """Tries all models once and withholds where one exceeds the bound; false when none does."""
        places = np.flatnonzero(self.kept)
        found, blinds = self._look(places, with_forest=with_forest)
        best_of = report.best_of(found, blinds)
        self.before = self.before or best_of
        self._over = {name: best for name, best in best_of.items() if self._too_much(name, best)}
        for name, best in self._over.items():
            among = np.flatnonzero(self._mine(name)[places])
            blind = next(blind for blind in blinds if blind.name == best.model)
            others = _excess(found, blinds)
            withheld = _level(
                found, blind, among, aim=AIM * self._max_blind, others=others,
                draws=self._draws[places],
            )  # fmt: skip
            self.kept[places[withheld]] = False
            self._check(name, best)
        return bool(self._over)

    def _look(
        self, places: Int[np.ndarray, " places"], *, with_forest: bool
    ) -> tuple[Tables, list[Blind]]:
        found = tables.build([self._asked[int(place)] for place in places], folds=self._folds)
        return found, list(models.try_all(found, models.look(found), with_forest=with_forest))

    def _too_much(self, name: str, best: Best) -> bool:
        if name in self.unreachable or (name == "all" and not self._one_group):
            return False
        score = best.score
        return score.points > 100 * self._max_blind and score.luck < PLAIN_LUCK

    def _check(self, name: str, best: Best) -> None:
        mine = self._mine(name)
        if self.kept[mine].mean() < self._least_kept or self.kept[mine].sum() < FEWEST:
            self._give_up(name, best)

    def _mine(self, name: str) -> Bool[np.ndarray, " rows"]:
        return np.ones(len(self._asked), dtype=bool) if name == "all" else self._task == name

    def _give_up(self, name: str, best: Best) -> None:
        mine = self._mine(name)
        share = 1 - float(self.kept[mine].mean())
        self.kept[mine] = True
        self.unreachable[name] = (
            f"the model “{best.model}” was still {best.score.points:.1f} points above chance among "
            f"{best.score.rows} questions, and with {share:.0%} withheld there was no end; "
            "ask more clips whose answers differ, or other questions"
        )

    def give_up_the_rest(self) -> None:
        """Records the tasks that still exceed the bound after the last round."""
        for name, best in self._over.items():
            if name not in self.unreachable:
                self._give_up(name, best)

    def selected(self, *, with_forest: bool) -> Selected:
        """The kept questions, with scores from a last try of all models."""
        places = np.flatnonzero(self.kept)
        names, withheld = np.unique(self._task[~self.kept], return_counts=True)
        found, blinds = self._look(places, with_forest=with_forest)
        best = report.best_of(found, blinds)
        return Selected(
            kept=tuple(int(place) for place in places),
            withheld={str(name): int(n) for name, n in zip(names, withheld, strict=True)},
            before=self.before,
            best=best,
            unreachable=self.unreachable,
            unsure={name: _doubt(one) for name, one in best.items() if self._is_unsure(name, one)},
        )

    def _is_unsure(self, name: str, best: Best) -> bool:
        if name in self.unreachable or (name == "all" and not self._one_group):
            return False
        return best.score.points > 100 * self._max_blind


def _doubt(best: Best) -> str:
    score = best.score
    return (
        f"the model “{best.model}” is {score.points:.1f} points above chance among {score.rows} "
        f"questions, which luck gives any one model in {score.luck:.0%} of cases; ask about more "
        "clips to know better"
    )


def draw_of(row: Row) -> int:
    """An integer below 2^63 that depends only on a question's content.

    >>> row = Row(clip="a", question="Up?", options=("Yes", "No"), answer_index=0)
    >>> draw_of(row) == draw_of(msgspec.structs.replace(row, answer_index=1)) < 2**63
    True
    """
    name = "\n".join((row.clip, row.question, *row.options))
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") >> 1


def _excess(tables: Tables, blinds: Sequence[Blind]) -> Float[np.ndarray, " rows"]:
    """The excess credit of all models together for each row; models that guess weigh nothing."""
    total = np.zeros(len(tables.rows))
    for blind in blinds:
        gain = blind.credit - tables.chance
        if gain.mean() > 0:
            total += gain * gain.mean()
    return np.round(total, 9)


def _level(
    tables: Tables,
    blind: Blind,
    among: Int[np.ndarray, " chosen"],
    *,
    aim: float,
    others: Float[np.ndarray, " rows"],
    draws: Int[np.ndarray, " rows"],
) -> Int[np.ndarray, " withheld"]:
    """The rows to withhold so that a model's share of right answers meets `aim`; never empty."""
    cells = _cells(tables, blind)[among]
    credit, chance = blind.credit[among], tables.chance[among]
    cells = np.unique(cells, return_inverse=True)[1]
    size, right = np.bincount(cells), np.bincount(cells, weights=credit)
    usual = np.bincount(cells, weights=chance) / size
    allowed = float(np.mean(chance + aim * (1 - chance)))
    needed = (credit.sum() - len(among) * allowed) / (1 - allowed)
    low, high = 0.0, 1.0  # how far above chance cells may stay
    for _ in range(40):
        middle = (low + high) / 2
        if _too_many(size, right, usual, middle).sum() > needed:
            low = middle
        else:
            high = middle
    excess = np.ceil(_too_many(size, right, usual, low) - 1e-6)
    order = np.lexsort((draws[among], -others[among], -credit, cells))
    rank = np.arange(len(order)) - (np.cumsum(size) - size)[cells[order]]
    chosen = order[(rank < excess[cells[order]]) & (credit[order] > chance[order])]
    chosen = chosen[: max(1, int(np.ceil(needed)) + len(size))]
    if not len(chosen):
        chosen = np.array([int(np.argmax(credit))])
    return among[chosen]


def _too_many(
    size: Int[np.ndarray, " cells"],
    right: Float[np.ndarray, " cells"],
    usual: Float[np.ndarray, " cells"],
    above: float,
) -> Float[np.ndarray, " cells"]:
    """The number of right rows to remove of each cell so that `above` bounds its gain."""
    level = np.minimum(usual + above * (1 - usual), 1 - 1e-9)
    return np.maximum(0.0, (right - size * level) / (1 - level))


def _cells(tables: Tables, blind: Blind) -> Int[np.ndarray, " rows"]:
    """The cell of the option that a model prefers, for every row."""
    preference = np.round(blind.preference, 9)
    order = np.lexsort((-preference, tables.row))
    best = order[tables.start[:-1]]
    usual = np.add.reduceat(preference, tables.start[:-1]) / tables.options
    gap = preference[best] - usual
    undecided = gap <= 1e-9
    if blind.cells is not None:
        cells = blind.cells[best]
    else:
        grade = np.searchsorted(np.quantile(gap, np.linspace(0, 1, BINS + 1)[1:-1]), gap)
        text = tables.text[best]
        often = np.bincount(text)[text] >= OFTEN
        cells = joined(tables.task, np.where(often, text + 1, 0), grade)
    return np.where(undecided, cells.max() + 1, cells)
