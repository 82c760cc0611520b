"""What may not change an answer, and what a mirror and time run backwards make of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import synthetic
from kinematics.facts import MotionFacts
from kinematics.movement import measurement
from qagen.language.vocabulary import MOST_ABSENT, MOVEMENTS, REASONS, mirrored
from qagen.reading.clip import SEQUENCED, read
from qagen.rules import consistency, generate
from qagen.rules.options import leftward, on_busy_axes
from qagen.schema.question import CATEGORIES, Ask, Question

CHANCE = {
    "numerical": 1 / 4,
    "comparative": 1 / 3,
    "dominant": 1 / 3,
    "temporal": 1 / 4,
    "ordering": 1 / 4,
    "trajectory": 1 / 4,
    "existence": 1 / 2,
}

DRAWN = ("total", "path_length", "amount", "duration", "furthest_distance", "end_distance")
"""Rules whose other numbers are drawn by name, so that a mirror shows others."""

OFFERED_BY_NAME = (
    *("dominant_direction", "dominant_speed", "dominant_duration"),
    *("dominant_lean", "dominant_limb"),
)
"""Rules whose options are drawn by the clip's name; what is not among them is not asked for."""

_SWAPPED = {
    "left": "right",
    "right": "left",
    "clockwise": "counter-clockwise",
    "counter-clockwise": "clockwise",
}


def swapped(text: str) -> str:
    """The sentence that a mirror makes of a sentence."""
    return re.sub(
        r"\b(counter-clockwise|clockwise|left|right)\b", lambda found: _SWAPPED[found[0]], text
    )


def by_name(facts: MotionFacts) -> dict[str, Question]:
    questions = generate.ask_all(facts)[0]
    named = {one.ask.name: one for one in questions}
    assert len(named) == len(questions)
    return named


# Every question is whole --------------------------------------------------------------------------


def check_whole(questions: Iterable[Question], facts: MotionFacts) -> None:
    for one in questions:
        options = (one.key, *one.distractors)
        assert one.chance == pytest.approx(CHANCE[one.category]), one.name
        assert len({option.text for option in options}) == len(options), one.name
        assert len({option.code for option in options}) == len(options), one.name
        assert one.margin.value >= one.margin.band > 0, one.name
        assert one.stem[0].isupper()
        assert not re.search(r"[{}]|  ", one.stem), one.stem
        assert one.stem.endswith(("?", ".")), one.stem
        assert one.evidence, one.name
        for shown in one.evidence:
            assert 0 <= shown.start_s <= shown.end_s <= facts.duration_s + 1e-3, one.name
        assert len(one.reasoning) == 3
        assert one.reasoning[2] == f"The answer is: {one.key.text}."


def test_questions_of_a_corpus_are_whole(measured):
    for facts in measured["plain"]:
        questions, rejections = generate.ask_all(facts)
        check_whole(questions, facts)
        assert {one.reason for one in rejections} <= set(REASONS)


def test_no_two_questions_of_a_corpus_contradict_each_other(measured):
    for name in ("plain", "10 fps"):
        for facts in measured[name]:
            assert consistency.check(generate.ask_all(facts)[0], facts) == []


def test_every_category_yields(measured):
    clips = [facts for facts in measured["plain"] if len(facts.events) >= 3]
    asked = Counter(
        category
        for facts in clips
        for category in {one.category for one in generate.ask_all(facts)[0]}
    )
    assert len(clips) > 12
    for category in CATEGORIES:
        assert asked[category] >= 0.6 * len(clips), category
    assert asked["existence"] == asked["numerical"] == len(clips)


def test_existence_can_be_answered_both_ways(measured):
    keys = Counter(
        (one.ask.negated, one.key.code)
        for facts in measured["plain"]
        for one in generate.ask_all(facts, categories=["existence"])[0]
    )
    assert min(keys.values()) > 0.05 * sum(keys.values())
    assert keys[False, "yes"] == keys[True, "no"]


# What changes nothing -----------------------------------------------------------------------------


def test_moving_the_world_changes_nothing_at_all(measured):
    """The clip's name is the same; only rounded last digits of evidence may differ."""
    for facts, moved in zip(measured["plain"], measured["moved"], strict=True):
        one, other = by_name(facts), by_name(moved)
        assert one.keys() == other.keys()
        for name in one:
            assert (one[name].stem, one[name].key, one[name].distractors) == (
                other[name].stem,
                other[name].key,
                other[name].distractors,
            )


@pytest.mark.parametrize("rate", ["10 fps", "60 fps"])
def test_another_frame_rate_changes_no_answer(measured, rate):
    shared = asked = 0
    for facts, resampled in zip(measured["plain"], measured[rate], strict=True):
        one, other = by_name(facts), by_name(resampled)
        both = one.keys() & other.keys()
        assert {name: one[name].key for name in both} == {name: other[name].key for name in both}
        shared, asked = shared + len(both), asked + len(one)
    assert shared > 0.99 * asked


def test_the_company_a_clip_is_measured_in_changes_nothing(measured):
    facts = measured["plain"][0]
    index = int(facts.clip.rpartition("_")[2])
    *_, performance = synthetic.corpus(index + 1, seed=0)
    alone = measurement.measure(performance.motion)
    assert generate.ask_all(alone) == generate.ask_all(facts)


def test_a_clip_of_another_name_has_the_same_answers(make: Callable[..., MotionFacts]):
    """The name draws which numbers and directions are offered, and so what cannot be asked."""
    events = [("forward", 1.0, 5.0, 4.4), ("heading", 7.0, 9.0, 1.6), ("left", 11.0, 13.0, 2.0)]
    one = by_name(make(events, clip="one"))
    for name in ("other", "third", "fourth"):
        other = by_name(make(events, clip=name))
        both = one.keys() & other.keys()
        assert {name: one[name].key for name in both} == {name: other[name].key for name in both}
        for name in one.keys() ^ other.keys():
            assert (one.get(name) or other[name]).ask.rule in {*DRAWN, *OFFERED_BY_NAME}


# What the other questions tell --------------------------------------------------------------------


def test_what_a_clip_offers_on_a_topic_is_always_the_same(measured):
    """How often a direction or a number is offered says nothing of which question it answers."""
    offered: dict[tuple[str, ...], set[frozenset[str]]] = {}
    for facts in measured["plain"]:
        for one in generate.ask_all(facts, categories=["dominant", "numerical"])[0]:
            codes = frozenset(option.code for option in (one.key, *one.distractors))
            if one.ask.rule in OFFERED_BY_NAME:
                topic = one.ask.rule.replace("speed", "direction")
                offered.setdefault((facts.clip, topic), set()).add(codes)
            elif one.ask.rule in DRAWN and one.ask.rule != "count":
                offered.setdefault((facts.clip, one.margin.unit), set()).add(codes)
    several = 0
    for (_, topic), sets in offered.items():
        assert len(sets) == 1 or topic in ("m", "rad", "s")
        for first, second in combinations(sets, 2):
            assert not first & second
            several += 1
    assert len(offered) > 30
    assert several > 5


def test_what_is_offered_on_a_topic_does_not_hang_on_the_answer(make: Callable[..., MotionFacts]):
    """The same three directions whichever goes furthest; each is left out as often as any other."""
    shown: dict[tuple[str, bool], set[frozenset[str]]] = {}
    keys: Counter[str] = Counter()
    for clip in [f"clip {number}" for number in range(40)]:
        for forward, backward, left, right in permutations([4.0, 2.6, 1.7, 1.0]):
            facts = make(
                [
                    ("forward", 1.0, 4.0, forward), ("forward", 5.0, 8.0, -backward),
                    ("left", 9.0, 12.0, left), ("left", 13.0, 16.0, -right),
                ],
                clip=clip,
            )  # fmt: skip
            asked = generate.ask_all(facts, categories=["dominant"])[0]
            found = [one for one in asked if one.ask == Ask(rule="dominant_direction")]
            for one in found:
                options = frozenset(option.code for option in (one.key, *one.distractors))
                shown.setdefault((clip, leftward(read(facts)) > 0), set()).add(options)
                keys[one.key.code] += 1
    assert len(shown) == 80
    assert all(len(sets) == 1 for sets in shown.values())
    assert set(keys) == {"forward", "backward", "left", "right"}
    assert min(keys.values()) > 0.7 * max(keys.values())
    assert 0.6 < keys.total() / (40 * 24) < 0.85


def test_most_wrong_movements_are_spoken_of_elsewhere(measured):
    """Of three at most two are absent from the clip, and others come only after all opposites."""
    checked = 0
    for facts in measured["plain"]:
        clip = read(facts)
        busy = on_busy_axes(clip)
        for one in generate.ask_all(facts, categories=["ordering", "temporal"])[0]:
            if one.ask.rule not in ("next_after", "last_before", "first_of", "last_of", "first_in"):
                continue
            codes = [option.code for option in one.distractors]
            assert sum(not clip.occurrences[code] for code in codes) <= MOST_ABSENT
            if one.ask.rule in ("first_of", "last_of") and not busy.issuperset(codes):
                offered = {code for code in busy if code in SEQUENCED and code not in clip.doubts}
                happen = {code for code in offered if clip.occurrences[code]}
                assert happen <= {one.key.code, *codes}
            checked += 1
    assert checked > 60


# Mirrors ------------------------------------------------------------------------------------------


def canonical(facts: MotionFacts, *, mirror: bool) -> dict[tuple, tuple]:
    """For each question, named without sides, its words; a pair of opposites in either order."""
    say = swapped if mirror else str
    found = {}
    for one in generate.ask_all(facts)[0]:
        ask = one.ask
        movements = [mirrored(name) if mirror else name for name in ask.movements]
        name = (
            *(ask.rule, tuple(sorted(movements)), ask.window, ask.nth, ask.strength),
            *(mirrored(ask.part) if mirror else ask.part, ask.negated),
        )
        assert name not in found
        options = frozenset(say(option.text) for option in one.distractors)
        if ask.rule.startswith("count") or ask.rule in DRAWN:
            options = frozenset()
        stem = Counter(re.findall(r"[\w'-]+", say(one.stem)))
        found[name] = (say(one.key.text), options, stem)
    return found


def test_a_mirror_swaps_left_and_right(measured):
    compared = 0
    for facts, other in zip(measured["plain"], measured["mirrored"], strict=True):
        if leftward(read(facts)) == 0:
            continue  # so even that the mirror shows the very same facts
        one, mirror = canonical(facts, mirror=False), canonical(other, mirror=True)
        assert one.keys() == mirror.keys()
        for name in one:
            assert one[name] == mirror[name]
        compared += len(one)
    assert compared > 2000


def test_mirror_pairs_are_pairs():
    for name, row in MOVEMENTS.items():
        assert mirrored(mirrored(name)) == name
        assert not row.opposite or MOVEMENTS[row.opposite].opposite == name
        if mirrored(name) != name:
            assert mirrored(name) == row.opposite


# Facts made by hand -------------------------------------------------------------------------------

_LEAST = {"left": 0.15, "forward": 0.15, "up": 0.1, "heading": 0.27, "forward_lean": 0.21}


@st.composite
def made_events(draw: st.DrawFn, signals: tuple[str, ...] = tuple(_LEAST)) -> list[tuple]:
    """Movements one after another, some of them slight, some close together."""
    events, at_s = [], draw(st.floats(0.0, 2.0))
    for _ in range(draw(st.integers(0, 7))):
        signal = draw(st.sampled_from(signals))
        seconds = draw(st.floats(0.4, 3.0))
        if at_s + seconds > 19.9:
            break
        amount = _LEAST[signal] * draw(st.floats(1.0, 12.0)) * draw(st.sampled_from([-1, 1]))
        events.append((signal, round(at_s, 2), round(at_s + seconds, 2), round(amount, 3)))
        at_s += seconds + draw(st.floats(0.0, 2.5))
    return events


@settings(max_examples=40)
@given(events=made_events())
def test_made_facts_give_whole_questions_without_contradictions(make, events):
    facts = make(events)
    questions, _ = generate.ask_all(facts)
    check_whole(questions, facts)
    assert consistency.check(questions, facts) == []


@settings(max_examples=40)
@given(events=made_events())
def test_plain_counting_gives_the_same_answers(make, events):
    """Counted, added and compared anew from the list of movements that the facts were made of."""
    found = by_name(make(events))
    for name, row in MOVEMENTS.items():
        if row.kind in ("episode", "lean"):
            continue
        ones = [event for event in events if event[0] == row.signal and event[3] * row.sign > 0]
        if f"count(movements={name})" in found:
            assert found[f"count(movements={name})"].key.code == str(len(ones))
        if f"ever(movements={name})" in found:
            expected = "yes" if ones else "no"
            assert found[f"ever(movements={name})"].key.code == expected
        if f"total(movements={name})" in found:
            one = found[f"total(movements={name})"]
            amount = sum(abs(event[3]) for event in ones)
            codes = [one.key.code, *(option.code for option in one.distractors)]
            assert one.key.code == min(codes, key=lambda code: abs(float(code) - amount))
        for nth, event in enumerate(ones, start=1):
            if f"quarter_of(movements={name},nth={nth})" in found:
                key = found[f"quarter_of(movements={name},nth={nth})"].key.code
                assert key == f"quarter_{int(event[1] // 5) + 1}"


@settings(max_examples=40)
@given(events=made_events(("left", "forward", "heading")))
def test_time_run_backwards_reverses_the_order(make, events):
    backwards = [
        (signal, round(20 - end_s, 2), round(20 - start_s, 2), -amount)
        for signal, start_s, end_s, amount in reversed(events)
    ]
    forth, back = by_name(make(events)), by_name(make(backwards))
    orders = 0
    for one in forth.values():
        if one.ask.rule != "order_of":
            continue
        said = one.key.code.split(">")
        names = "+".join(sorted(MOVEMENTS[name].opposite for name in said))
        other = back.get(f"order_of(movements={names})")
        once = all(
            sum(event[0] == MOVEMENTS[name].signal for event in events) == 1 for name in said
        )
        if other is not None and once:
            expected = [MOVEMENTS[name].opposite for name in reversed(said)]
            # what begins first ends last: whole movements are reversed, and they do not overlap
            assert other.key.code.split(">") == expected
            orders += 1


def test_time_run_backwards_turns_next_into_before(make):
    events = [("left", 1.0, 3.0, 1.0), ("forward", 5.0, 7.0, -2.0), ("heading", 10.0, 12.0, 1.5)]
    backwards = [(name, 20 - end, 20 - start, -amount) for name, start, end, amount in events]
    forth, back = by_name(make(events)), by_name(make(backwards))
    assert forth["next_after(movements=left,nth=1)"].key.code == "backward"
    assert back["last_before(movements=right,nth=1)"].key.code == "forward"
    assert forth["order_of(movements=backward+left+turn_left)"].key.code == (
        "left>backward>turn_left"
    )
    assert back["order_of(movements=forward+right+turn_right)"].key.code == (
        "turn_right>forward>right"
    )
