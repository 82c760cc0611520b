"""Gait on the spot (a treadmill, marching, running in place) holds no turn, lean, rise or jump."""

import math
from dataclasses import replace

import numpy as np
import pytest

from kinematics import synthetic
from kinematics.motion import Motion
from kinematics.movement import measurement


def on_a_treadmill(motion: Motion) -> Motion:
    """The walk with its even travel taken off, joints included."""
    positions_m = np.array(motion.positions_m, dtype=np.float64)
    joints_m = None if motion.joints_m is None else np.array(motion.joints_m, dtype=np.float64)
    frame = np.arange(len(positions_m))
    for axis in (0, 2):
        travel_m = np.polyval(np.polyfit(frame, positions_m[:, axis], 1), frame)
        positions_m[:, axis] -= travel_m
        if joints_m is not None:
            joints_m[:, :, axis] -= travel_m[:, None]
    return replace(motion, positions_m=positions_m, joints_m=joints_m)


@pytest.mark.parametrize("joints", [False, True])
@pytest.mark.parametrize("yaw_deg", [10.0, 22.0, 34.0])
@pytest.mark.parametrize("pace", ["walk", "run"])
def test_gait_on_a_treadmill_is_no_movement_of_the_root(pace, yaw_deg, joints):
    script = synthetic.walk(14.0, speed_mps=1.2) if pace == "walk" else synthetic.run(26.0)
    gait = synthetic.Gait(pelvis_yaw_rad=math.radians(yaw_deg))
    walk = synthetic.perform(script, gait=gait, joints=joints, cut_s=(1.0, 1.0)).motion
    facts = measurement.measure(on_a_treadmill(walk))
    assert facts.events == ()
    assert facts.episodes == ()


@pytest.mark.parametrize("angle_deg", [20.0, 40.0, 90.0])
def test_a_turn_there_and_back_is_two_turns(angle_deg):
    """Two movements undo each other; that alone makes them no sway."""
    there = synthetic.turn(math.radians(angle_deg), duration_s=0.7)
    back = synthetic.turn(-math.radians(angle_deg), duration_s=0.7)
    script = synthetic.stand(1.0).then(there, back, synthetic.stand(1.0))
    facts = measurement.measure(synthetic.perform(script, joints=False).motion)
    amounts = [math.degrees(event.amount) for event in facts.events_on("heading")]
    assert amounts == pytest.approx([angle_deg, -angle_deg], abs=2.0)


def test_large_turns_to_and_fro_are_turns():
    turns = [synthetic.turn(math.radians(60.0 * (-1) ** i), duration_s=0.7) for i in range(6)]
    script = synthetic.stand(1.0).then(*turns, synthetic.stand(1.0))
    facts = measurement.measure(synthetic.perform(script, joints=False).motion)
    assert len(facts.events_on("heading")) == 6
