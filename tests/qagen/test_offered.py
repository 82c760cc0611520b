"""The right one of the options offered: by law on motions that err, and by construction."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import synthetic
from kinematics.errors import perturb
from kinematics.errors.error_models import PRESETS
from kinematics.facts import MotionFacts
from kinematics.movement import measurement
from qagen.certify import trials
from qagen.language.vocabulary import LADDERS, MOVEMENTS, SECTORS
from qagen.rules import generate
from qagen.schema.question import Ask, Question
from qagen.verify.moves import Clip, Move
from qagen.verify.rederive import table


@pytest.fixture(scope="module")
def facts() -> MotionFacts:
    return measurement.measure(
        synthetic.perform(synthetic.walk(4.4), fps=10.0, joints=False).motion
    )


@pytest.fixture(scope="module")
def asked() -> list[tuple[Question, list[Clip]]]:
    """Questions about motions, with copies of these that err."""
    found = []
    every = (one.motion for one in synthetic.corpus(200, seed=8, fps=10.0, joints=False))
    for motion in itertools.islice((one for one in every if 7.5 < one.duration_s < 11), 6):
        copies = perturb.copies(motion, PRESETS["wham_emdb"], count=6)
        clips = [trials.clip_of(one) for one in measurement.measure_all(copies)]
        questions, _ = generate.ask_all(measurement.measure(motion))
        found += [(question, clips) for question in questions]
    return found


def moved(facts: MotionFacts, *names: str) -> Clip:
    """A clip in which these movements begin one second after another."""
    moves: dict[str, list[Move]] = {name: [] for name in MOVEMENTS}
    for place, name in enumerate(names):
        quarters = (0.0, 0.0, 0.0, 0.0)
        moves[name].append(Move(name, place, place + 0.8, 0.5, 0.5, 0.8, quarters))
    kept = {name: tuple(ones) for name, ones in moves.items()}
    return trials.clip_of(facts)._replace(moves=kept)


# Laws


def test_what_is_right_among_all_is_right_among_those_offered(
    asked: list[tuple[Question, list[Clip]]],
) -> None:
    """The other way round does not hold, which is what the options are for."""
    same = other = 0
    rules = set()
    for question, clips in asked:
        codes = (question.key.code, *[option.code for option in question.distractors])
        for clip in clips:
            try:
                derived = table.RULES[question.ask.rule].derive(clip, question.ask).code
            except ValueError:
                derived = ""
            chosen = table.answer(clip, question.ask, codes)
            assert chosen in {*codes, ""}
            if derived in codes:
                assert chosen == derived, question.ask.name
                same += 1
            elif chosen:
                rules.add(question.ask.rule)
                other += 1
    assert same > 20 * other > 0
    assert len(rules) > 3


@settings(max_examples=30)
@given(data=st.data())
def test_the_order_of_options_changes_nothing(
    asked: list[tuple[Question, list[Clip]]], data: st.DataObject
) -> None:
    question, clips = data.draw(st.sampled_from(asked))
    codes = (question.key.code, *[option.code for option in question.distractors])
    shuffled = data.draw(st.permutations(codes))
    clip = data.draw(st.sampled_from(clips))
    assert table.answer(clip, question.ask, codes) == table.answer(clip, question.ask, shuffled)


@settings(max_examples=30)
@given(
    phantom=st.sampled_from(["lean_left", "lean_right", "lean_forward", "jump"]),
    place=st.integers(0, 4),
    rule=st.sampled_from(["next_after", "last_before", "first_of", "last_of"]),
)
def test_a_movement_that_is_not_offered_changes_no_order(
    facts: MotionFacts, phantom: str, place: int, rule: str
) -> None:
    names = ["forward", "turn_left", "backward", "right"]
    movement = {"next_after": "forward", "last_before": "right"}.get(rule)
    ask = Ask(rule=rule, movements=(movement,) if movement else (), nth=1 if movement else 0)
    codes = ("turn_left", "backward", "up", "left")
    with_it = [*names[:place], phantom, *names[place:]]
    right = {"next_after": "turn_left", "last_before": "backward"}
    right |= {"first_of": "turn_left", "last_of": "backward"}
    for clip in (moved(facts, *names), moved(facts, *with_it)):
        assert table.answer(clip, ask, codes) == right[rule]


# By construction


def test_a_movement_that_is_offered_or_counted_does(facts: MotionFacts) -> None:
    ask = Ask(rule="next_after", movements=("forward",), nth=1)
    codes = ("turn_left", "lean_left", "up", "left")
    assert table.answer(moved(facts, "forward", "lean_left", "turn_left"), ask, codes) == (
        "lean_left"
    )
    assert table.answer(moved(facts, "forward", "backward"), ask, codes) == ""
    assert table.answer(moved(facts, "turn_left"), ask, codes) == ""  # nothing to go by
    twice = moved(facts, "forward", "lean_left", "forward", "turn_left")
    second = Ask(rule="next_after", movements=("forward",), nth=2)
    assert table.answer(twice, second, codes) == "turn_left"


def test_what_begins_first_in_a_quarter(facts: MotionFacts) -> None:
    begun = [one.start_s for one in facts.quarters]
    assert begun[1] > 1.0
    clip = moved(facts, "lean_left", "turn_left", "forward", "backward", "left", "up")
    ask = Ask(rule="first_in", window="quarter_1")
    assert table.answer(clip, ask, ("turn_left", "up", "left", "down")) == "turn_left"
    assert table.answer(clip, ask, ("up", "down", "left", "right")) == ""


def test_a_number_is_the_nearest_one(facts: MotionFacts) -> None:
    walked_m = facts.whole.path_m
    assert 4.0 < walked_m < 4.8
    clip = trials.clip_of(facts)
    ladder = [f"{one:g}" for one in LADDERS["m"]]
    ask = Ask(rule="path_length")
    assert table.answer(clip, ask, ladder) == table.RULES["path_length"].derive(clip, ask).code
    assert table.answer(clip, ask, ("1", "1.5", "2", "2.6")) == "2.6"
    assert table.answer(clip, ask, ("6", "8", "10.5", "14")) == "6"


def test_a_direction_is_the_nearest_one(facts: MotionFacts) -> None:
    clip = trials.clip_of(facts)  # walked ahead
    ask = Ask(rule="end_sector")
    ahead = table.RULES["end_sector"].derive(clip, ask).code
    place = SECTORS.index(ahead)
    beside = [SECTORS[(place + step) % len(SECTORS)] for step in (7, 3, 5)]
    assert table.answer(clip, ask, beside) == beside[0]


def test_the_largest_is_that_of_the_options(facts: MotionFacts) -> None:
    clip = trials.clip_of(facts)
    ask = Ask(rule="dominant_direction")
    assert table.answer(clip, ask, ("left", "forward", "right")) == "forward"
    assert table.answer(clip, ask, ("left", "right", "backward")) == ""  # none of it
