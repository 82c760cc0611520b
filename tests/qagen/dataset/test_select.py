"""Selection makes answers even, keeps within its limits, and depends on names alone."""

import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from qagen.build import select
from qagen.build.select import NO_RANK, RESERVE, Kind, Selection
from qagen.schema.suite import HUMANMOVE, tasks_of

TASKS = tuple(tasks_of([HUMANMOVE]))


class Asked(NamedTuple):
    clip: int
    kind: Kind
    draw: int


def numbered(stem: str, rank: int, first: int) -> Kind:
    offered = [str(first + i) for i in range(4)]
    return Kind(
        "numerical", "", "count", stem, "+".join(offered), offered[rank], rank, len(offered)
    )


def worded(task: str, stem: str, answer: str, options: int) -> Kind:
    return Kind(task, "", task, stem, "", answer, NO_RANK, options)  # type: ignore[arg-type]


def _kind(random: Random) -> Kind:
    """Any kind; answers are skewed, as they are in life."""
    match random.randrange(3):
        case 0:
            rank = min(random.randrange(4), random.randrange(4))
            return numbered(random.choice("ab"), rank, random.randrange(3))
        case 1:
            answer = "yes" if random.random() < 0.25 else "no"
            return worded("existence", random.choice("abcd"), answer, 2)
        case _:
            answer = random.choice("uuuuuvvwxyz")
            return worded("ordering", random.choice("ab"), answer, 4)


@st.composite
def asked(draw: st.DrawFn) -> list[Asked]:
    """Questions of some clips; a clip is asked each stem once, and no two draws are equal."""
    random = Random(draw(st.integers(0, 10_000)))
    clips, questions = draw(st.integers(1, 30)), draw(st.integers(0, 150))
    rows, there = [], set()
    for _ in range(questions):
        clip, kind = random.randrange(clips), _kind(random)
        if (clip, kind.rule, kind.stem) not in there:
            there.add((clip, kind.rule, kind.stem))
            rows.append(Asked(clip, kind, random.getrandbits(64)))
    return rows


def settled(
    rows: list[Asked],
    *,
    per_task: int | None = None,
    balanced: bool = True,
    folder: Path | None = None,
) -> list[Asked]:
    kinds = sorted({row.kind for row in rows}, key=repr)
    selection = Selection(kinds, per_task=per_task, balanced=balanced, folder=folder)
    for row in rows:
        selection.add("train", clip=row.clip, kind=kinds.index(row.kind), draw=row.draw)
    return [row for row, kept in zip(rows, selection.settle(), strict=True) if kept]


def by_stem(rows: list[Asked]) -> dict[tuple[str, str, str], Counter[str]]:
    found: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.kind.rule, row.kind.stem, row.kind.offered][row.kind.answer] += 1
    return found


LIMITS = st.sampled_from([None, 1, 2, 5])


@given(asked(), LIMITS, st.integers(1, 9))
def test_what_waits_in_files_is_what_would_wait_in_memory(
    rows: list[Asked], per_task: int | None, page: int
) -> None:
    expected = settled(rows, per_task=per_task)
    with tempfile.TemporaryDirectory() as name, mock.patch.object(select, "_A_PAGE", page):
        folder = Path(name)
        assert settled(rows, per_task=per_task, folder=folder) == expected
        assert not list(folder.iterdir())


@given(asked(), LIMITS)
def test_who_knows_the_stem_knows_nothing(rows: list[Asked], per_task: int | None) -> None:
    kept = settled(rows, per_task=per_task)
    for (rule, _, offered), counts in by_stem(kept).items():
        if offered:
            continue
        if rule == "existence":
            assert counts["yes"] == counts["no"]
        assert max(counts.values()) * {"existence": 2, "ordering": 4}[rule] <= counts.total()
    offered = {row.kind.offered for row in kept if row.kind.offered}
    for numbers in offered:
        ranks = Counter(row.kind.rank for row in kept if row.kind.offered == numbers)
        assert len(set(ranks.values())) == 1
        assert len(ranks) == 4


@given(asked(), LIMITS, st.booleans())
def test_no_clip_gives_more_than_is_wanted(
    rows: list[Asked], per_task: int | None, balanced: bool
) -> None:
    kept = settled(rows, per_task=per_task, balanced=balanced)
    for count in Counter((row.clip, row.kind.task) for row in kept).values():
        assert per_task is None or count <= per_task
    if not balanced and per_task is None:
        assert kept == rows


@given(asked(), LIMITS, st.integers(0, 99))
def test_the_order_of_the_clips_does_not_matter(
    rows: list[Asked], per_task: int | None, seed: int
) -> None:
    shuffled = list(rows)
    Random(seed).shuffle(shuffled)
    assert set(settled(rows, per_task=per_task)) == set(settled(shuffled, per_task=per_task))


def test_a_set_that_finds_no_room_takes_none() -> None:
    def pair(stem: str, yes: int, no: int, draw: int) -> list[Asked]:
        return [
            Asked(yes, worded("existence", stem, "yes", 2), draw),
            Asked(no, worded("existence", stem, "no", 2), draw + 1),
        ]

    first, blocked, last = pair("a", 1, 2, 0), pair("b", 3, 1, 10), pair("c", 3, 4, 20)
    assert settled([*first, *blocked, *last], per_task=1) == [*first, *last]


def test_every_task_has_room_of_its_own() -> None:
    rows = [
        Asked(clip, worded(task, "a", answer, 2), clip + draw)
        for draw, task in ((0, "existence"), (10, "temporal"))
        for clip, answer in ((1, "yes"), (2, "no"))
    ]
    assert settled(rows, per_task=1) == rows


def test_left_over_numbers_make_sets_of_what_is_offered_and_words_make_none() -> None:
    numbers = [Asked(i, numbered("abcd"[i], i, 7), i) for i in range(4)]
    others = [Asked(i, numbered("a", i, i), i + 20) for i in range(4)]  # each offers other numbers
    words = [
        Asked(5, worded("existence", "a", "yes", 2), 10),
        Asked(6, worded("existence", "b", "no", 2), 11),
    ]
    assert settled([*numbers, *others, *words]) == numbers


@given(asked())
def test_splits_are_made_even_one_by_one(rows: list[Asked]) -> None:
    kinds = sorted({row.kind for row in rows}, key=repr)
    selection = Selection(kinds, per_task=None, balanced=True)
    for row in rows:
        split = "train" if row.clip % 2 else "test"
        selection.add(split, clip=row.clip, kind=kinds.index(row.kind), draw=row.draw)
    kept = {row for row, stays in zip(rows, selection.settle(), strict=True) if stays}
    for side in (0, 1):
        part = [row for row in rows if row.clip % 2 == side]
        assert {row for row in kept if row.clip % 2 == side} == set(settled(part))


@given(asked())
def test_sets_are_as_many_as_there_can_be(rows: list[Asked]) -> None:
    kept = by_stem(settled(rows))
    for key, counts in by_stem(rows).items():
        if key[0] == "existence":
            fewest = min(counts["yes"], counts["no"])
            assert kept.get(key, Counter())["yes"] == fewest


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 60), max_size=9), st.integers(2, 5))
def test_even_is_the_largest_cap_that_is_fair(counts: dict[str, int], options: int) -> None:
    stay = select.even(counts, options=options)
    total, top = sum(stay.values()), max(stay.values(), default=0)
    assert top * options <= total or top == 0
    bigger = {answer: min(count, top + 1) for answer, count in counts.items()}
    if bigger != stay:
        assert max(bigger.values()) * options > sum(bigger.values())


@given(asked(), st.integers(1, 3))
def test_the_reserve_holds_one_of_everything_first(rows: list[Asked], wanted: int) -> None:
    kinds, draws = [row.kind for row in rows], [row.draw for row in rows]
    kept = select.reserve(kinds, draws, per_task=wanted)
    assert kept == sorted(set(kept))
    for task in TASKS:
        there = [place for place, kind in enumerate(kinds) if kind.task == task]
        held = [place for place in kept if kinds[place].task == task]
        assert len(held) == min(len(there), RESERVE * wanted)
        alike = Counter((kinds[place].rule, kinds[place].answer) for place in there)
        taken = Counter((kinds[place].rule, kinds[place].answer) for place in held)
        if len(held) >= len(alike):
            assert set(taken) == set(alike)
    assert select.reserve(kinds, draws, per_task=None) == list(range(len(rows)))
