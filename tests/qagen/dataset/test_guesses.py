"""What readers of the questions that were taken guess, and that others are taken instead."""

from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qagen.audit import rows
from qagen.audit.rows import Row
from qagen.build.blind import selection, sibling_readers, withholding
from qagen.schema import record
from qagen.schema.question import Ask, Margin
from qagen.schema.record import Record

SIDES = ("left", "right")


def recorded(clip: int, task: str, question: str, answer: str) -> Record:
    return record.named(
        Record(
            clip=f"{clip}", person=0, take="", subject="", group="", source="", descriptor="",
            suite="humanmove", end_s=9.0, task=task, family="planted",
            frame="first_heading", question=question,
            options=SIDES, option_codes=SIDES, answer_index=SIDES.index(answer), chance=0.5,
            ask=Ask(rule=task), evidence=(), reasoning=(), thresholds="", rules="",
            margin=Margin(value=1.0, unit="m", band=0.1),
        )
    )  # fmt: skip


def told(clips: int, *, seed: int, strength: float = 0.85, each: int = 3) -> list[Record]:
    """One question of every clip speaks of a side; its answer does not matter, but mostly that
    side is the answer to the clip's other questions."""
    draw = np.random.default_rng(seed)
    found = []
    for clip in range(clips):
        side, other = draw.permutation(SIDES).tolist()
        found.append(recorded(clip, "numerical", f"How far {side}?", str(draw.choice(SIDES))))
        for number in range(each):
            answer = side if draw.random() < strength else other
            found.append(recorded(clip, "ordering", f"Which comes {number}?", answer))
    return found


def seen(records: Sequence[Record]) -> list[Row]:
    return [rows.from_record(one) for one in records]


def guessed(
    asked: Sequence[Row], taken: Sequence[int], *, name: str = "example"
) -> list[sibling_readers.Guesses]:
    return sibling_readers.made(asked, taken, tasks=["ordering"], name=name)["ordering"]


@settings(max_examples=6)
@given(st.integers(0, 10**6))
def test_what_is_not_taken_teaches_nothing_but_is_guessed_as_well(seed: int) -> None:
    asked = seen(told(80, seed=seed))
    draw = np.random.default_rng(seed)
    taken = [
        place for place, row in enumerate(asked) if row.task == "numerical" or draw.random() < 0.5
    ]
    left = set(range(len(asked))) - set(taken)
    turned = [
        msgspec.structs.replace(row, answer_index=1 - row.answer_index) if place in left else row
        for place, row in enumerate(asked)
    ]
    for one, other in zip(guessed(asked, taken), guessed(turned, taken), strict=True):
        assert one.places.tolist() == other.places.tolist()
        assert {asked[place].task for place in one.places.tolist()} == {"ordering"}
        assert len(one.places) == 240
        assert np.array_equal(one.cells, other.cells)
        mine = np.isin(one.places, taken)
        assert np.array_equal(one.credit[mine], other.credit[mine])
        assert np.allclose(one.credit[~mine], 1 - other.credit[~mine])


def test_other_questions_of_the_clip_tell_the_answer_and_nothing_is_guessed_without() -> None:
    asked = seen(told(600, seed=1))
    siblings, everything = guessed(asked, range(len(asked)))
    for one in (siblings, everything):
        assert 0.8 < one.credit.mean() < 0.9  # as often as it was planted
    assert sibling_readers.points(asked, range(len(asked)))["ordering"] > 60
    alone = [n for n, row in enumerate(asked) if row.question == "Which comes 0?"]
    reader = guessed(asked, alone)[0]
    mine = np.isin(reader.places, alone)
    assert 0.4 < reader.credit[mine].mean() < 0.6
    assert abs(sibling_readers.points(asked, alone).get("ordering", 0.0)) < 12


def test_names_draw_who_learns_of_whom() -> None:
    asked = seen(told(120, seed=2, strength=0.6))
    every = range(len(asked))
    again, same, other = (guessed(asked, every, name=name) for name in ("a", "a", "b"))
    assert all(np.array_equal(x.credit, y.credit) for x, y in zip(again, same, strict=True))
    assert not all(np.array_equal(x.credit, y.credit) for x, y in zip(again, other, strict=True))


def test_nobody_guesses_where_no_clip_has_two_questions() -> None:
    asked = seen([recorded(n, "ordering", "Which?", SIDES[n % 2]) for n in range(20)])
    assert sibling_readers.made(asked, range(20), tasks=["ordering"], name="example") == {}
    assert sibling_readers.points(asked, range(20)) == {}


@pytest.mark.parametrize("per_task", [1, 2])
def test_questions_that_are_not_guessed_are_taken_instead(per_task: int) -> None:
    records = told(500, seed=3)
    asked = seen(records)
    pool = selection.Pool()
    for one, row in zip(records, asked, strict=True):
        pool.add(one, row, draw=withholding.draw_of(row))
    choose = partial(
        pool.choose, max_blind=0.03, per_task=per_task,
        known=dict.fromkeys(pool.tasks, 1.0),
    )  # fmt: skip

    def taken(found: dict[str, list[int]]) -> list[int]:
        return sorted(place for places in found.values() for place in places)

    before = taken(choose())
    assert sibling_readers.points(asked, before)["ordering"] > 55
    readers = sibling_readers.made(asked, before, tasks=pool.tasks, name="example")
    chosen = choose(guesses=readers)
    after = taken(chosen)
    assert sibling_readers.points(asked, after)["ordering"] < 8
    # 15 % of what could be asked is not guessed; as much of what is guessed may go with it
    assert len(chosen["ordering"]) > 0.25 * 3 * 500 * 0.9
    assert after == taken(choose(guesses=readers))
