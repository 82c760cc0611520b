"""Counts questions by kind, and how even their answers are.

The counts are used for the manifest of a new data set and the statistics of an existing one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from qagen.build.select import NO_RANK, Kind, kind_of
from qagen.dataset.balance import Evenness, evenness
from qagen.schema.record import LETTERS, Record

OFTEN = 12
"""Stems that are asked less often have no meaningful most frequent answer."""


class Tally:
    """Counts questions one after another."""

    def __init__(self) -> None:
        self._kinds: Counter[Kind] = Counter()
        self._letters: Counter[tuple[int, int]] = Counter()
        self._ranks: Counter[tuple[int, int]] = Counter()

    def add(self, kind: Kind, *, letter: int, times: int = 1) -> None:
        """Counts one question, or several of the same kind."""
        self._kinds[kind] += times
        if not kind.options:
            return  # free text
        self._letters[kind.options, letter] += times
        if kind.rank != NO_RANK:
            self._ranks[kind.options, kind.rank] += times

    def add_record(self, record: Record) -> None:
        """Counts one row."""
        self.add(kind_of(record), letter=record.answer_index)

    @property
    def total(self) -> int:
        """The number of counted questions."""
        return self._kinds.total()

    def families(self) -> dict[str, dict[str, int]]:
        """Questions by task and family, in alphabetical order."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for kind, count in self._kinds.items():
            found[kind.task][kind.family] += count
        return {task: dict(sorted(counts.items())) for task, counts in sorted(found.items())}

    def _with_options(self) -> Iterator[tuple[Kind, int]]:
        return ((kind, count) for kind, count in self._kinds.items() if kind.options)

    def letters(self) -> dict[str, Evenness]:
        """How often each letter is right, for each number of options."""
        return {
            f"{options} options, {LETTERS[0]} to {LETTERS[options - 1]}": even
            for options, even in _by_place(self._letters).items()
        }

    def ranks(self) -> dict[str, Evenness]:
        """How often the key is the lowest number offered, the second, ..."""
        return {f"{options} numbers": even for options, even in _by_place(self._ranks).items()}

    def answers(self) -> dict[str, dict[str, int]]:
        """How often each answer is right, by rule."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for kind, count in self._with_options():
            found[kind.rule][kind.answer] += count
        return {rule: dict(sorted(found[rule].items())) for rule in sorted(found)}

    def offered(self) -> dict[str, int]:
        """The most options that the questions of each rule have."""
        found: dict[str, int] = {}
        for kind in self._kinds:
            found[kind.rule] = max(kind.options, found.get(kind.rule, 0))
        return found

    def majority(self) -> dict[str, float]:
        """The accuracy, by task, of giving each stem's most frequent answer.

        Over stems that are asked at least `OFTEN` times with the same numbers offered.

        >>> tally = Tally()
        >>> for answer, times in (("no", 15), ("yes", 5)):
        ...     kind = Kind("existence", "", "ever", "ever(jump)", "", answer, NO_RANK, 2)
        ...     tally.add(kind, letter=0, times=times)
        >>> tally.majority()
        {'existence': 0.75}
        """
        stems: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        for kind, count in self._with_options():
            stems[kind.task, kind.stem, kind.offered][kind.answer] += count
        right: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        for (task, _, _), counts in stems.items():
            if counts.total() >= OFTEN:
                right[task] += max(counts.values())
                asked[task] += counts.total()
        return {c: round(right[c] / asked[c], 4) for c in sorted(asked)}


def _by_place(counts: Counter[tuple[int, int]]) -> dict[int, Evenness]:
    sizes = sorted({options for options, _ in counts})
    return {size: evenness([counts[size, place] for place in range(size)]) for size in sizes}
