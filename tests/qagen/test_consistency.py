"""Planted contradictions are found, and nothing else is."""

import msgspec
import pytest

from kinematics.facts import MotionFacts
from qagen.rules import consistency, generate
from qagen.schema.question import Question


@pytest.fixture(scope="module")
def questions(facts: MotionFacts) -> tuple[Question, ...]:
    return generate.ask_all(facts)[0]


def with_wrong_key(one: Question, code: str) -> Question:
    """The question with another of its options as the answer."""
    key = next(option for option in one.distractors if option.code == code)
    others = [option for option in (one.key, *one.distractors) if option != key]
    return msgspec.structs.replace(one, key=key, distractors=tuple(others))


def test_true_answers_agree(facts, questions):
    assert len(questions) > 150
    assert consistency.check(questions, facts) == []


PLANTED = (
    "count(movements=left)",
    "count(movements=turn_right)",
    "count_strength(movements=left,strength=large)",
    "count_returns()",
    "ever(movements=jump)",
    "ever(movements=left)",
    "ever(movements=left,negated=True)",
    "ever(movements=backward,negated=True,window=quarter_2)",
    "ever(movements=forward,window=quarter_1)",
    "ever_walks()",
    "compare_count(movements=forward+backward)",
    "compare_total(movements=left+right)",
    "dominant_direction()",
    "happens_in(movements=left+right,window=quarter_2)",
    "first_in(window=quarter_1)",
    "next_after(movements=forward,nth=1)",
    "last_before(movements=turn_left,nth=1)",
    "quarter_of(movements=left,nth=1)",
    "quarter_most(movements=forward)",
)


@pytest.mark.parametrize("name", PLANTED)
def test_a_wrong_answer_is_found(facts, questions, name):
    """Most wrong answers clash with something, and the clash names the question."""
    (one,) = [each for each in questions if each.ask.name == name]
    found = 0
    for option in one.distractors:
        planted = with_wrong_key(one, option.code)
        rest = [planted if each is one else each for each in questions]
        clashes = consistency.check(rest, facts)
        found += bool(clashes)
        assert one.name in {name for clash in clashes for name in (clash.one, clash.other)} or (
            not clashes
        )
    assert found >= len(one.distractors) / 2


def test_changed_evidence_is_found(facts, questions):
    one = next(each for each in questions if each.ask.rule == "compare_total")
    first, *rest = one.evidence
    wrong = msgspec.structs.replace(first, value=first.value + 1)
    planted = msgspec.structs.replace(one, evidence=(wrong, *rest))
    clashes = consistency.check([planted if each is one else each for each in questions], facts)
    assert one.name in {name for clash in clashes for name in (clash.one, clash.other)}


def test_something_that_begins_in_between_is_found(facts, questions):
    one = next(each for each in questions if each.ask.rule == "next_after")
    other = next(each for each in questions if each.ask.rule == "quarter_of")
    early = msgspec.structs.replace(
        other.evidence[0],
        what=one.distractors[0].code,
        start_s=(one.evidence[0].start_s + one.evidence[1].start_s) / 2,
    )
    planted = msgspec.structs.replace(other, evidence=(early,))
    clashes = consistency.check([one, planted], facts)
    assert [(clash.one, clash.other) for clash in clashes] == [(one.name, other.name)]


def test_other_clips_are_not_compared(facts, questions):
    one = next(each for each in questions if each.ask.name == "ever(movements=left)")
    other = msgspec.structs.replace(with_wrong_key(one, "no"), clip="another")
    assert consistency.check([one, other], facts) == []
