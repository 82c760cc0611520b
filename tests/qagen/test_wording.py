"""Words say the same in every frame, swap in a mirror, and give nothing away."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from kinematics.facts import Frame
from qagen.language import phrases, stems
from qagen.language.vocabulary import MOVEMENTS, SECTORS, mirrored
from qagen.rules import generate
from qagen.rules.humanmove import RULES
from qagen.schema.question import CATEGORIES

ROOT = Path(__file__).resolve().parents[2]

SWAPPED = {"left": "right", "right": "left"}


def swapped(text: str) -> str:
    return re.sub(r"\b(left|right)\b", lambda match: SWAPPED[match[0]], text)


@pytest.mark.parametrize("lean_of", ["pelvis", "trunk"])
@pytest.mark.parametrize("frame", get_args(Frame))
def test_every_movement_has_words_that_a_mirror_swaps(frame, lean_of):
    words = phrases.phrases_of(frame, lean_of=lean_of)
    assert words.keys() == MOVEMENTS.keys()
    for name, phrase in words.items():
        assert tuple(map(swapped, phrase)) == tuple(words[mirrored(name)])
    assert len({phrase.gerund for phrase in words.values()}) == len(words)


def test_left_and_right_are_only_ever_directions():
    """No "right" answer and nothing "left" over: stems name sides by phrases alone."""
    fixed = [
        *stems.STEMS.values(),
        *stems.NEGATED.values(),
        *phrases.QUARTERS,
        *phrases.SHAPES.values(),
    ]
    assert not [text for text in fixed if re.search(r"\b(left|right|clockwise)\b", text)]


def test_sectors_and_classes_have_words():
    assert phrases.SECTORS.keys() == phrases.CAMERA_SECTORS.keys() == set(SECTORS)
    for words in (phrases.SECTORS, phrases.CAMERA_SECTORS):
        assert len(set(words.values())) == len(SECTORS)


def test_definitions_and_words_differ_by_frame_of_reference(make):
    events = [("left", 1.0, 3.0, 2.0), ("forward", 5.0, 9.0, 3.0)]
    said = {}
    for frame in ("first_heading", "body", "camera"):
        questions, _ = generate.ask_all(make(events, frame=frame))
        named = {one.ask.name: one for one in questions}
        said[frame] = named["ever(movements=left)"].stem
        away = {one for one in named if "away" in one or "furthest" in one or "returns" in one}
        assert bool(away) == (frame == "first_heading")
    assert len(set(said.values())) == len({stems.preamble(frame) for frame in said}) == 3


def test_stems_are_one_short_sentence():
    for stem in (*stems.STEMS.values(), *stems.NEGATED.values()):
        assert stem.count("?") == 1
        assert stem.endswith("?")
        assert len(stem.split()) <= 20


def test_leans_of_the_hips_alone_are_said_to_be_of_the_hips():
    speakers = [
        phrases.speaker("first_heading", lean_of=part, descriptor="")
        for part in ("pelvis", "trunk")
    ]
    assert ["hips" in speaker.gerund("lean_left") for speaker in speakers] == [True, False]


@pytest.mark.parametrize("nothing", ["", "  ", "unknown", "Unknown.", "N/A", "none"])
def test_descriptors_that_say_nothing_are_none(nothing, make):
    facts = make([("left", 1.0, 3.0, 2.0)])
    assert generate.ask_all(facts, descriptor=nothing) == generate.ask_all(facts)


def test_descriptors_stand_in_every_stem_and_change_no_answer(make):
    facts = make([("left", 1.0, 3.0, 2.0), ("forward", 5.0, 9.0, 3.0)])
    plain, _ = generate.ask_all(facts)
    named, _ = generate.ask_all(facts, descriptor="the girl in blue")
    assert all("the girl in blue" in one.stem.replace("The girl", "the girl") for one in named)
    assert [one.key for one in named] == [one.key for one in plain]


def test_every_rule_is_listed_under_its_category():
    assert tuple(RULES) == CATEGORIES
    for category, rules in RULES.items():
        assert {rule.category for rule in rules} == {category}
    names = [rule.name for rules in RULES.values() for rule in rules]
    assert sorted(names) == sorted(stems.STEMS)


def test_the_page_on_questions_names_the_rules_and_movements_of_the_code():
    text = (ROOT / "docs" / "questions.md").read_text()
    rules = text[text.index("## The rules") :]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", rules, re.MULTILINE)))
    assert sorted(set(named) - {"rule"}) == sorted(stems.STEMS)
    movements = text[: text.index("## Whether something happens")]
    rows = re.findall(r"^\|([^|]*)\|", movements, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", "".join(rows))) == set(MOVEMENTS)


def test_unknown_categories_are_refused(make):
    with pytest.raises(ValueError, match="categories moods: expected some of numerical"):
        generate.ask_all(make(), categories=["moods"])


def test_asking_needs_no_array_library():
    program = "import sys, qagen.rules.generate, qagen.rules.consistency; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "qagen.rules.generate" in loaded
    assert not loaded & {"numpy", "jax", "scipy", "torch", "matplotlib"}
