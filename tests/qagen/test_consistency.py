"""Planted contradictions are found, and nothing else is."""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
import pytest

from kinematics.facts import MotionFacts, PartFacts, VerticalEpisode
from qagen.rules import consistency, generate
from qagen.rules.humanmove import RULES
from qagen.schema.question import Candidate, Question

MEANINGS = {rule.name: rule.meaning for rules in RULES.values() for rule in rules}

SCRIPTS = (
    (
        ("forward", 0.5, 3.5, 3.4),
        ("left", 4.5, 6.5, 2.5),
        ("heading", 7.5, 9.0, 1.6),
        ("left", 11.0, 12.0, -0.8),
        ("forward", 16.0, 18.0, 2.1),
    ),
    (
        ("forward_lean", 1.0, 2.0, 0.9),
        ("forward_lean", 3.0, 4.0, -0.9),
        ("left_lean", 6.0, 7.0, 0.3),
        ("left_lean", 8.0, 9.0, -0.3),
        ("heading", 12.0, 13.0, 0.8),
    ),
    (
        ("forward", 0.5, 4.5, 6.0),
        ("start_distance", 0.5, 4.5, 6.0),
        ("forward", 7.0, 13.0, -4.5),
        ("start_distance", 7.0, 13.0, -4.5),
        ("left", 16.0, 18.0, 0.9),
    ),
    (
        ("forward", 0.4, 2.4, 4.0),
        ("left", 4.0, 7.0, 1.2),
        ("heading", 8.0, 9.0, 1.7),
        ("forward", 11.0, 14.0, 3.6),
        ("left", 16.0, 19.0, -2.8),
    ),
    (
        ("forward", 0.5, 4.0, 5.0),
        ("forward", 6.0, 9.0, -5.0),
        ("forward", 11.0, 14.0, 4.0),
    ),
)
JUMP = VerticalEpisode(kind="jump", start_s=13.5, end_s=14.0, height_m=0.3)


def make_part(
    name: str,
    path: float,
    *,
    repetitions: int = 0,
    distances: tuple[float, float] | None = None,
    near_share: float | None = None,
) -> PartFacts:
    return PartFacts(
        part=name,
        group="arms",
        displacement=0.0,
        path=path,
        mean_speed=path / 20.0,
        peak_speed=path,
        directions=(0.5, 0.5, 0.0, 0.0, 0.0, 0.0),
        angle_range_rad=None,
        distance_range=distances,
        near_share=near_share,
        approach=None,
        above_share=None,
        front_share=None,
        repetitions=repetitions,
        period_s=None,
        coverage=1.0,
    )


PARTS = (
    make_part("left_upper_limb", 8.0, repetitions=9),
    make_part("right_upper_limb", 0.1),
    make_part("left_lower_limb", 2.0),
    make_part("right_lower_limb", 0.9),
    make_part("left_hand_to_head", 0.5, distances=(0.02, 0.6), near_share=0.3),
    make_part("right_hand_to_head", 0.5, distances=(0.5, 0.8), near_share=0.0),
)

Asked = list[tuple[MotionFacts, list[Candidate]]]


@pytest.fixture(scope="module")
def asked(make: Callable[..., MotionFacts]) -> Asked:
    """Fifteen clips with their questions; together every rule asks."""
    clips = [
        msgspec.structs.replace(make(script, episodes=[JUMP] * (not at), frame=frame), parts=PARTS)
        for at, script in enumerate(SCRIPTS)
        for frame in ("first_heading", "body", "camera")
    ]
    return [(clip, generate.candidates(clip)[0]) for clip in clips]


@pytest.fixture(scope="module")
def questions(facts: MotionFacts) -> tuple[Question, ...]:
    return generate.ask_all(facts)[0]


def with_wrong_key(question: Question | Candidate, code: str) -> Question | Candidate:
    """The question with another of its options as the answer."""
    key = next(option for option in question.distractors if option.code == code)
    others = [option for option in (question.key, *question.distractors) if option != key]
    return msgspec.structs.replace(question, key=key, distractors=tuple(others))


def planted(question: Question | Candidate) -> Iterator[Question | Candidate]:
    """The question with each of its wrong options as the answer."""
    return (with_wrong_key(question, option.code) for option in question.distractors)


def test_every_rule_is_asked_about_the_clips(asked):
    assert {each.ask.rule for _, candidates in asked for each in candidates} == set(MEANINGS)


def test_right_answers_agree(asked, measured):
    for clip, candidates in asked:
        assert consistency.check(candidates, clip) == []
    for clips in measured.values():
        for clip in clips:
            assert consistency.check(generate.candidates(clip)[0], clip) == []


def test_every_wrong_key_contradicts_its_own_evidence(asked):
    """All of them, as the module says: no other question is needed."""
    made, caught = Counter(), Counter()
    for clip, candidates in asked:
        for candidate in candidates:
            for wrong in planted(candidate):
                made[candidate.ask.rule] += 1
                caught[candidate.ask.rule] += bool(consistency.check([wrong], clip))
    assert made.keys() == MEANINGS.keys()
    assert caught == made


@pytest.mark.parametrize("rule", sorted(MEANINGS))
def test_wrong_keys_among_right_ones_are_caught_and_named(asked, rule):
    clip, candidates = next(
        (clip, candidates)
        for clip, candidates in asked
        if any(each.ask.rule == rule for each in candidates)
    )
    question = next(each for each in candidates if each.ask.rule == rule)
    for wrong in planted(question):
        rest = [wrong if each is question else each for each in candidates]
        clashes = consistency.check(rest, clip)
        assert wrong.name in {name for clash in clashes for name in (clash.one, clash.other)}


def test_rules_say_when_no_claim_depends_on_the_key(asked):
    depends = set()
    for _, candidates in asked:
        for candidate in candidates:
            claims = [set(consistency.claims_of(each)) for each in (candidate, *planted(candidate))]
            if any(each != claims[0] for each in claims):
                depends.add(candidate.ask.rule)
    assert depends == set(MEANINGS) - consistency.unclaimed().keys()


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
def test_other_questions_contradict_a_wrong_answer(facts, questions, name):
    """Whatever its own evidence shows, most wrong answers clash with some other question."""
    (question,) = [each for each in questions if each.ask.name == name]
    caught = 0
    for wrong in planted(question):
        rest = [wrong if each is question else each for each in questions]
        clashes = [clash for clash in consistency.check(rest, facts) if clash.one != clash.other]
        caught += question.name in {name for clash in clashes for name in (clash.one, clash.other)}
    assert caught >= len(question.distractors) / 2


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
