"""What the tests of several readers share."""

from collections.abc import Callable

import numpy as np
import pytest

from kinematics.facts import MotionFacts

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
