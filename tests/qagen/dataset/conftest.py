"""Facts to build from: a small synthetic corpus, measured once."""

import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from kinematics import facts, synthetic
from kinematics.facts import MotionFacts
from kinematics.movement import measurement

CLIPS = 30


@pytest.fixture(scope="session")
def corpus() -> list[MotionFacts]:
    """Clips of much the same length and without joints, so that one shape is compiled."""
    every = (one.motion for one in synthetic.corpus(200, seed=5, fps=10.0, joints=False))
    alike = (motion for motion in every if 13.0 < motion.duration_s < 17.0)
    return list(measurement.measure_all(itertools.islice(alike, CLIPS)))


@pytest.fixture(scope="session")
def facts_file(corpus: list[MotionFacts], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("facts") / "facts.jsonl"
    facts.write(path, corpus)
    return path


@pytest.fixture
def renamed() -> Callable[..., MotionFacts]:
    """A clip's facts under another identity."""
    return lambda one, **identity: msgspec.structs.replace(one, **identity)
