"""Recorded clips: what their index says of them is what the facts say."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from kinematics import readers, skeleton, synthetic
from kinematics.facts import ANGULAR_SIGNALS, SIGNALS, MotionFacts
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.thresholds import MOVEMENT

IN_PLACE = {"cmu_jump_repeat", "cmu_washwindow"}
"""Whoever stays in place only sways: the index adds that up, the facts do not."""

NET_TURNS_DEG = {"cmu_01_01_jumps_turn": -13, "cmu_131_03_start_hop_stop": -351}
NET_TURNS_DEG |= {"cmu_washwindow": 25, "dm_long_walk1": -90}
"""Clips with turns, and their net heading change by the index."""

KINDS_OF_TRACK = ("root", "joints")


def read(folder: Path, name: str, *, joints: bool) -> Motion:
    """One clip of the collection: the root of its Motion-X array, and its joints."""
    (root,) = readers.read(folder / "mocap" / f"{name}.npz")
    if not joints:
        return root
    with np.load(folder / "mocap" / f"{name}_joints.npz") as arrays:
        return Motion.from_arrays(
            orientations_wxyz=np.array(root.orientations_wxyz),
            positions_m=np.array(root.positions_m),
            times_s=np.array(root.times_s),
            joints_m=arrays["positions"],
            skeleton=skeleton.from_names([str(joint) for joint in arrays["names"]]),
            source=root.source,
        )


@pytest.fixture(scope="module")
def index(real_motions: Path) -> dict[str, dict[str, str]]:
    with (real_motions / "index.csv").open() as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def motions(real_motions, index) -> dict[tuple[str, str], Motion]:
    return {
        (name, track): read(real_motions, name, joints=track == "joints")
        for name in index
        for track in KINDS_OF_TRACK
    }


@pytest.fixture(scope="module")
def measured(motions) -> dict[tuple[str, str], MotionFacts]:
    return dict(zip(motions, measurement.measure_all(motions.values()), strict=True))


def turns_deg(facts: MotionFacts) -> list[float]:
    return [math.degrees(event.amount) for event in facts.events_on("heading")]


# What the index says -----------------------------------------------------------------------------


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_lengths_and_distances_are_the_indexs(measured, index, track):
    for name, row in index.items():
        facts = measured[name, track]
        assert facts.frames == int(row["frames"])
        assert facts.fps == pytest.approx(float(row["fps"]))
        assert facts.coverage == 1.0
        path_m = float(row["path_m"])
        if name in IN_PLACE:
            assert facts.whole.path_m < path_m
        else:
            assert facts.whole.path_m == pytest.approx(path_m, rel=0.05), name
        assert facts.whole.end_distance_m == pytest.approx(float(row["net_m"]), abs=0.03), name


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_what_was_paced_ahead_and_aside_is_the_indexs(measured, index, track):
    """Steady slip aside is drift to the facts and counts in the index."""
    for name, row in index.items():
        facts = measured[name, track]
        ahead_m = facts.whole.body_forward_m - facts.whole.body_backward_m
        left_m = facts.whole.body_left_m - facts.whole.body_right_m
        slack_m = 0.05 * float(row["path_m"]) + 0.25
        assert ahead_m == pytest.approx(float(row["fwd_mps"]) * facts.duration_s, abs=slack_m), name
        assert left_m == pytest.approx(float(row["left_mps"]) * facts.duration_s, abs=slack_m), name


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
@pytest.mark.parametrize("name", NET_TURNS_DEG)
def test_net_turns_are_the_indexs(measured, index, name, track):
    found = math.degrees(measured[name, track].whole.net_turn_rad)
    assert float(index[name]["net_yaw_deg"]) == NET_TURNS_DEG[name]
    assert found == pytest.approx(NET_TURNS_DEG[name], abs=12)


# Clip by clip ------------------------------------------------------------------------------------


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_a_straight_walk_whose_pelvis_sways_has_no_turn(measured, track):
    facts = measured["cmu_02_01_walk", track]
    assert [event.signal for event in facts.events] == ["forward", "start_distance"]
    assert facts.episodes == ()
    assert facts.shape.shape == "straight"
    assert facts.events[0].amount == pytest.approx(3.55, abs=0.05)


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_a_walk_that_begins_a_turn_at_its_end_has_one_right_turn(measured, track):
    facts = measured["cmu_walk_slow_curve", track]
    (turn,) = turns_deg(facts)
    assert -55 < turn < -28  # of the 45 degrees, the clip shows only a turn under way
    assert facts.events_on("heading")[0].start_s > 3.5
    assert len(facts.events_on("forward")) == 1
    assert facts.episodes == ()


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_a_long_walk_loops_left_and_then_right(measured, track):
    facts = measured["dm_long_walk1", track]
    first, *others = turns_deg(facts)
    assert first == pytest.approx(430, abs=15)
    assert sum(turn for turn in others if turn < 0) == pytest.approx(-580, abs=30)
    assert facts.whole.end_distance_m < 0.6
    assert facts.shape.returns >= 1
    assert facts.whole.body_forward_m > 15 * facts.whole.body_left_m
    assert facts.whole.body_backward_m == 0.0
    assert facts.episodes == ()


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_ten_jumps_and_two_half_turns_on_the_playground(measured, track):
    facts = measured["cmu_01_01_jumps_turn", track]
    assert [episode.kind for episode in facts.episodes] == ["jump"] * 10
    assert turns_deg(facts) == [pytest.approx(-180, abs=12), pytest.approx(180, abs=12)]
    for jump in facts.episodes:
        assert 0.15 < jump.height_m < 0.35


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_a_spin_is_one_turn(measured, track):
    facts = measured["cmu_131_03_start_hop_stop", track]
    assert max(map(abs, turns_deg(facts))) == pytest.approx(471, abs=20)
    assert sum(turns_deg(facts)) == pytest.approx(-351, abs=25)


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_sidesteps_go_to_the_right(measured, track):
    facts = measured["cmu_sidestep_a", track]
    assert facts.whole.body_right_m > 3 * facts.whole.body_backward_m
    assert facts.whole.body_left_m == facts.whole.body_forward_m == 0.0
    (event,) = facts.events_on("left")
    assert event.amount < -1.8
    assert turns_deg(facts) == []


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_a_dribbler_walks_backwards(measured, track):
    facts = measured["cmu_basketball_backward", track]
    assert facts.whole.body_backward_m > 5 * facts.whole.body_right_m
    assert facts.whole.body_forward_m == 0.0
    (event,) = facts.events_on("forward")
    assert event.amount == pytest.approx(-4.4, abs=0.2)
    assert facts.whole.away_m == pytest.approx(4.57, abs=0.05)


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_a_window_washer_stays_and_bends_the_trunk(measured, track):
    facts = measured["cmu_washwindow", track]
    assert facts.shape.shape == "stays"
    assert facts.whole.furthest_m < 0.15
    assert facts.events_on("forward") == facts.events_on("start_distance") == ()
    assert facts.episodes == ()
    lean_deg = math.degrees(facts.posture.max_forward_lean_rad)
    if track == "joints":  # the chest bends to 95 degrees, the pelvis to 38
        assert 75 < lean_deg < 100
    else:
        assert 25 < lean_deg < 45


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_jumps_in_place_among_deep_crouches(measured, track):
    facts = measured["cmu_jump_repeat", track]
    assert len(facts.episodes_of("jump")) >= 5
    assert len(facts.episodes_of("crouch")) >= 3
    assert min(episode.height_m for episode in facts.episodes) < -0.45
    assert facts.whole.end_distance_m < 0.1
    assert facts.events_on("start_distance") == () or facts.whole.furthest_m < 0.4
    assert all(abs(turn) < 20 for turn in turns_deg(facts))


# Laws --------------------------------------------------------------------------------------------


def large(facts: MotionFacts) -> list[tuple[str, float]]:
    """Events well above their prominence, in the order of their signals and times."""
    return [
        (signal, event.amount)
        for signal in SIGNALS
        for event in facts.events_on(signal)
        if abs(event.amount) > 2 * MOVEMENT[signal].prominence
    ]


def test_a_mirror_swaps_left_and_right(motions, measured):
    sided = {"left", "heading", "left_lean"}
    for name in ("cmu_02_01_walk", "cmu_131_03_start_hop_stop", "cmu_01_01_jumps_turn"):
        (image,) = measurement.measure_all([synthetic.mirrored(motions[name, "joints"])])
        expected = [
            (signal, pytest.approx(-amount if signal in sided else amount, abs=1e-3))
            for signal, amount in large(measured[name, "joints"])
        ]
        assert large(image) == expected, name


@pytest.mark.parametrize("track", KINDS_OF_TRACK)
def test_moving_the_world_changes_nothing(motions, measured, track):
    moved = {
        name: synthetic.moved(motion, turn_rad=2.0, shift_m=(3.0, 1.0, -20.0))
        for (name, kind), motion in motions.items()
        if kind == track
    }
    for name, facts in zip(moved, measurement.measure_all(moved.values()), strict=True):
        expected = [
            (signal, pytest.approx(amount, abs=1e-3))
            for signal, amount in large(measured[name, track])
        ]
        assert large(facts) == expected, name
        assert [one.kind for one in facts.episodes] == [
            one.kind for one in measured[name, track].episodes
        ]


@pytest.mark.parametrize("fps", [20.0, 60.0])
def test_another_frame_rate_shows_the_same_large_events(motions, measured, fps):
    for name in ("cmu_02_01_walk", "cmu_walk_slow_curve", "cmu_sidestep_a", "dm_long_walk1"):
        before = measured[name, "root"]
        after = measurement.measure(synthetic.resampled(motions[name, "root"], fps))
        for one, other in ((before, after), (after, before)):
            for signal, amount in large(one):
                slack = math.radians(4) if signal in ANGULAR_SIGNALS else 0.05
                same = [event.amount for event in other.events_on(signal)]
                assert np.abs(np.array(same) - amount).min() < slack, (name, signal, amount, same)
