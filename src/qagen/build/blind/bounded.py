"""The last step of a build: removes rows that blind models answer too well from its files.

For balanced builds the files hold all candidate questions; `selection` chooses the largest part of
them that leaks nothing. `withholding` then removes rows that blind models still answer too well.

Works on files that `merge` has written but not published, so that a build killed here keeps its
chunks. Lines are removed whole and never changed. All rows are held in memory meanwhile, about a
kilobyte each.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from kinematics.output import whole
from qagen.audit import forest, rows
from qagen.audit.report import Best
from qagen.audit.rows import Row
from qagen.build.blind import selection, sibling_readers, withholding
from qagen.build.blind.sibling_readers import Guesses
from qagen.build.blind.withholding import Selected
from qagen.build.merge import Thinned
from qagen.build.tally import Tally
from qagen.dataset.layout import Blindness, BlindScore
from qagen.dataset.splits import Split
from qagen.schema import record

Progress = Callable[[int, int], None]
"""Called with the round and the largest number of rounds."""


def check(max_blind: float) -> None:
    """Raises `ValueError` when the bound is not a share, or scikit-learn is missing.

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


TOLD = 4.5
"""Multiple of `max_blind` allowed for the less certain leakage through a clip's other questions."""

MOST_TRIES = 6


def thin(
    files: Mapping[Split, Path],
    *,
    max_blind: float,
    balanced: bool = False,
    per_task: int | None = None,
    progress: Progress | None = None,
) -> Thinned:
    """Removes rows from the files until no blind model exceeds the bound; returns what was removed.

    With `balanced`, the largest selection with even answers and at most `per_task` questions of a
    clip and task is chosen first.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "test.jsonl")
    ...     path.touch()
    ...     thin({"test": path}, max_blind=0.03).withheld
    0
    """
    check(max_blind)
    pool = selection.Pool()
    asked = []
    is_text = []
    for side, path in files.items():
        for one in record.read(path):
            is_text.append(one.is_text)
            if one.is_text:
                continue  # free text: there are no options to guess
            asked.append(rows.from_record(one, split=side))
            if balanced:
                pool.add(one, asked[-1], draw=withholding.draw_of(asked[-1]))
    if len({row.clip for row in asked}) < 2:  # there are no other clips to learn from
        return Thinned(_counted(files), 0, None)

    def tell(number: int, _left: int) -> None:
        if progress:
            progress(number, withholding.MOST_ROUNDS)

    even = list(range(len(asked)))
    if balanced:
        even = _evenly(pool, asked, max_blind=max_blind, per_task=per_task)
    chosen = [asked[place] for place in even]
    found = withholding.select(chosen, max_blind=max_blind, with_forest=True, progress=tell)
    stays = bytearray(len(asked))
    for place in found.kept:
        stays[even[place]] = 1
    choices = iter(stays)
    told = iter([True if text else bool(next(choices)) for text in is_text])
    for path in files.values():
        _leave(path, told)
    return Thinned(
        tally=_counted(files),
        withheld=len(chosen) - len(found.kept),
        blind=_figures(found, chosen, max_blind),
        uneven=len(asked) - len(chosen),
    )


def _evenly(
    pool: selection.Pool, asked: Sequence[Row], *, max_blind: float, per_task: int | None
) -> list[int]:
    """The selected questions, with leakage through a clip's other questions within the bound.

    Sibling readers guess from the selected questions and the selection is repeated against their
    guesses until they are within the bound. Guesses of earlier rounds remain constraints.
    """
    known = dict.fromkeys(pool.tasks, TOLD)
    chosen: dict[str, list[int]] = {}
    guessed: defaultdict[str, list[Guesses]] = defaultdict(list)
    even: list[int] = []
    for number in range(MOST_TRIES):
        chosen |= pool.choose(max_blind=max_blind, per_task=per_task, known=known, guesses=guessed)
        even = sorted(place for places in chosen.values() for place in places)
        points = sibling_readers.points(asked, even)
        known = {name: TOLD for name in known if points.get(name, 0.0) > 100 * max_blind}
        if not known or number == MOST_TRIES - 1:
            break
        found = sibling_readers.made(asked, even, tasks=tuple(known), name=f"try {number}")
        for name, ones in found.items():
            guessed[name] += ones
    return even


def _leave(path: Path, stays: Iterator[bool]) -> None:
    """Keeps only some lines of a file, atomically."""
    with whole(path) as partial, path.open("rb") as lines, partial.open("wb") as out:
        out.writelines(line for line in lines if line.strip() and next(stays))


def _counted(files: Mapping[Split, Path]) -> Tally:
    tally = Tally()
    for path in files.values():
        for row in record.read(path):
            tally.add_record(row)
    return tally


def _figures(selected: Selected, asked: Sequence[Row], max_blind: float) -> Blindness:
    sizes = Counter(row.task for row in asked)
    kept = Counter(asked[place].task for place in selected.kept)
    return Blindness(
        max_blind=max_blind,
        before={name: _score(best) for name, best in sorted(selected.before.items())},
        after={name: _score(best) for name, best in sorted(selected.best.items())},
        kept={name: round(kept[name] / count, 4) for name, count in sorted(sizes.items())},
        unreachable=dict(sorted(selected.unreachable.items())),
        unsure=dict(sorted(selected.unsure.items())),
    )


def _score(best: Best) -> BlindScore:
    return BlindScore(model=best.model, questions=best.score.rows, points=best.score.points)
