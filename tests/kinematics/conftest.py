"""Fixtures shared by the tests of several readers."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import synthetic
from kinematics.facts import MotionFacts
from kinematics.motion import Motion

AMOUNT = 0.02
"""Metres or radians by which the events of a rounded copy may differ."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that the examples of a property test may share."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="session")
def same_story() -> Callable[[MotionFacts, MotionFacts], None]:
    """Asserts that two measurements describe the same movement."""

    def check(facts: MotionFacts, expected: MotionFacts) -> None:
        assert [e.signal for e in facts.events] == [e.signal for e in expected.events]
        for name in ("start_s", "end_s", "amount", "peak_speed"):
            values, wanted = ([getattr(e, name) for e in f.events] for f in (facts, expected))
            np.testing.assert_allclose(values, wanted, atol=AMOUNT, err_msg=name)
        assert [e.kind for e in facts.episodes] == [e.kind for e in expected.episodes]
        assert facts.shape.shape == expected.shape.shape
        assert facts.posture.lean_of == expected.posture.lean_of
        for field in ("body_forward_m", "body_left_m", "net_turn_rad", "path_m", "end_distance_m"):
            wanted_m = getattr(expected.whole, field)
            assert getattr(facts.whole, field) == pytest.approx(wanted_m, abs=AMOUNT), field
        parts, wanted_parts = (
            [(part.part, part.repetitions) for part in f.parts] for f in (facts, expected)
        )
        assert parts == wanted_parts

    return check


@pytest.fixture(scope="session")
def performed() -> Motion:
    """A walk, a turn to the left and a walk, with joints."""
    script = synthetic.walk(2.0).then(synthetic.turn(math.pi / 2), synthetic.walk(1.0))
    return synthetic.perform(script, start_heading_rad=0.4, dtype=np.float64).motion


@pytest.fixture(scope="session")
def apart_rad() -> Callable[[np.ndarray, np.ndarray], float]:
    """The greatest angle between the rotations of two rows of quaternions."""

    def measure(first: np.ndarray, second: np.ndarray) -> float:
        a, b = (Rotation.from_quat(np.array(q), scalar_first=True) for q in (first, second))
        return float((a.inv() * b).magnitude().max())

    return measure


@pytest.fixture(scope="session")
def read_damaged() -> Callable[..., list[Any]]:
    """Writes a file with some changed bytes and perhaps without its end, and reads it.

    The reader must return a result or raise one `ValueError` that names the file, which gives [].
    """

    def check(
        data: st.DataObject, whole: bytes, path: Path, read: Callable[[Path], list[Any]]
    ) -> list[Any]:
        raw = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 6))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):
            del raw[data.draw(st.integers(0, len(raw) - 1)) :]
        path.write_bytes(raw)
        complaint, result = "", []
        try:
            result = read(path)
        except ValueError as error:
            complaint = str(error)
        assert (path.name in complaint) != bool(result)
        return result

    return check
