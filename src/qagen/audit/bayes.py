"""Naive Bayes over crosses: pairs of a trait and an option, such as "throughout" with No.

The evidence of a cross is the gain in how often its option is right over the same option without
the trait; the log odds are added as if independent. Words in every question thus weigh nothing.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from qagen.audit.counts import Counts, count
from qagen.audit.rows import words
from qagen.audit.tables import Tables, Trial, joined, numbered

STEADINESS = 4.0
"""Pseudo-count: options at the usual rate that are added to every cross."""

LEAST_OFFERED = 4
"""Rarer crosses are ignored."""

TELLING = 2.0
"""Standard deviations of luck; smaller differences from the usual rate are no evidence, so that a
model without knowledge does not guess."""

SURE = 1e-3
"""Rates are clipped to this distance from 0 and 1."""

MOST_SIBLINGS = 32
"""Traits of a clip's other questions that are used, the rarest first."""

COMMON = 0.9
"""Traits that a larger share of the clips has are ignored."""


class Crosses(NamedTuple):
    """The uses of crosses by options, and the baseline of each option."""

    pairs: Int[np.ndarray, " uses"]
    cells: Int[np.ndarray, " uses"]
    base: Int[np.ndarray, " pairs"]
    """The cell that an option is in without further evidence."""
    base_of: Int[np.ndarray, " cells"]
    counts: Counts
    base_counts: Counts
    traits: Int[np.ndarray, " cells"]
    """The index of each cross's word."""
    names: tuple[str, ...]


def of_questions(tables: Tables) -> Crosses:
    """Crosses of each word of the question with each option.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=f"{n}", question="Up?", options=("a", "b"), answer_index=0)
    ...         for n in range(8)]
    >>> len(of_questions(build(rows)).counts.right[0])
    2
    """
    known = {stem: set(one) for stem, one in zip(tables.stem.tolist(), tables.words, strict=True)}
    return _crosses(tables, [known[stem] for stem in tables.stem.tolist()])


def of_options(tables: Tables) -> Crosses:
    """Crosses of the words of the option itself with its task."""
    of_text: dict[str, list[str]] = {}
    lists = [
        of_text.setdefault(text, sorted(set(words(text))))
        for row in tables.rows
        for text in row.options
    ]
    lengths = np.array([len(one) for one in lists])
    names = list(dict.fromkeys(word for one in lists for word in one))
    flat = numbered(word for one in lists for word in one)
    pairs = np.repeat(np.arange(len(lists)), lengths)
    base = joined(tables.task[tables.row], tables.options[tables.row])
    return _finished(tables, pairs, flat, base, names)


def of_siblings(
    tables: Tables, *, heard: Bool[np.ndarray, " rows"] | None = None
) -> Crosses | None:
    """Crosses of traits of a clip's other questions with each option; None without any.

    Traits are stems, options and words, all readable in the file, but not answers. They come from
    the rows in `heard`, or from all rows without it.
    """
    if np.bincount(tables.clip).max() < 2:
        return None
    stems = [" ".join(one) for one in tables.words]
    bounds = tables.start.tolist()
    own = [
        {f"question “{stems[at]}”"}
        | {f"option “{tables.texts[text]}”" for text in tables.text[start:end].tolist()}
        | {f"word “{word}”" for word in tables.words[at]}
        for at, (start, end) in enumerate(pairwise(bounds))
    ]
    if heard is not None:
        own = [traits if told else set() for traits, told in zip(own, heard.tolist(), strict=True)]
    return _crosses(tables, _others(tables, own))


def _others(tables: Tables, own: Sequence[set[str]]) -> list[list[str]]:
    """For each row the rarest traits of its clip's other rows."""
    clips: list[dict[str, int]] = [{} for _ in range(int(tables.clip.max()) + 1)]
    for clip, traits in zip(tables.clip.tolist(), own, strict=True):
        counted = clips[clip]
        for trait in traits:
            counted[trait] = counted.get(trait, 0) + 1
    often: dict[str, int] = {}
    for counted in clips:
        for trait in counted:
            often[trait] = often.get(trait, 0) + 1
    most = COMMON * len(clips)
    telling = [
        sorted((t for t in counted if 1 < often[t] <= most), key=lambda t: (often[t], t))
        for counted in clips
    ]
    found = []
    for clip, traits in zip(tables.clip.tolist(), own, strict=True):
        counted, kept = clips[clip], []
        for trait in telling[clip]:
            if counted[trait] > (trait in traits):
                kept.append(trait)
                if len(kept) == MOST_SIBLINGS:
                    break
        found.append(kept)
    return found


def _crosses(tables: Tables, traits: Sequence[Collection[str]]) -> Crosses:
    """Each trait of a row with each of its options."""
    known: dict[str, int] = {}
    flat = np.array(
        [known.setdefault(one, len(known)) for found in traits for one in sorted(found)],
        dtype=np.int64,
    )
    lengths = np.array([len(found) for found in traits], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    uses = lengths[tables.row]
    pairs = np.repeat(np.arange(len(tables.row)), uses)
    within = np.arange(len(pairs)) - np.repeat(np.cumsum(uses) - uses, uses)
    used = flat[starts[tables.row[pairs]] + within]
    return crossed(tables, pairs, used, list(known))


def crossed(
    tables: Tables,
    pairs: Int[np.ndarray, " uses"],
    traits: Int[np.ndarray, " uses"],
    names: Sequence[str],
) -> Crosses:
    """Crosses of options, by number, with traits; the baseline is the option without the trait.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=f"{n}", question="", options=("a", "b"), answer_index=0)
    ...         for n in range(8)]
    >>> made = build(rows)
    >>> crossed(made, np.arange(16), made.place, ["A", "B"]).counts.right.sum(axis=0).tolist()
    [8.0, 0.0]
    """
    base = joined(tables.task[tables.row], tables.text)
    return _finished(tables, pairs, traits, base, names)


def _finished(
    tables: Tables,
    pairs: Int[np.ndarray, " uses"],
    used: Int[np.ndarray, " uses"],
    base: Int[np.ndarray, " pairs"],
    names: Sequence[str],
) -> Crosses:
    cells = joined(used, base[pairs])
    common = (np.bincount(cells) >= LEAST_OFFERED)[cells] if len(cells) else cells.astype(bool)
    pairs, used = pairs[common], used[common]
    _, first, cells = np.unique(cells[common], return_index=True, return_inverse=True)
    base_of = base[pairs[first]] if len(first) else np.zeros(1, dtype=np.int64)
    return Crosses(
        pairs=pairs, cells=cells, base=base, base_of=base_of,
        counts=count(tables, cells, pairs=pairs), base_counts=count(tables, base),
        traits=used[first], names=tuple(names),
    )  # fmt: skip


class Evidence(NamedTuple):
    """Log odds: of an option without further evidence, and the increment of each cross."""

    base: Float[np.ndarray, " bases"]
    added: Float[np.ndarray, " cells"]


def learn(crosses: Crosses, *, without: Collection[int]) -> Evidence:
    """The evidence of all folds except `without`.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=f"{n}", question="Up?", options=("a", "b"), answer_index=0)
    ...         for n in range(8)]
    >>> learn(of_questions(build(rows)), without=[0]).base.round(1).tolist()
    [1.4, -1.4]
    """
    kept = [fold for fold in range(len(crosses.counts.right)) if fold not in without]
    right, offered = _kept(crosses.base_counts, kept)
    usual = crosses.base_counts.expected.sum(axis=0) / crosses.base_counts.offered.sum(axis=0)
    base = (right + STEADINESS * usual) / (offered + STEADINESS)
    base = np.where(_tells(right, offered, usual), base, usual)
    right, offered = _kept(crosses.counts, kept)
    expected = base[crosses.base_of]
    rate = (right + STEADINESS * expected) / (offered + STEADINESS)
    added = _log_odds(rate) - _log_odds(expected)
    return Evidence(_log_odds(base), np.where(_tells(right, offered, expected), added, 0.0))


def _tells(
    right: Float[np.ndarray, " cells"],
    offered: Float[np.ndarray, " cells"],
    expected: Float[np.ndarray, " cells"],
) -> Bool[np.ndarray, " cells"]:
    spread = np.sqrt(offered * expected * (1 - expected))
    return np.abs(right - offered * expected) >= TELLING * np.maximum(spread, 1e-9)


def _kept(
    counts: Counts, folds: Sequence[int]
) -> tuple[Float[np.ndarray, " cells"], Float[np.ndarray, " cells"]]:
    return counts.right[folds].sum(axis=0), counts.offered[folds].sum(axis=0)


def _log_odds(rate: Float[np.ndarray, " cells"]) -> Float[np.ndarray, " cells"]:
    rate = np.clip(rate, SURE, 1 - SURE)
    return np.log(rate / (1 - rate))


def preferences(
    tables: Tables, crosses: Sequence[Crosses], trials: Sequence[Trial]
) -> Float[np.ndarray, " pairs"]:
    """The preference for each option by the evidence of other folds for all its crosses."""
    of_fold = tables.fold[tables.row]
    found = np.zeros(len(tables.row))
    for one in crosses:
        fold_of_use = of_fold[one.pairs]
        for trial in trials:
            mine = np.isin(of_fold, list(trial.judged))
            uses = np.flatnonzero(np.isin(fold_of_use, list(trial.judged)))
            evidence = learn(one, without=trial.unknown)
            found += np.bincount(
                one.pairs[uses], weights=evidence.added[one.cells[uses]], minlength=len(found)
            )
            found[mine] += evidence.base[one.base[mine]]
    return found
