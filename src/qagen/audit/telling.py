"""The strongest hints at answers: words, positions and options."""

import msgspec
import numpy as np
from jaxtyping import Float, Int

from qagen.audit import counts
from qagen.audit.bayes import Crosses
from qagen.audit.models import FOREST, SIBLINGS, WORDS, Suspects
from qagen.audit.tables import Tables

MOST_TOLD = 6
LEAST_SURPRISE = 3.0
"""Standard deviations of luck; weaker hints are not listed."""


class Tell(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trait that options share, and how often these are right."""

    what: str
    offered: int
    right: float
    """The share of options that are right."""
    expected: float
    """The share that would be right if the trait were no hint."""


def of(tables: Tables, suspects: Suspects, model: str) -> tuple[Tell, ...]:
    """The strongest hints among a model's features, the most surprising first.

    >>> from qagen.audit import models
    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=f"{n}", question="", options=("a", "b"), answer_index=0)
    ...         for n in range(50)]
    >>> tables = build(rows)
    >>> of(tables, models.look(tables), "letter")[0]
    Tell(what='A of 2', offered=50, right=1.0, expected=0.5)
    """
    if model in (WORDS, FOREST):
        return _most([tell for one in suspects.words for tell in _of_crosses(tables, one)])
    if model == SIBLINGS:
        return _most(_of_crosses(tables, suspects.siblings) if suspects.siblings else [])
    key = next(key for key in suspects.keys if key.name == model)
    counted = counts.count(tables, key.cells)
    offered, right = counted.offered.sum(axis=0), counted.right.sum(axis=0)
    expected = counted.expected.sum(axis=0) / np.maximum(offered, 1)
    first = np.unique(key.cells, return_index=True)[1]
    return _most(
        [
            (surprise, key.describe(tables, int(first[cell])), offered[cell], right[cell],
             expected[cell])
            for surprise, cell in _surprising(offered, right, expected)
        ]
    )  # fmt: skip


_Found = tuple[float, str, float, float, float]


def _of_crosses(tables: Tables, crosses: Crosses) -> list[_Found]:
    offered, right = crosses.counts.offered.sum(axis=0), crosses.counts.right.sum(axis=0)
    base = crosses.base_counts
    usual = base.right.sum(axis=0) / np.maximum(base.offered.sum(axis=0), 1)
    expected = usual[crosses.base_of]
    found = []
    first = np.unique(crosses.cells, return_index=True)[1]
    for surprise, cell in _surprising(offered, right, expected):
        pair = int(crosses.pairs[first[cell]])
        task = tables.rows[int(tables.row[pair])].task
        word = crosses.names[int(crosses.traits[cell])]
        what = f"{word} → {tables.texts[tables.text[pair]]}"
        if task:
            what += f", in {task}"
        found.append((surprise, what, offered[cell], right[cell], expected[cell]))
    return found


def _surprising(
    offered: Float[np.ndarray, " cells"],
    right: Float[np.ndarray, " cells"],
    expected: Float[np.ndarray, " cells"],
) -> list[tuple[float, int]]:
    """The cells whose options are right most surprisingly often."""
    spread = np.sqrt(np.maximum(offered * expected * (1 - expected), 1e-9))
    surprise = np.where(offered > 0, (right - offered * expected) / spread, 0.0)
    surprise[(expected <= 0) | (expected >= 1)] = 0.0
    order: Int[np.ndarray, " cells"] = np.argsort(-surprise, kind="stable")[:MOST_TOLD]
    return [(float(surprise[at]), int(at)) for at in order if surprise[at] >= LEAST_SURPRISE]


def _most(candidates: list[_Found]) -> tuple[Tell, ...]:
    told: dict[tuple[int, float, float], Tell] = {}  # words that occur together once
    for _, what, offered, right, expected in sorted(
        candidates, key=lambda candidate: (-candidate[0], candidate[1])
    ):
        share = round(float(right / max(offered, 1)), 4)
        tell = Tell(
            what=what, offered=int(offered), right=share, expected=round(float(expected), 4)
        )
        told.setdefault((tell.offered, tell.right, tell.expected), tell)
    return tuple(told.values())[:MOST_TOLD]
