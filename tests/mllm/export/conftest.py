"""A small data set with questions on all sides, and its videos, made once a session."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from kinematics import facts, synthetic
from kinematics.movement import measurement
from mllm.render import video
from qagen.build import pipeline
from qagen.dataset import layout
from qagen.dataset.layout import Recipe

PICTURES = 6


@pytest.fixture(scope="session")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of a dozen clips of much the same length, so that one shape is compiled."""
    home = tmp_path_factory.mktemp("export")
    every = (one.motion for one in synthetic.corpus(200, seed=5, fps=10.0, joints=False))
    alike = (motion for motion in every if 13.0 < motion.duration_s < 17.0)
    facts.write(home / "facts.jsonl", measurement.measure_all(itertools.islice(alike, 12)))
    recipe = Recipe(per_task=3, balanced=False, val=0.2, test=0.3)
    pipeline.build(home / "facts.jsonl", home / "questions", recipe)
    return home / "questions"


@pytest.fixture(scope="session")
def videos(questions: Path) -> Path:
    """A video of each clip; nobody looks at what it shows."""
    home = questions.parent / "videos"
    home.mkdir()
    for place, clip in enumerate(layout.clips(questions)):
        pictures = [np.full((32, 32, 4), 9 * place + one, np.uint8) for one in range(PICTURES)]
        video.write(home / f"{clip.clip}.mp4", pictures, fps=2.0)
    return home
