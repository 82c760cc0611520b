"""The most questions are taken of which nothing that can be read tells the answers."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, vstack

from qagen.audit import report, rows
from qagen.build.blind import selection, withholding
from qagen.schema import record
from qagen.schema.question import Ask, Evidence, Margin
from qagen.schema.record import Record

BOUND = 0.03
PARTS = 3.0
"""So many questions more by taking whole ones for parts."""

MOVES = ("forward", "backward", "left", "right", "jump", "crouch")


def asked(
    clip: int, number: int, options: Sequence[str], answer: str, *, happens: Sequence[str] = ()
) -> Record:
    return record.named(
        Record(
            clip=f"{clip}", person=0, take="", subject="", group="", source="", descriptor="",
            suite="humanmove", end_s=9.0, task="ordering", family="ends", frame="first_heading",
            question=f"Which comes {('first', 'last')[number % 2]}?", options=tuple(options),
            option_codes=tuple(options), answer_index=list(options).index(answer),
            chance=1 / len(options), ask=Ask(rule="ends", nth=number % 2), reasoning=(),
            evidence=tuple([
                Evidence(what=one, value=1.0, unit="m", start_s=0.0, end_s=1.0) for one in happens
            ]),
            margin=Margin(value=1.0, unit="m", band=0.1), thresholds="", rules="",
        )
    )  # fmt: skip


def leaky(clips: int, *, seed: int, per_clip: int = 3, strength: float = 0.5) -> list[Record]:
    """Forward is true so often when it is offered, and the rest of the time any other is."""
    draw = np.random.default_rng(seed)
    found = []
    for clip in range(clips):
        for number in range(per_clip):
            options = [str(one) for one in draw.permutation(MOVES)[:4]]
            known = "forward" in options and draw.random() < strength
            answer = "forward" if known else str(draw.choice(options))
            found.append(asked(clip, number, options, answer))
    return found


def chosen(records: Sequence[Record], *, per_task: int | None = 1) -> list[int]:
    pool = selection.Pool()
    for one in records:
        row = rows.from_record(one)
        pool.add(one, row, draw=withholding.draw_of(row))
    known = dict.fromkeys(pool.tasks, 1.0)
    found = pool.choose(max_blind=BOUND, per_task=per_task, known=known)
    return [place for places in found.values() for place in places]


def excess(records: Sequence[Record], option: str) -> float:
    """How much oftener an option is true than it may be."""
    offered = [one for one in records if option in one.options]
    true = sum(one.options[one.answer_index] == option for one in offered)
    return true - len(offered) * (0.25 + selection.READ_SLACK * BOUND * 0.75)


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.integers(20, 60), st.sampled_from([1, 2, None]))
def test_no_option_is_true_too_often_and_no_clip_is_asked_too_much(
    seed: int, clips: int, per_task: int | None
) -> None:
    records = leaky(clips, seed=seed)
    places = chosen(records, per_task=per_task)
    taken = [records[place] for place in places]
    assert len(set(places)) == len(places)
    assert max(Counter(one.clip for one in taken).values()) <= (per_task or 3)
    for one in MOVES:
        if sum(one in each.options for each in records) >= selection.LEAST_OFFERED:
            assert excess(taken, one) <= selection.SPARE + PARTS
    assert places == chosen(records, per_task=per_task)


def test_what_was_known_blindly_is_not_and_most_clips_are_asked() -> None:
    records = leaky(900, seed=5)
    before = report.best_blind(records[::3], with_forest=False)["ordering"]
    taken = [records[place] for place in chosen(records)]
    after = report.best_blind(taken, with_forest=False)["ordering"]
    assert before.score.points > 20
    assert after.score.points < 5
    assert len(taken) > 850


def test_what_happens_in_the_clip_does_not_tell_the_answer() -> None:
    """Of what is offered, only what happens is ever true; other questions tell what happens."""
    draw = np.random.default_rng(3)
    records = []
    for clip in range(600):
        happens = [str(one) for one in draw.permutation(MOVES)[:3]]
        for number in range(3):
            if number < 2:
                options = [str(one) for one in draw.permutation(MOVES)[:4]]
                answer = str(draw.choice([one for one in options if one in happens] or options))
                if draw.random() < 0.3:
                    answer = str(draw.choice(options))
                records.append(asked(clip, number, options, answer))
            else:
                records.append(asked(clip, 0, MOVES[:4], MOVES[clip % 4], happens=happens))

    told = {one.clip: {each.what for each in one.evidence} for one in records if one.evidence}

    def known(ones: Sequence[Record]) -> float:
        """How much oftener the answer happens in the clip than an option that is offered."""
        asked_first = [one for one in ones if not one.evidence]
        true = [one.options[one.answer_index] in told[one.clip] for one in asked_first]
        offered = [len(told[one.clip].intersection(one.options)) / 4 for one in asked_first]
        return float(np.mean(true) - np.mean(offered))

    taken = [records[place] for place in chosen(records, per_task=2)]
    assert known(records) > 0.3
    assert known(taken) < 0.1
    assert len(taken) > 600


def program(seed: int) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """Gains of eleven questions on four bounds, room, and draws."""
    draw = np.random.default_rng(seed)
    gains = csr_matrix(np.round(draw.normal(size=(4, 11)), 2) * (draw.random((4, 11)) < 0.6))
    return gains, np.round(draw.uniform(0.5, 1.5, 4), 2), draw.random(11)


@pytest.mark.parametrize("seed", range(12))
def test_the_selection_is_about_the_largest_there_is(seed: int) -> None:
    """Of a dozen questions all selections are tried.

    A program takes no more questions in part than there are bounds, here four. So taking the larger
    part of each is off by two at most, and makes no sum larger than half of four gains do.
    """
    gains, room, draws = program(seed)
    taken = selection._largest(gains, room, draws, strict=4).astype(float)
    whole = gains.toarray()
    most = max(
        size
        for size in range(12)
        for ones in combinations(range(11), size)
        if np.all(whole[:, list(ones)].sum(axis=1) <= room)
    )
    assert most - 2 <= taken.sum() <= most + 2
    largest = np.sort(np.abs(whole), axis=1)[:, -4:].sum(axis=1)
    assert np.all(whole @ taken <= room + largest / 2 + 1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_strict_is_never_exceeded(seed: int) -> None:
    """Strict bounds are numbers of questions, to which every question adds."""
    gains, room, draws = program(seed)
    caps = csr_matrix(np.array([[1.0] * 6 + [0.0] * 5, [0.0] * 4 + [1.0] * 7]))
    both, rooms = vstack([gains, caps]).tocsr(), np.concatenate([room, [3.0, 4.0]])
    taken = selection._largest(both, rooms, draws, strict=4).astype(float)
    assert np.all(caps @ taken <= [3.0, 4.0])
    assert taken.sum() >= 4


def test_orders_are_known_by_who_comes_first() -> None:
    """What is always true of two movements tells an order that was never seen before."""
    records = [
        asked(clip, 0, (f"a>b>{clip}", f"b>a>{clip}"), f"a>b>{clip}")
        if clip % 3
        else asked(clip, 0, (f"a>b>{clip}", f"b>a>{clip}"), f"b>a>{clip}")
        for clip in range(120)
    ]
    taken = Counter(records[place].answer_index for place in chosen(records))
    assert abs(taken[0] - taken[1]) <= 2 * selection.SPARE + 2
    assert len(taken) == 2
