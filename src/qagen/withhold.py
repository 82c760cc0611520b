"""The last step of a build: rows that blind models know too well are taken out of its files.

Where answers are to be even, the files hold all questions in the running, and the most that give
nothing away are taken (`neutral`). What is still known of these is withheld (`rebalance`).

Works on files that `merge` has written and not published yet, so that a build which is killed here
finds all its chunks again. Whole lines are left out and nothing is changed. All rows are in memory
for that time, about a kilobyte each.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from qagen import neutral, rebalance, record
from qagen.audit import bayes, forest, rows, scores, tables
from qagen.audit.report import Best
from qagen.audit.rows import Row
from qagen.dataset import Blindness, BlindScore
from qagen.merge import Thinned
from qagen.rebalance import Selected
from qagen.splits import Split
from qagen.tally import Tally

Progress = Callable[[int, int], None]
"""Told the round, and how many there are at most."""


def check(max_blind: float) -> None:
    """Raises `ValueError` when the bound is no share, or scikit-learn is missing.

    >>> check(3.0)
    Traceback (most recent call last):
    ...
    ValueError: max_blind 3.0: expected a share between 0 and 1, such as 0.03 for three points
    """
    if not 0 < max_blind < 1:
        raise ValueError(
            f"max_blind {max_blind}: expected a share between 0 and 1, such as 0.03 for three "
            "points"
        )
    if not forest.available():
        raise ValueError(
            "--max-blind tries all models of the audit, and its random forest needs scikit-learn, "
            "which is not installed: pip install 'kinematics-qa[audit]', or leave the option out"
        )


LOOSEST = 4.5
"""What happens in a clip may at first tell so many times the bound."""

TIGHTER = 2 / 3
"""What remains of that while the model that reads a clip's other questions knows too much."""

TOO_MUCH = 3.5
"""That model may know so many times the bound: to withhold for the rest costs less."""

MOST_TRIES = 6


def thin(
    files: Mapping[Split, Path],
    *,
    max_blind: float,
    balanced: bool = False,
    per_category: int | None = None,
    progress: Progress | None = None,
) -> Thinned:
    """Leaves in the files what no blind model knows, and says what that took.

    With `balanced`, at most `per_category` questions of a clip and category are taken first, the
    most of which answers are even.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "test.jsonl")
    ...     path.touch()
    ...     thin({"test": path}, max_blind=0.03).withheld
    0
    """
    check(max_blind)
    pool = neutral.Pool()
    asked = []
    for side, path in files.items():
        for one in record.read(path):
            asked.append(rows.from_record(one, split=side))
            if balanced:
                pool.add(one, asked[-1], draw=rebalance.draw_of(asked[-1]))
    if len({row.clip for row in asked}) < 2:  # nobody learns from other clips: there are none
        return Thinned(_counted(files), 0, None)

    def tell(number: int, _left: int) -> None:
        if progress:
            progress(number, rebalance.MOST_ROUNDS)

    even = list(range(len(asked)))
    if balanced:
        even = _evenly(pool, asked, max_blind=max_blind, per_category=per_category)
    chosen = [asked[place] for place in even]
    found = rebalance.select(chosen, max_blind=max_blind, with_forest=True, progress=tell)
    stays = bytearray(len(asked))
    for place in found.kept:
        stays[even[place]] = 1
    told = iter(stays)
    for path in files.values():
        _leave(path, told)
    return Thinned(
        tally=_counted(files),
        withheld=len(chosen) - len(found.kept),
        blind=_figures(found, chosen, max_blind),
        uneven=len(asked) - len(chosen),
    )


def _evenly(
    pool: neutral.Pool, asked: Sequence[Row], *, max_blind: float, per_category: int | None
) -> list[int]:
    """The questions to take, of which a clip's others tell as little as they have to."""
    known = dict.fromkeys(pool.categories, LOOSEST)
    chosen: dict[str, list[int]] = {}
    even: list[int] = []
    for _ in range(MOST_TRIES):
        chosen |= pool.choose(max_blind=max_blind, per_category=per_category, known=known)
        even = sorted(place for places in chosen.values() for place in places)
        points = _told_by_siblings([asked[place] for place in even])
        known = {
            name: TIGHTER * slack
            for name, slack in known.items()
            if points.get(name, 0.0) > 100 * TOO_MUCH * max_blind
        }
        if not known:
            break
    return even


def _told_by_siblings(asked: Sequence[Row]) -> dict[str, float]:
    """Points above chance, by category, of the model that reads a clip's other questions."""
    if len({row.clip for row in asked}) < 2:
        return {}
    found = tables.build(asked)
    siblings = bayes.of_siblings(found)
    if siblings is None:
        return {}
    credit = scores.credited(found, bayes.preferences(found, [siblings], tables.by_fold(found)))
    points = 100 * (credit - found.chance) / (1 - found.chance)
    return {name: float(points[among].mean()) for name, among in scores.groups(found)}


def _leave(path: Path, stays: Iterator[int]) -> None:
    """Leaves some lines of a file, which appears whole or stays as it is."""
    partial = path.with_name(f"{path.name}.thinned")
    with path.open("rb") as lines, partial.open("wb") as out:
        out.writelines(line for line in lines if line.strip() and next(stays))
    partial.replace(path)


def _counted(files: Mapping[Split, Path]) -> Tally:
    tally = Tally()
    for path in files.values():
        for row in record.read(path):
            tally.add_record(row)
    return tally


def _figures(found: Selected, asked: Sequence[Row], max_blind: float) -> Blindness:
    sizes = Counter(row.category for row in asked)
    kept = Counter(asked[place].category for place in found.kept)
    return Blindness(
        max_blind=max_blind,
        before={name: _score(best) for name, best in sorted(found.before.items())},
        after={name: _score(best) for name, best in sorted(found.best.items())},
        kept={name: round(kept[name] / count, 4) for name, count in sorted(sizes.items())},
        unreachable=dict(sorted(found.unreachable.items())),
        unsure=dict(sorted(found.unsure.items())),
    )


def _score(best: Best) -> BlindScore:
    return BlindScore(model=best.model, questions=best.score.rows, points=best.score.points)
