"""Selects questions for the data set without changing them.

First some questions of each clip are drawn (`generate.drawn`) and kept as candidates (`reserve`).
Then the answers to each stem are balanced within each side of the split, so that the stem alone
gives no advantage (`Selection`). All draws are hashes of names.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from qagen.dataset.splits import SPLITS, Split
from qagen.schema.question import Ask, Candidate
from qagen.schema.record import Record

RESERVE = 3
"""Multiple of the wanted number of questions kept for a clip until answers are counted."""

NO_RANK = -1


class Kind(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The properties that questions with the same stem and answer share."""

    task: str
    family: str
    rule: str
    stem: str
    """The name of the ask: the content of the stem, apart from the person."""
    offered: str
    """The offered numbers in rising order; empty for words."""
    answer: str
    """The code of the true option; empty for free text."""
    rank: int
    """The rank of the true number among those offered; `NO_RANK` for words."""
    options: int
    """0 for free text."""


def kind_of(record: Record) -> Kind:
    """The kind of a row."""
    if record.is_text:
        return _kind_of_words(record.task, record.family, record.ask, "", 0)
    codes, answer = record.option_codes, record.option_codes[record.answer_index]
    return _kind(record.task, record.family, record.ask, answer, codes)


def kind_of_candidate(candidate: Candidate) -> Kind:
    """The kind of a candidate."""
    answer, others = candidate.key.code, candidate.distractors
    if answer[:1].isalpha():
        return _kind_of_words(
            candidate.category, candidate.family, candidate.ask, answer, 1 + len(others)
        )
    codes = (answer, *[option.code for option in others])
    return _kind(candidate.category, candidate.family, candidate.ask, answer, codes)


def _kind(task: str, family: str, ask: Ask, answer: str, codes: tuple[str, ...]) -> Kind:
    if answer[:1].isalpha():  # nearly all; numbers need more work
        return _kind_of_words(task, family, ask, answer, len(codes))
    return _kind_of_numbers(task, family, ask, answer, codes)


@lru_cache(maxsize=1 << 16)
def _kind_of_words(task: str, family: str, ask: Ask, answer: str, options: int) -> Kind:
    return Kind(task, family, ask.rule, ask.name, "", answer, NO_RANK, options)


@lru_cache(maxsize=1 << 16)
def _kind_of_numbers(task: str, family: str, ask: Ask, answer: str, codes: tuple[str, ...]) -> Kind:
    ranked = in_order(codes)
    return Kind(
        task,
        family,
        ask.rule,
        ask.name,
        "+".join(ranked),
        answer,
        ranked.index(answer) if ranked else NO_RANK,
        len(codes),
    )


def in_order(codes: Iterable[str]) -> list[str]:
    """Option codes that are numbers in rising order; an empty list when any is not a number.

    >>> in_order(["10", "2", "7"]), in_order(["left", "3"])
    (['2', '7', '10'], [])
    """
    try:
        return sorted(codes, key=float)
    except ValueError:
        return []


def reserve(kinds: Sequence[Kind], draws: Sequence[int], *, per_task: int | None) -> list[int]:
    """Indices of one clip's questions to keep as candidates, in order; all without a limit.

    Takes one of every rule and answer of a task before a second of any.

    >>> kinds = [Kind("existence", "", "ever", f"{i}", "", "yes", NO_RANK, 2) for i in range(9)]
    >>> len(reserve(kinds, range(9), per_task=1)) == RESERVE
    True
    """
    if per_task is None:
        return list(range(len(kinds)))
    held: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    repeats: defaultdict[tuple[str, str], int] = defaultdict(int)
    for number, place in sorted(zip(draws, range(len(kinds)), strict=True)):
        kind = kinds[place]
        alike = kind.rule, kind.answer
        held[kind.task].append((repeats[alike], number, place))
        repeats[alike] += 1
    wanted = RESERVE * per_task
    return sorted(place for ones in held.values() for _, _, place in sorted(ones)[:wanted])


def even(counts: Mapping[str, int], *, options: int) -> dict[str, int]:
    """Numbers of questions to keep of each answer, so that no answer is likelier than a guess.

    The largest numbers for which the most frequent answer has a share of at most 1 in `options`.

    >>> even({"yes": 70, "no": 30}, options=2)
    {'yes': 30, 'no': 30}
    >>> even({"left": 9, "right": 5, "up": 4, "down": 1, "jump": 3}, options=4)
    {'left': 4, 'right': 4, 'up': 4, 'down': 1, 'jump': 3}
    >>> even({"yes": 8}, options=2)
    {'yes': 0}
    """
    least, most = 0, max(counts.values(), default=0)
    while least < most:
        cap = (least + most + 1) // 2
        if cap * options <= sum(min(count, cap) for count in counts.values()):
            least = cap
        else:
            most = cap - 1
    return {answer: min(count, least) for answer, count in counts.items()}


class _Units:
    """Questions that are selected together or not at all: one of each answer, or single ones.

    Millions are sorted, so each takes a dozen bytes and no objects of its own.
    """

    def __init__(self, draws: Sequence[int]) -> None:
        self._draws = draws
        self._members, self._starts = array("I"), array("I")

    def add(self, members: Iterable[int]) -> None:
        """Adds a unit."""
        self._starts.append(len(self._members))
        self._members.extend(members)

    def all_members(self) -> Iterable[int]:
        """The questions of all units, in arbitrary order."""
        return self._members

    def in_order(self) -> Iterator[tuple[int, ...]]:
        """All units in the order of their largest draw, sorted a pile at a time."""
        piles = [array("I") for _ in range(1 << _PILE_BITS)]
        self._starts.append(len(self._members))
        for unit in range(len(self._starts) - 1):
            piles[max([self._draws[one] for one in self._of(unit)]) >> _PILE_SHIFT].append(unit)
        for pile in piles:
            held = [self._of(unit) for unit in pile]
            yield from sorted(
                held, key=lambda ones: (max([self._draws[one] for one in ones]), ones)
            )

    def _of(self, unit: int) -> tuple[int, ...]:
        return tuple(self._members[self._starts[unit] : self._starts[unit + 1]])


_PILE_BITS = 8
_PILE_SHIFT = 64 - _PILE_BITS
"""Draws are uniform 64-bit numbers, so piles are about equal."""


class Selection:
    """Collects the questions of all clips, then selects among them.

    Questions of a stem are selected in sets, one of each answer, so that the answers to every stem
    are exactly even. Numeric questions left over from one stem are pooled with leftovers from other
    stems that offer the same numbers. Stems with more answers than options, such as "what came
    next", give single questions until no answer is likelier than a guess. Sets are taken in the
    order of their draws, while every clip in them has room.

    >>> yes, no = (
    ...     Kind("existence", "", "ever", "jump", "", word, NO_RANK, 2) for word in ("yes", "no")
    ... )
    >>> selection = Selection([yes, no], per_task=None, balanced=True)
    >>> for number in range(40):
    ...     selection.add("train", clip=number, kind=number % 4 == 0, draw=number)
    >>> sum(selection.settle())
    20
    """

    def __init__(
        self,
        kinds: Sequence[Kind],
        *,
        per_task: int | None,
        balanced: bool,
        folder: Path | None = None,
    ) -> None:
        """With a folder, counted questions are kept in files there until their task is selected."""
        self._kinds = kinds
        self._per_task, self._balanced = per_task, balanced
        tasks = sorted({kind.task for kind in kinds})
        self._places = [tasks.index(kind.task) for kind in kinds]
        self._waiting = tuple(
            [_Waiting(folder and folder / f"{number}.running") for number in range(len(tasks))]
        )
        self._count = 0

    def add(self, split: Split, *, clip: int, kind: int, draw: int) -> None:
        """Counts a question, given the numbers of its clip and kind."""
        self._waiting[self._places[kind]].add(
            number=self._count, clip=clip, draw=draw, cell=SPLITS.index(split) + len(SPLITS) * kind
        )
        self._count += 1

    def settle(self) -> bytearray:
        """1 for each selected question and 0 for others, in the order of addition.

        Tasks are independent, so that only one is held in memory at a time.
        """
        kept = bytearray(self._count)
        for waiting in self._waiting:
            numbers, clips, draws, places = waiting.all()
            task = _Task(self._kinds, clips, draws, places, balanced=self._balanced)
            for one, goes_in in enumerate(task.settle(self._per_task)):
                if goes_in:
                    kept[numbers[one]] = 1
        return kept


class _Waiting:
    """Columns of numbers, one row for each question, kept in a file where a path is given."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._pages = path, 0
        self._columns = tuple([array(kind) for kind in _COLUMNS])

    def add(self, *, number: int, clip: int, draw: int, cell: int) -> None:
        """Adds a row."""
        numbers, clips, draws, cells = self._columns
        numbers.append(number)
        clips.append(clip)
        draws.append(draw)
        cells.append(cell)
        if self._path is not None and len(numbers) == _A_PAGE:
            with self._path.open("ab" if self._pages else "wb") as file:
                for column in self._columns:
                    column.tofile(file)
                    del column[:]
            self._pages += 1

    def all(self) -> tuple["array[int]", ...]:
        """All columns; deletes the file."""
        found = tuple([array(kind) for kind in _COLUMNS])
        if self._path is not None and self._pages:
            with self._path.open("rb") as file:
                for _ in range(self._pages):
                    for column in found:
                        column.fromfile(file, _A_PAGE)
            self._path.unlink()
        for column, last in zip(found, self._columns, strict=True):
            column += last
            del last[:]
        self._pages = 0
        return found


_COLUMNS = ("I", "I", "Q", "I")
_A_PAGE = 1 << 13
"""Rows that are held in memory: 160 kB."""


class _Task:
    """Selects among the questions of one task."""

    def __init__(
        self,
        kinds: Sequence[Kind],
        clips: "array[int]",
        draws: "array[int]",
        places: "array[int]",
        *,
        balanced: bool,
    ) -> None:
        self._kinds, self._balanced = kinds, balanced
        self._clips, self._draws = clips, draws
        self._held: defaultdict[tuple[Split, int], array[int]] = defaultdict(lambda: array("I"))
        """Questions by split and kind, in the order of addition."""
        for one, place in enumerate(places):
            kind, split = divmod(place, len(SPLITS))
            self._held[SPLITS[split], kind].append(one)

    def settle(self, per_task: int | None) -> bytearray:
        """1 for each selected question and 0 for others, in the order of addition."""
        kept = bytearray(len(self._draws))
        stems = self._stems()
        units = _Units(self._draws)
        for stem in stems:
            self._gather(stem, units)
        if self._balanced:
            self._gather_left_over(stems, units)
        self._admit(units, kept, per_task)
        if self._balanced:
            for stem in stems:
                self._trim(stem, kept)
        return kept

    def _stems(self) -> list["_Stem"]:
        found: dict[tuple[str, str, int, str, str], _Stem] = {}
        for (split, place), members in self._held.items():
            kind = self._kinds[place]
            key = (split, kind.rule, kind.options, kind.stem, kind.offered)
            stem = found.setdefault(key, _Stem(split, kind, {}))
            stem.answers[kind.answer] = self._sorted(members)
            stem.ranks[kind.answer] = kind.rank
        return [found[key] for key in sorted(found)]

    def _sorted(self, members: "array[int]") -> "array[int]":
        return array("I", sorted(members, key=self._draws.__getitem__))

    def _gather(self, stem: "_Stem", units: _Units) -> None:
        if not self._balanced or stem.is_open:
            for ones in stem.answers.values():
                for one in ones:
                    units.add((one,))
            return
        for one_of_each in stem.sets():
            units.add(one_of_each)

    def _gather_left_over(self, stems: Iterable["_Stem"], units: _Units) -> None:
        pools: defaultdict[tuple[str, str, int, str], defaultdict[int, array[int]]]
        pools = defaultdict(lambda: defaultdict(lambda: array("I")))
        for stem in stems:
            if not stem.kind.offered:
                continue  # words: the stem alone would give the answer away
            used = stem.set_count
            for answer, members in stem.answers.items():
                pool = pools[stem.split, stem.kind.rule, stem.kind.options, stem.kind.offered]
                pool[stem.ranks[answer]] += members[used:]
        for (_, _, options, _), pool in sorted(pools.items()):
            ranked = [self._sorted(pool[rank]) for rank in range(options)]
            for ones in zip(*ranked, strict=False):
                units.add(ones)

    def _admit(self, units: _Units, kept: bytearray, per_task: int | None) -> None:
        """Selects units one after another while all their clips have room."""
        if per_task is None:
            for one in units.all_members():
                kept[one] = 1
            return
        taken = array("I", bytes(4 * (max(self._clips, default=-1) + 1)))
        for members in units.in_order():
            clips = [self._clips[one] for one in members]
            for clip in clips:
                taken[clip] += 1
            if any(taken[clip] > per_task for clip in clips):
                for clip in clips:
                    taken[clip] -= 1
                continue
            for one in members:
                kept[one] = 1

    def _trim(self, stem: "_Stem", kept: bytearray) -> None:
        """Removes surplus questions of frequent answers of stems with more answers than options."""
        if not stem.is_open:
            return
        counts = {a: sum(kept[one] for one in ones) for a, ones in stem.answers.items()}
        for answer, stay in even(counts, options=stem.kind.options).items():
            for one in [one for one in stem.answers[answer] if kept[one]][stay:]:
                kept[one] = 0


class _Stem:
    """The questions of one split that share a stem and the numbers offered."""

    def __init__(self, split: Split, kind: Kind, answers: dict[str, "array[int]"]) -> None:
        self.split, self.kind, self.answers = split, kind, answers
        self.ranks: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether different clips have different options."""
        return len(self.answers) > self.kind.options

    @property
    def set_count(self) -> int:
        """The number of complete sets."""
        if len(self.answers) < self.kind.options or self.is_open:
            return 0
        return min(len(members) for members in self.answers.values())

    def sets(self) -> Iterator[tuple[int, ...]]:
        """Sets of one question of each answer, as many as are complete."""
        columns = [self.answers[answer][: self.set_count] for answer in sorted(self.answers)]
        return zip(*columns, strict=True)
