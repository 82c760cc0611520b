"""What the tests of several readers share."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import synthetic
from kinematics.facts import MotionFacts
from kinematics.motion import Motion

AMOUNT = 0.02
"""Metres or radians by which the events of a rounded copy may differ."""


@pytest.fixture(scope="session")
def same_story() -> Callable[[MotionFacts, MotionFacts], None]:
    """Asserts that two measurements tell of the same movement."""

    def check(one: MotionFacts, other: MotionFacts) -> None:
        assert [e.signal for e in one.events] == [e.signal for e in other.events]
        for name in ("start_s", "end_s", "amount", "peak_speed"):
            np.testing.assert_allclose(
                [getattr(e, name) for e in one.events],
                [getattr(e, name) for e in other.events],
                atol=AMOUNT,
                err_msg=name,
            )
        assert [e.kind for e in one.episodes] == [e.kind for e in other.episodes]
        assert one.shape.shape == other.shape.shape
        assert one.posture.lean_of == other.posture.lean_of
        for field in ("body_forward_m", "body_left_m", "net_turn_rad", "path_m", "end_distance_m"):
            assert getattr(one.whole, field) == pytest.approx(
                getattr(other.whole, field), abs=AMOUNT
            ), field
        assert [part.part for part in one.parts] == [part.part for part in other.parts]
        assert [part.repetitions for part in one.parts] == [
            part.repetitions for part in other.parts
        ]

    return check


@pytest.fixture(scope="session")
def performed() -> Motion:
    """A walk, a turn to the left and a walk, with joints."""
    script = synthetic.walk(2.0).then(synthetic.turn(math.pi / 2), synthetic.walk(1.0))
    return synthetic.perform(script, start_heading_rad=0.4, dtype=np.float64).motion


@pytest.fixture(scope="session")
def apart_rad() -> Callable[[np.ndarray, np.ndarray], float]:
    """The greatest angle between the rotations of two rows of quaternions."""

    def measure(one: np.ndarray, other: np.ndarray) -> float:
        a, b = (Rotation.from_quat(np.array(q), scalar_first=True) for q in (one, other))
        return float((a.inv() * b).magnitude().max())

    return measure


@pytest.fixture(scope="session")
def damaged() -> Callable[[st.DataObject, bytes], bytes]:
    """A file in which some bytes are others, and whose end may be missing."""

    def damage(data: st.DataObject, whole: bytes) -> bytes:
        raw = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 6))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):
            del raw[data.draw(st.integers(0, len(raw) - 1)) :]
        return bytes(raw)

    return damage
