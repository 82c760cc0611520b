"""No change of the code changes an answer unnoticed: asks, keys, evidence, margins and rejections.

`snapshot/facts.jsonl.xz` holds the facts of twenty synthetic clips in three frames of reference,
some of them seen only in part; `snapshot/answers.json` a digest of all answers of each rule. After
a decision that changes answers, `python tests/qagen/test_snapshot.py` writes the digests anew; say
in the commit which answers changed and why. `benchmarks/answer_snapshot.py` shows the differences.
"""

import hashlib
import json
import lzma
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kinematics import facts as facts_of
from kinematics.facts import MotionFacts
from qagen.language.stems import STEMS
from qagen.rules import generate
from qagen.schema.question import Candidate, Rejection

FOLDER = Path(__file__).parent / "snapshot"
ANSWERS = FOLDER / "answers.json"
SEED = 3


def every_clip() -> list[MotionFacts]:
    with lzma.open(FOLDER / "facts.jsonl.xz", "rb") as file:
        return [facts_of.from_line(line) for line in file]


def answer(item: Candidate | Rejection) -> dict[str, Any]:
    """All that a rule says of one ask, but for its words."""
    row: dict[str, Any] = {"ask": item.ask, "task": item.category, "family": item.family}
    if isinstance(item, Rejection):
        return row | {"reason": item.reason}
    codes = [option.code for option in (item.key, *item.distractors)]
    return row | {"codes": codes, "evidence": item.evidence, "margin": item.margin}


def digests() -> dict[str, dict[str, str]]:
    """By rule and frame of reference."""
    hashes: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(hashlib.sha256))
    for facts in every_clip():
        candidates, rejections = generate.candidates(facts, seed=SEED)
        for item in (*candidates, *rejections):
            digest = hashes[item.ask.rule][facts.frame]
            digest.update(msgspec.json.encode([facts.clip, answer(item)], order="sorted"))
    return {
        rule: {frame: digest.hexdigest()[:12] for frame, digest in sorted(frames.items())}
        for rule, frames in sorted(hashes.items())
    }


def test_every_rule_answers_as_before():
    now, before = digests(), json.loads(ANSWERS.read_text())
    changed = [rule for rule in sorted({*now, *before}) if now.get(rule) != before.get(rule)]
    assert not changed, f"other answers of {', '.join(changed)}; see the docstring of this file"


@pytest.fixture(scope="module")
def asked() -> set[str]:
    return {
        candidate.ask.rule
        for facts in every_clip()
        for candidate in generate.candidates(facts, seed=SEED)[0]
    }


@pytest.mark.parametrize("rule", STEMS)
def test_every_rule_asks_about_some_clip_of_the_snapshot(rule, asked):
    assert rule in asked


if __name__ == "__main__":
    ANSWERS.write_text(json.dumps(digests(), indent=1) + "\n")
