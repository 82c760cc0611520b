"""Answers that are known by construction, and questions that must not be asked."""

import math
from collections.abc import Callable

import msgspec
import pytest

from kinematics import synthetic
from kinematics.facts import MotionFacts, VerticalEpisode
from kinematics.movement import measurement
from qagen.rules import generate
from qagen.schema.question import Ask, Question, Rejection


def asked(facts: MotionFacts) -> dict[str, Question]:
    return {one.ask.name: one for one in generate.ask_all(facts)[0]}


def turned_down(facts: MotionFacts) -> dict[str, str]:
    return {one.ask.name: one.reason for one in generate.ask_all(facts)[1]}


def name(rule: str, *movements: str, window: str = "whole", nth: int = 0, part: str = "") -> str:
    return Ask(rule=rule, movements=movements, window=window, nth=nth, part=part).name


# A motion made to order ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def performed() -> dict[str, Question]:
    """Four metres ahead, a quarter turn to the left, two metres on, a jump, and a bow.

    Which numbers and directions are offered is drawn, and what is not offered is not asked for;
    some seed offers everything.
    """
    pause = synthetic.stand(1.0)
    script = synthetic.then(
        pause,
        synthetic.walk(4.5, speed_mps=1.2),
        pause,
        synthetic.turn(math.pi / 2),
        pause,
        synthetic.walk(2.0, speed_mps=1.0),
        pause,
        synthetic.jump(0.35),
        pause,
    )
    motion = synthetic.perform(script, fps=30.0, start_heading_rad=2.5).motion
    facts = measurement.measure(motion)
    every = [one for seed in range(8) for one in generate.ask_all(facts, seed=seed)[0]]
    found = {one.ask.name: one for one in every}
    assert all(one.key == found[one.ask.name].key for one in every)
    return found


@pytest.mark.parametrize(
    ("question", "key"),
    [
        (name("count", "forward"), "1"),
        (name("count", "left"), "1"),
        (name("count", "turn_left"), "1"),
        (name("count", "turn_right"), "0"),
        (name("count", "jump"), "1"),
        (name("ever", "jump"), "yes"),
        (name("ever", "right"), "no"),
        (name("ever", "backward"), "no"),
        (name("ever", "lean_forward"), "no"),
        (name("ever_walks"), "yes"),
        (name("ever_returns"), "no"),
        (name("ever_sidesteps", "left"), "no"),
        (name("total", "forward"), "4.5"),
        (name("total", "left"), "2"),
        (name("total", "turn_left"), "1.5708"),
        (name("amount", "turn_left", nth=1), "1.5708"),
        (name("compare_count", "left", "right"), "left"),
        (name("compare_total", "forward", "backward"), "forward"),
        (name("dominant_direction"), "forward"),
        (name("next_after", "forward", nth=1), "turn_left"),
        (name("next_after", "turn_left", nth=1), "left"),
        (name("last_before", "jump", nth=1), "left"),
        (name("first_of"), "forward"),
        (name("last_of"), "jump"),
        (name("order_of", "forward", "left", "turn_left"), "forward>turn_left>left"),
        (name("quarter_of", "jump", nth=1), "quarter_4"),
        (name("own_travel"), "forward"),
        (name("count_returns"), "0"),
    ],
)
def test_a_motion_made_to_order_has_the_answers_it_was_made_for(performed, question, key):
    assert performed[question].key.code == key


def test_the_end_lies_where_the_way_led(make):
    for left_m, forward_m, sector in [
        (0.0, 3.0, "forward"),
        (3.0, 3.0, "forward_left"),
        (-3.0, -3.0, "backward_right"),
        (-3.0, 0.0, "right"),
    ]:
        events = [
            (signal, 1.0, 6.0, amount)
            for signal, amount in (("left", left_m), ("forward", forward_m))
            if amount
        ]
        assert asked(make(events))[name("end_sector")].key.code == sector


def test_reasonings_carry_times_and_sizes(performed):
    one = performed[name("count", "turn_left")]
    shown = one.evidence[0]
    assert f"from {shown.start_s:.1f} s to {shown.end_s:.1f} s" in one.reasoning[0]
    assert "90°" in one.reasoning[0]


# What is not asked --------------------------------------------------------------------------------


def test_movements_near_the_threshold_are_not_counted(make):
    """0.16 m is a movement by the table, but nobody should have to see it."""
    facts = make([("left", 2.0, 4.0, 0.16), ("forward", 8.0, 12.0, 4.0)])
    reasons = turned_down(facts)
    assert reasons[name("count", "left")] == "unclear movement"
    assert reasons[name("ever", "left")] == "unclear movement"
    assert name("count", "forward") in asked(facts)


def test_drift_without_an_event_is_neither_yes_nor_no(make):
    """A straight walk that slips aside by more than a step makes no sideways event."""
    walk = make([("forward", 2.0, 12.0, 8.0), ("left", 2.0, 12.0, 0.6)])
    slipped = without(walk, "left")
    assert turned_down(slipped)[name("ever", "left")] == "unclear movement"
    assert asked(slipped)[name("ever", "right")].key.code == "no"


def without(facts: MotionFacts, signal: str) -> MotionFacts:
    kept = tuple(event for event in facts.events if event.signal != signal)
    return msgspec.structs.replace(facts, events=kept)


def test_short_rests_leave_the_count_open(make):
    """0.55 s apart: another frame rate may find one movement or two."""
    close = make([("left", 2.0, 4.0, 1.0), ("left", 4.55, 6.0, 1.0)])
    apart = make([("left", 2.0, 4.0, 1.0), ("left", 5.0, 6.5, 1.0)])
    assert turned_down(close)[name("count", "left")] == "unclear movement"
    assert asked(close)[name("ever", "left")].key.code == "yes"
    assert asked(apart)[name("count", "left")].key.code == "2"


def test_straightening_up_is_no_leaning_back(make):
    bow = make([("forward_lean", 2.0, 3.0, 0.8), ("forward_lean", 5.0, 6.0, -0.8)])
    found = asked(bow)
    assert found[name("count", "lean_forward")].key.code == "1"
    assert found[name("count", "lean_backward")].key.code == "0"
    assert found[name("ever", "lean_backward")].key.code == "no"


def test_a_lean_through_upright_has_two_readings(make):
    swing = make([("left_lean", 2.0, 3.0, 0.4), ("left_lean", 5.0, 7.0, -0.8)])
    assert turned_down(swing)[name("count", "lean_left")] == "another reading"


def test_ties_are_not_broken(make):
    almost = make([("left", 2.0, 4.0, 1.5), ("left", 8.0, 10.0, -1.12)])
    assert turned_down(almost)[name("compare_total", "left", "right")] == "tie"
    together = make(
        [("left", 2.0, 4.0, 2.0), ("heading", 2.1, 4.0, 1.5), ("forward", 9.0, 11.0, 2.0)]
    )
    assert turned_down(together)[name("next_after", "left", nth=1)] in ("tie", "another reading")
    at_bound = make([("left", 5.1, 7.0, 2.0)])
    assert turned_down(at_bound)[name("quarter_of", "left", nth=1)] == "tie"


def test_what_overlaps_has_no_next(make):
    facts = make([("forward", 2.0, 8.0, 5.0), ("heading", 5.0, 9.0, 1.5)])
    assert turned_down(facts)[name("next_after", "forward", nth=1)] == "another reading"


def test_two_quarters_share_a_movement_by_its_parts(make):
    """Six seconds of walking, one of them in the first quarter and the rest in the second."""
    found = asked(make([("forward", 4.0, 10.0, 6.0)]))
    assert (
        found[name("happens_in", "forward", "backward", window="quarter_1")].key.code == "forward"
    )
    assert (
        found[name("happens_in", "forward", "backward", window="quarter_3")].key.code == "neither"
    )
    assert found[name("quarter_most", "forward")].key.code == "quarter_2"
    amounts = [shown.value for shown in found[name("quarter_most", "forward")].evidence]
    assert amounts == pytest.approx([1.0, 5.0, 0.0, 0.0])


def test_a_small_part_of_a_movement_is_neither_there_nor_absent(make):
    """0.1 m of it in the first quarter: too little to be seen for sure, too much to be denied."""
    facts = make([("forward", 4.9, 6.9, 2.0)])
    reasons = turned_down(facts)
    assert reasons[name("ever", "forward", window="quarter_1")] == "between two answers"
    assert asked(facts)[name("ever", "forward", window="quarter_2")].key.code == "yes"
    assert asked(facts)[name("ever", "forward", window="quarter_3")].key.code == "no"


def test_whoever_was_hardly_seen_is_not_denied_anything(make):
    facts = make([("forward", 2.0, 8.0, 5.0)], coverage=0.5)
    reasons = turned_down(facts)
    assert reasons[name("ever", "left")] == "not seen"
    assert reasons[name("count", "forward")] == "not seen"


def test_sitting_down_is_no_crouch_for_sure(make: Callable[..., MotionFacts]):
    sat = VerticalEpisode(kind="lower", start_s=4.0, end_s=5.0, height_m=-0.4)
    facts = make([("up", 4.0, 5.0, -0.4)], episodes=[sat])
    assert turned_down(facts)[name("ever", "crouch")] == "another reading"
    assert asked(facts)[name("ever", "lower")].key.code == "yes"


def test_every_rejection_carries_its_ask(make):
    rejections = generate.ask_all(make([("left", 2.0, 4.0, 0.16)]))[1]
    assert rejections
    assert all(isinstance(one, Rejection) and one.ask.rule and one.reason for one in rejections)


# Rows ---------------------------------------------------------------------------------------------


def test_rows_say_the_same_as_their_questions(make):
    facts = make([("left", 2.0, 4.0, 1.0), ("forward", 8.0, 12.0, 4.4)])
    for one in generate.ask_all(facts)[0]:
        row = generate.to_record(one, facts, descriptor="in red", group="g")
        assert row.option_codes[row.answer_index] == one.key.code
        assert row.options[row.answer_index] == one.key.text
        assert set(row.option_codes) == {one.key.code, *(option.code for option in one.distractors)}
        assert (row.question, row.evidence, row.margin) == (one.stem, one.evidence, one.margin)
        assert len(row.id) == 16
        assert row == generate.to_record(one, facts, descriptor="in red", group="g")
