"""An untrained model, built once per session."""

from pathlib import Path

import numpy as np
import pytest

from mllm.frames import Frames
from mllm.local import tiny


@pytest.fixture(scope="session")
def size() -> tiny.Size:
    return tiny.Size(width=32, heads=2, vision_width=32, patch_px=8, words=400)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return ["Does the person jump?", "A. Yes", "B. No", "0.5 seconds"]


@pytest.fixture(scope="session")
def knows_nothing(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], size: tiny.Size
) -> Path:
    torch = pytest.importorskip("torch", reason="run `pip install 'kinematics-qa[mllm]'`")
    torch.set_num_threads(1)  # more threads are slower on models this small
    return tiny.build(tmp_path_factory.mktemp("models") / "tiny", texts, size=size)


def noise(seed: int, *, frames: int = 4, height: int = 32, width: int = 32) -> Frames:
    """Frames that all differ."""
    draw = np.random.default_rng(seed)
    pictures = draw.integers(0, 256, (frames, height, width, 3), dtype=np.uint8)
    return Frames(pictures, np.arange(frames) / 4, frames / 4)


@pytest.fixture
def seen():
    return noise
