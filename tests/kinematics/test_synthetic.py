"""Synthetic motions: the ground truth is correct, and the figure performs its script."""

import itertools
import math
import os
import re
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from kinematics import synthetic
from kinematics.motion import Motion
from kinematics.skeleton import SMPL_22, from_names
from kinematics.synthetic import Gait, perform
from kinematics.synthetic.script import Travel, Turn
from kinematics.synthetic.timeline import RATE_HZ, Column

JOINT = {name: index for index, name in enumerate(SMPL_22.joints)}
PARENTS = (0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
FEET = [JOINT[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]
QUARTER = math.pi / 2

EVERY_KIND = set(
    "walk run sidestep walk_backward arc turn lean bow straighten crouch sit stand_up jump wave "
    "stand".split()
)


def amounts(truth: synthetic.Truth, signal: str, *, joints: bool = True) -> list[float]:
    """The certain events' amounts, metres or degrees, in time order."""
    events = truth.events_on(signal, joints=joints)
    angular = signal in ("heading", "forward_lean", "left_lean")
    return [round(math.degrees(e.amount) if angular else e.amount, 3) for e in events]


def events_of(script: synthetic.Script, **options) -> dict[str, list[float]]:
    """All certain amounts by signal, without signals that have no event."""
    truth = perform(script, **options).truth
    signals = dict.fromkeys(event.signal for event in truth.events())
    return {signal: certain for signal in signals if (certain := amounts(truth, signal))}


def headings_rad(motion: Motion) -> np.ndarray:
    w, y = motion.orientations_wxyz[:, 0], motion.orientations_wxyz[:, 2]
    return np.unwrap(2 * np.arctan2(y, w), period=2 * math.pi)


def trunk_lean_rad(motion: Motion, heading_rad: float) -> np.ndarray:
    """Forward and left lean of the line from pelvis to neck, by definition."""
    line = motion.joints_m[:, JOINT["neck"]] - motion.joints_m[:, JOINT["pelvis"]]
    line = Rotation.from_rotvec([0, -heading_rad, 0]).apply(line)
    tilt = np.arctan2(np.hypot(line[:, 0], line[:, 2]), line[:, 1])
    way = np.arctan2(line[:, 0], line[:, 2])
    return np.stack([tilt * np.cos(way), tilt * np.sin(way)], axis=1)


# The ground truth --------------------------------------------------------------------------------


def test_walk_turn_left_and_come_back():
    script = synthetic.then(
        synthetic.walk(3.0),
        synthetic.turn(QUARTER),
        synthetic.walk(2.0),
        synthetic.turn(math.pi),
        synthetic.walk(2.0),
        synthetic.turn(-QUARTER),
        synthetic.walk(3.0),
    )
    assert events_of(script) == {
        "left": [2.0, -2.0],
        "forward": [3.0, -3.0],
        "start_distance": [3.0, 0.606, -0.606, -3.0],
        "heading": [90.0, 180.0, -90.0],
    }


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (synthetic.sidestep(1.0, to="right"), {"left": [-1.0], "start_distance": [1.0]}),
        (synthetic.walk_backward(1.0), {"forward": [-1.0], "start_distance": [1.0]}),
        (synthetic.lean(0.5, toward="right"), {"left_lean": [-28.648, 28.648]}),
        (synthetic.bow(math.radians(100)), {"forward_lean": [100.0, -100.0]}),
        (synthetic.crouch(0.3), {"up": [-0.3, 0.3]}),
        (synthetic.sit(0.4), {"up": [-0.4]}),
        (synthetic.jump(0.3), {"up": [0.36, -0.36]}),
        (synthetic.wave(), {}),
        (synthetic.stand(10.0), {}),
        (synthetic.turn(math.radians(20)), {"heading": [20.0]}),
        (synthetic.turn(-4 * math.pi), {"heading": [-720.0]}),
        (synthetic.run(20.0), {"forward": [20.0], "start_distance": [20.0]}),
    ],
)
def test_single_movements(script, expected):
    certain = events_of(script)
    assert list(certain) == list(expected)
    for signal, wanted in expected.items():
        assert certain[signal] == pytest.approx(wanted, abs=5e-3)


def test_step_pause_step_is_two_events_and_a_short_wait_is_not_certain():
    step = synthetic.walk(0.6, speed_mps=0.8)
    apart = synthetic.then(step, synthetic.pause(20.0), step)
    assert events_of(apart)["forward"] == [0.6, 0.6]
    near = synthetic.then(step, synthetic.pause(0.2), step)  # slow for about half a second
    assert "forward" not in events_of(near)
    assert {e.signal for e in perform(near).truth.events()} == {"forward", "start_distance"}


@pytest.mark.parametrize(("back_deg", "expected"), [(4, [176.0]), (12, [90.0, 90.0])])
def test_only_reversals_beyond_the_hysteresis_split_a_movement(back_deg, expected):
    back = synthetic.turn(-math.radians(back_deg), duration_s=0.4)
    script = synthetic.then(synthetic.turn(QUARTER), back, synthetic.turn(QUARTER))
    assert events_of(script)["heading"] == pytest.approx(expected, abs=0.01)


def test_near_a_threshold_nothing_is_certain():
    truth = perform(synthetic.sidestep(0.17, to="left", speed_mps=0.5)).truth
    assert [(e.signal, e.certain) for e in truth.events()] == [
        ("left", False),
        ("start_distance", False),
    ]


def test_lean_of_trunk_and_of_pelvis_differ():
    truth = perform(synthetic.bow(math.radians(95), pelvis_share=0.4)).truth
    assert amounts(truth, "forward_lean") == [95.0, -95.0]
    assert amounts(truth, "forward_lean", joints=False) == [38.0, -38.0]
    shy = perform(synthetic.lean(0.6, pelvis_share=0.1)).truth
    assert amounts(shy, "forward_lean", joints=False) == []


def test_circle_by_hand():
    """A tight circle to the left: a diameter to the left and back; forward r, -2 r and r."""
    certain = events_of(synthetic.arc(0.5, 2 * math.pi), gait=None)
    assert certain["left"] == pytest.approx([1.0, -1.0], abs=2e-3)
    assert certain["forward"] == pytest.approx([0.5, -1.0, 0.5], abs=2e-3)
    assert certain["start_distance"] == pytest.approx([1.0, -1.0], abs=2e-3)
    assert certain["heading"] == [pytest.approx(360.0, abs=0.01)]


def test_vertical_episodes():
    script = synthetic.then(
        synthetic.jump(0.3),
        synthetic.crouch(0.3, hold_s=0.3),
        synthetic.sit(0.4),
        synthetic.pause(3.0),
        synthetic.stand_up(),
    )
    sure = [e for e in perform(script).truth.episodes if e.certain]
    assert [e.kind for e in sure] == ["jump", "crouch", "lower", "rise"]
    assert [e.height_m for e in sure] == pytest.approx([0.3, -0.3, -0.4, 0.4], abs=1e-4)
    flight_s = 2 * math.sqrt(2 * 0.22 / 9.81)
    assert flight_s < sure[0].end_s - sure[0].start_s < flight_s + 0.2
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(sure))


def test_jump_while_walking_gives_no_certain_rise():
    script = synthetic.jump(0.3, forward_m=0.5)
    assert "up" not in events_of(script)
    assert any(e.signal == "up" for e in perform(script).truth.events())


def test_slip_is_part_of_the_truth():
    performance = perform(synthetic.walk(8.0), gait=Gait(slip=0.025), dtype=np.float64)
    assert performance.motion.positions_m[-1, 0] == pytest.approx(0.2, abs=1e-6)
    signals = list(events_of(synthetic.walk(8.0), gait=Gait(slip=0.025)))
    assert signals == ["forward", "start_distance"]


def test_cut_in_mid_stride():
    performance = perform(synthetic.walk(6.0), cut_s=(1.5, 1.5))
    truth, motion = performance.truth, performance.motion
    assert truth.begins_walking
    assert truth.ends_walking
    (event,) = truth.events_on("forward")
    assert (event.start_s, event.end_s) == (0.0, pytest.approx(motion.duration_s, abs=0.01))
    assert event.amount == pytest.approx(1.2 * motion.duration_s, abs=0.01)


def test_truth_is_plain_data():
    truth = perform(synthetic.walk(2.0).then(synthetic.jump(0.3))).truth
    back = msgspec.json.decode(msgspec.json.encode(truth), type=synthetic.Truth)
    assert back == truth


@settings(max_examples=30)
@given(
    distance_m=st.floats(0.4, 12.0),
    speed_mps=st.floats(0.3, 1.6),
    heading_rad=st.floats(-3.1, 3.1),
    start_m=st.tuples(*[st.floats(-50, 50)] * 3),
)
def test_a_metre_is_a_metre(distance_m, speed_mps, heading_rad, start_m):
    performance = perform(
        synthetic.walk(distance_m, speed_mps=speed_mps),
        start_position_m=start_m,
        start_heading_rad=heading_rad,
        joints=False,
        fps=20.0,
    )
    (event,) = performance.truth.events_on("forward")
    assert event.amount == pytest.approx(distance_m, abs=1e-3)
    assert event.peak_speed <= speed_mps + 1e-6
    assert {e.signal for e in performance.truth.events()} == {"forward", "start_distance"}


TURNS = st.sampled_from([30, -45, 60, 90, -90, 135, 180, 270, -360])
MOVES = st.tuples(st.sampled_from(["walk", "sidestep", "turn", "arc"]), st.floats(0.6, 3.0), TURNS)


def built(moves: list[tuple[str, float, int]]) -> synthetic.Script:
    words = {
        "walk": lambda size_m, _: synthetic.walk(size_m),
        "sidestep": lambda size_m, _: synthetic.sidestep(size_m, to="left"),
        "turn": lambda _, degrees: synthetic.turn(math.radians(degrees)),
        "arc": lambda size_m, degrees: synthetic.arc(size_m, math.radians(degrees)),
    }
    return synthetic.then(*(words[word](size_m, degrees) for word, size_m, degrees in moves))


def mirror_image(script: synthetic.Script) -> synthetic.Script:
    """The script with left and right exchanged, and turns in the other direction."""
    other = {"left": "right", "right": "left"}
    movements = []
    for movement in script.movements:
        words = {name: other.get(value, value) for name, value in vars(movement).items()}
        if isinstance(movement, Travel | Turn):
            words["angle_rad"] = -movement.angle_rad
        movements.append(type(movement)(**words))
    return synthetic.Script(tuple(movements))


@settings(max_examples=25)
@given(st.lists(MOVES, min_size=1, max_size=4))
def test_a_mirrored_script_swaps_left_and_right(moves):
    script = built(moves)
    plain, other = events_of(script), events_of(mirror_image(script))
    for signal in {*plain, *other}:
        sign = -1.0 if signal in ("left", "heading") else 1.0
        assert other.get(signal) == pytest.approx([sign * a for a in plain[signal]], abs=2e-3)


@settings(max_examples=25)
@given(st.lists(TURNS, min_size=1, max_size=4))
def test_turns_with_pauses_are_counted_one_by_one(degrees):
    turns = [synthetic.turn(math.radians(turn)) for turn in degrees]
    script = synthetic.then(*(turn.then(synthetic.pause(0.8)) for turn in turns))
    motion = perform(script, gait=None, joints=False, dtype=np.float64).motion
    assert events_of(script) == {"heading": pytest.approx(degrees, abs=0.01)}
    turned = headings_rad(motion)
    assert math.degrees(turned[-1] - turned[0]) == pytest.approx(sum(degrees), abs=0.1)


# The figure --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def busy() -> synthetic.Performance:
    """All kinds of movement, at 120 frames per second."""
    script = synthetic.then(
        synthetic.walk(4.0),
        synthetic.arc(1.5, 2.0),
        synthetic.run(8.0),
        synthetic.sidestep(1.0, to="right"),
        synthetic.turn(-2.0),
        synthetic.lean(0.6, toward="left"),
        synthetic.bow(1.8),
        synthetic.crouch(0.5),
        synthetic.jump(0.4),
        synthetic.wave(side="left"),
        synthetic.walk_backward(2.0),
    )
    return perform(script, fps=120.0, dtype=np.float64)


def test_bones_keep_their_length(busy):
    joints_m = busy.motion.joints_m
    bones_m = np.linalg.norm(joints_m - joints_m[:, PARENTS], axis=2)
    assert np.ptp(bones_m, axis=0).max() < 1e-9
    assert bones_m[:, 1:].min() > 0.05


def test_feet_stay_above_the_floor_and_joints_move_at_human_speed(busy):
    assert busy.motion.joints_m[:, FEET, 1].min() > 0.0
    speeds = np.linalg.norm(np.diff(busy.motion.joints_m, axis=0), axis=2) * 120
    assert speeds.max() < 14.0
    assert 0 < np.median(speeds[:, JOINT["left_wrist"]]) < 2.0


def test_left_is_left_and_the_pelvis_is_the_root():
    motion = perform(synthetic.stand(1.0), start_heading_rad=1.0, dtype=np.float64).motion
    body = Rotation.from_quat(motion.orientations_wxyz, scalar_first=True)
    for part in ("shoulder", "hip", "ankle", "wrist"):
        pair = [motion.joints_m[:, JOINT[f"{side}_{part}"]] for side in ("left", "right")]
        across = body.inv().apply(pair[0] - pair[1])
        assert (across[:, 0] > 0.15).all()
        assert np.abs(across[:, 1:]).max() < 1e-9
    toes = motion.joints_m[:, JOINT["left_foot"]] - motion.joints_m[:, JOINT["left_ankle"]]
    assert (body.inv().apply(toes)[:, 2] > 0.1).all()
    assert np.array_equal(motion.joints_m[:, 0], motion.positions_m)


def test_feet_stand_still_on_the_floor_while_crouching_bowing_and_waving():
    script = synthetic.then(
        synthetic.crouch(0.45), synthetic.lean(0.5), synthetic.wave(), synthetic.stand(0.5)
    )
    feet_m = perform(script, dtype=np.float64).motion.joints_m[:, FEET]
    assert np.ptp(feet_m, axis=0).max() < 0.01
    assert feet_m[:, :, 1].max() < 0.08


def test_feet_alternate_and_stand_while_walking():
    motion = perform(synthetic.walk(10.0), fps=120.0, dtype=np.float64).motion
    full_stride = slice(240, 700)
    feet_m = motion.joints_m[full_stride][:, [JOINT["left_foot"], JOINT["right_foot"]]]
    assert feet_m[:, :, 1].min(axis=1).max() < 0.06  # one foot is always down
    ahead = feet_m[:, 0, 2] - feet_m[:, 1, 2]
    assert np.abs(ahead).max() > 0.4
    changes = np.flatnonzero(np.diff(np.sign(ahead)))
    stride_s = 2 * np.diff(changes).mean() / 120
    assert 1 / stride_s == pytest.approx(0.94, abs=0.03)
    arms = motion.joints_m[full_stride][:, [JOINT["left_wrist"], JOINT["right_wrist"]], 2]
    assert np.corrcoef(ahead, arms[:, 0] - arms[:, 1])[0, 1] < -0.8  # against the legs
    planted = np.linalg.norm(np.diff(feet_m[:, 0], axis=0), axis=1) * 120 < 0.2
    assert 0.3 < planted.mean() < 0.7


def test_trunk_leans_exactly_as_scripted():
    for angle_rad, toward, column, sign in (
        (1.75, "forward", 0, 1),
        (0.5, "left", 1, 1),
        (0.4, "backward", 0, -1),
    ):
        script = synthetic.lean(angle_rad, toward=toward, hold_s=1.0)
        motion = perform(script, start_heading_rad=0.7, dtype=np.float64).motion
        leans_rad = trunk_lean_rad(motion, 0.7)
        furthest = sign * leans_rad[np.abs(leans_rad[:, column]).argmax(), column]
        assert furthest == pytest.approx(angle_rad, abs=1e-3)
        assert np.abs(leans_rad[:, 1 - column]).max() < 1e-6
        body = Rotation.from_quat(motion.orientations_wxyz, scalar_first=True)
        assert body.magnitude().max() > 0.69  # heading alone
        tilt = np.arccos(np.clip(body.apply([0, 1, 0])[:, 1], -1, 1))
        assert tilt.max() == pytest.approx(0.7 * angle_rad, abs=1e-6)


def test_a_jump_is_ballistic_and_takes_both_feet_off_the_floor():
    performance = perform(synthetic.jump(0.4), fps=120.0, dtype=np.float64)
    motion = performance.motion
    height_m = motion.positions_m[:, 1] - motion.positions_m[0, 1]
    assert height_m.max() == pytest.approx(0.4, abs=1e-3)
    assert -0.1 < height_m.min() < -0.05
    aloft = np.flatnonzero(height_m > 0.1)
    gravity = np.diff(height_m[aloft], 2) * 120**2
    assert gravity == pytest.approx(np.full(len(gravity), -9.81), abs=1e-3)
    soles_m = motion.joints_m[:, FEET, 1].min(axis=1)
    assert soles_m[height_m.argmax()] > 0.3
    assert soles_m[height_m < 0.07].max() < 0.03


def test_waving_moves_one_arm_alone():
    motion = perform(synthetic.wave(side="left", cycles=4, rate_hz=1.5), dtype=np.float64).motion
    moved = np.ptp(motion.joints_m, axis=0).max(axis=1) > 1e-9
    assert {SMPL_22.joints[i] for i in np.flatnonzero(moved)} == {"left_elbow", "left_wrist"}
    arm_up = (motion.times_s > 0.7) & (motion.times_s < motion.duration_s - 0.7)
    outward_m = motion.joints_m[arm_up, JOINT["left_wrist"], 0]
    crossings = np.flatnonzero(np.diff(np.sign(outward_m - outward_m.mean())))
    assert len(crossings) in (7, 8, 9)
    hand_m = motion.joints_m[arm_up, JOINT["left_wrist"], 1]
    assert (hand_m > motion.joints_m[arm_up, JOINT["left_elbow"], 1] + 0.15).all()


@pytest.mark.parametrize("yaw_deg", [0, 16, 30])
def test_sway_has_the_size_of_the_gait(yaw_deg):
    gait = Gait(
        pelvis_yaw_rad=math.radians(yaw_deg),
        shoulder_share=1.0,
        sway_m=0.05,
        bob_m=0.03,
        roll_rad=math.radians(8),
    )
    motion = perform(synthetic.walk(12.0), fps=60.0, gait=gait, dtype=np.float64).motion
    stride = slice(200, 400)
    heading_rad = headings_rad(motion)
    assert np.ptp(heading_rad[stride]) == pytest.approx(math.radians(yaw_deg), abs=0.01)
    assert np.ptp(motion.positions_m[stride, 0]) == pytest.approx(0.05, abs=1e-3)
    assert np.ptp(motion.positions_m[stride, 1]) == pytest.approx(0.03, abs=1e-3)
    left, right = (motion.joints_m[:, JOINT[f"{side}_shoulder"]] for side in ("left", "right"))
    shoulders_rad = np.arctan2(right[:, 2] - left[:, 2], left[:, 0] - right[:, 0])
    assert np.abs(shoulders_rad + heading_rad).max() < 0.01  # they counter-rotate
    body = Rotation.from_quat(motion.orientations_wxyz[stride], scalar_first=True)
    sideways_rad = np.arcsin(body.apply([1, 0, 0])[:, 1])
    assert np.ptp(sideways_rad) == pytest.approx(math.radians(8), abs=0.01)
    for end in (0, -1):  # no sway at a standstill
        assert motion.positions_m[end, :2] == pytest.approx([0.0, 0.93], abs=1e-3)
        assert heading_rad[end] == pytest.approx(0.0, abs=0.01)


def test_a_run_bobs_and_flies():
    motion = perform(synthetic.run(20.0), fps=120.0, dtype=np.float64).motion
    stride = slice(300, 600)
    assert 0.13 <= np.ptp(motion.positions_m[stride, 1]) <= 0.16
    soles_m = motion.joints_m[stride][:, FEET, 1].min(axis=1)
    assert soles_m.max() > 0.08  # both feet in the air
    assert soles_m.min() < 0.03


def test_without_gait_the_root_glides():
    motion = perform(synthetic.walk(3.0), gait=None, dtype=np.float64).motion
    assert np.ptp(motion.positions_m[:, :2], axis=0).max() < 1e-9
    assert np.ptp(headings_rad(motion)) < 1e-9


def test_movements_start_and_stop_smoothly(busy):
    rows = busy.timeline.rows[:-1]
    acceleration = np.diff(rows, 2, axis=0) * RATE_HZ**2
    assert np.hypot(acceleration[:, Column.X], acceleration[:, Column.Z]).max() < 8.0
    assert np.abs(acceleration[:, Column.RISE]).max() < 30.0
    assert np.abs(acceleration[:, Column.HEADING]).max() < 20.0
    assert np.abs(acceleration[:, Column.TRUNK_FORWARD : Column.FORWARD_SPEED]).max() < 10.0
    assert np.abs(np.diff(rows[:, Column.FORWARD_SPEED])).max() < 0.03


def test_walks_and_arcs_that_meet_do_not_stop():
    script = synthetic.then(synthetic.walk(3.0), synthetic.arc(2.0, QUARTER), synthetic.walk(3.0))
    performance = perform(script, gait=None, fps=60.0, dtype=np.float64)
    speeds = np.linalg.norm(np.diff(performance.motion.positions_m, axis=0), axis=1) * 60
    assert speeds[80:-80].min() > 1.15
    assert amounts(performance.truth, "heading") == [90.0]
    assert events_of(script)["left"] == pytest.approx([5.0], abs=0.35)


# Trackers, corpora, variations -------------------------------------------------------------------


def test_jitter_has_the_given_size():
    stand = synthetic.stand(20.0)
    still = perform(stand, fps=100.0, dtype=np.float64).motion
    shaken = perform(stand, fps=100.0, jitter_m=0.01, jitter_rad=0.02, dtype=np.float64).motion
    noise_m = shaken.joints_m - still.joints_m
    assert noise_m.std(axis=0) == pytest.approx(np.full((22, 3), 0.01), rel=0.1)
    assert np.array_equal(shaken.joints_m[:, 0], shaken.positions_m)
    turned = Rotation.from_quat(shaken.orientations_wxyz, scalar_first=True).as_rotvec()
    assert turned.std(axis=0) == pytest.approx(np.full(3, 0.02), rel=0.1)
    neighbours = np.corrcoef(noise_m[1:, 5, 0], noise_m[:-1, 5, 0])[0, 1]
    assert abs(neighbours) < 0.1  # white


def fingerprint_of_a_corpus() -> str:
    parts = [
        performance.motion.joints_m.tobytes()
        + performance.motion.orientations_wxyz.tobytes()
        + repr(performance.truth).encode()
        for performance in synthetic.corpus(3, seed=5, jitter_m=0.01, jitter_rad=0.01)
    ]
    return synthetic.generator(*parts).bytes(8).hex()


def test_the_same_seed_gives_the_same_bytes_in_another_process():
    command = (
        "import runpy; "
        f"print(runpy.run_path({__file__!r}, run_name='other')['fingerprint_of_a_corpus']())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "123", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, env=environment, check=True
    )
    assert other.stdout.strip() == fingerprint_of_a_corpus()


def test_a_clip_does_not_depend_on_the_number_of_clips():
    (alone,) = synthetic.corpus(1, seed=3)
    first = next(iter(synthetic.corpus(10, seed=3)))
    other = next(iter(synthetic.corpus(1, seed=4)))
    assert alone.motion.positions_m.tobytes() == first.motion.positions_m.tobytes()
    assert alone.script != other.script


@pytest.fixture(scope="module")
def people() -> list[synthetic.Performance]:
    return list(synthetic.corpus(130, seed=1))


def test_a_corpus_is_varied(people):
    truths, motions = [person.truth for person in people], [person.motion for person in people]
    assert {kind for truth in truths for kind in truth.kinds} == EVERY_KIND
    lengths_s = [motion.duration_s for motion in motions]
    assert 1.5 < min(lengths_s) < 5
    assert 20 < max(lengths_s) <= 30
    rates = {round((motion.frames - 1) / motion.duration_s, 1) for motion in motions}
    assert {10.0, 120.0} < rates
    assert max(np.hypot(*motion.positions_m[0, [0, 2]]) for motion in motions) > 40
    assert 0.02 < np.mean([truth.begins_walking for truth in truths]) < 0.4
    assert 0.02 < np.mean([truth.ends_walking for truth in truths]) < 0.4
    assert len({motion.source.clip for motion in motions}) == len(people)


def test_most_of_a_corpus_is_certain(people):
    events = [event for person in people for event in person.truth.events()]
    signals = "left up forward start_distance heading forward_lean left_lean".split()
    assert {event.signal for event in events if event.certain} == set(signals)
    assert np.mean([event.certain for event in events]) > 0.85
    episodes = [episode for person in people for episode in person.truth.episodes]
    assert {e.kind for e in episodes if e.certain} == {"jump", "crouch", "lower", "rise"}


def test_truth_agrees_with_the_first_and_last_frame(people):
    """The sum of the turns is the root's net turn, except for changes too small to be events."""
    checked = 0
    for person in people:
        truth = person.truth
        events = [event for event in truth.events() if event.signal == "heading"]
        if truth.begins_walking or truth.ends_walking or not all(e.certain for e in events):
            continue
        turned_rad = np.diff(headings_rad(person.motion)[[0, -1]])[0]
        total_rad = sum(event.amount for event in events)
        assert abs(np.angle(np.exp(1j * (turned_rad - total_rad)))) < 0.02
        checked += 1
    assert checked > 60


def test_mirroring_swaps_sides():
    script = synthetic.then(
        synthetic.wave(side="left"), synthetic.turn(1.0), synthetic.lean(0.4, toward="left")
    )
    motion = perform(script, gait=None, dtype=np.float64).motion
    other = perform(mirror_image(script), gait=None, dtype=np.float64).motion
    seen = synthetic.mirrored(motion)
    # without the legs, because both figures step with the left foot first
    legs = ("knee", "ankle", "foot")
    upright = [i for i, name in enumerate(SMPL_22.joints) if name.split("_")[-1] not in legs]
    assert seen.joints_m[:, upright] == pytest.approx(other.joints_m[:, upright], abs=1e-9)
    assert seen.orientations_wxyz == pytest.approx(other.orientations_wxyz, abs=1e-9)
    assert np.array_equal(synthetic.mirrored(seen).joints_m, motion.joints_m)


def test_moving_the_world(busy):
    moved = synthetic.moved(busy.motion, turn_rad=1.2, shift_m=(3.0, -1.0, 2.0))
    world = Rotation.from_rotvec([0, 1.2, 0])
    assert moved.positions_m == pytest.approx(
        world.apply(np.array(busy.motion.positions_m)) + np.array([3.0, -1.0, 2.0]), abs=1e-9
    )
    back = synthetic.moved(synthetic.moved(moved, shift_m=(-3.0, 1.0, -2.0)), turn_rad=-1.2)
    assert back.joints_m == pytest.approx(busy.motion.joints_m, abs=1e-9)
    assert headings_rad(moved) - headings_rad(busy.motion) == pytest.approx(
        np.full(moved.frames, 1.2), abs=1e-6
    )


def test_reversing_time_twice_changes_nothing(busy):
    once = synthetic.reversed_in_time(busy.motion)
    assert np.array_equal(once.positions_m[0], busy.motion.positions_m[-1])
    assert once.times_s[0] == busy.motion.times_s[0]
    assert (np.diff(once.times_s) > 0).all()
    twice = synthetic.reversed_in_time(once)
    assert np.array_equal(twice.joints_m, busy.motion.joints_m)
    assert twice.times_s == pytest.approx(busy.motion.times_s)


@pytest.mark.parametrize("fps", [10.0, 24.0, 60.0])
def test_resampling_agrees_with_scipy(busy, fps):
    motion = synthetic.resampled(busy.motion, fps)
    assert np.diff(motion.times_s) == pytest.approx(1 / fps)
    assert motion.duration_s == pytest.approx(busy.motion.duration_s, abs=1 / fps)
    before, after = (
        Rotation.from_quat(m.orientations_wxyz, scalar_first=True) for m in (busy.motion, motion)
    )
    away = Slerp(busy.motion.times_s, before)(motion.times_s).inv() * after
    assert away.magnitude().max() < 1e-5
    for axis in range(3):
        straight_m = np.interp(
            motion.times_s, busy.motion.times_s, busy.motion.positions_m[:, axis]
        )
        assert motion.positions_m[:, axis] == pytest.approx(straight_m, abs=1e-9)


def test_resampling_keeps_gaps():
    motion = perform(synthetic.stand(1.0), fps=30.0).motion
    gappy = Motion.from_arrays(
        orientations_wxyz=motion.orientations_wxyz,
        positions_m=motion.positions_m,
        times_s=motion.times_s,
        observed=np.arange(motion.frames) != 15,
    )
    seen = synthetic.resampled(gappy, 60.0).observed
    assert np.flatnonzero(~seen).tolist() == [29, 30, 31]


# Bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: synthetic.walk(-1.0), "distance_m: -1; expected 0.05"),
        (lambda: synthetic.walk(1.0, speed_mps=9.0), "speed_mps: 9; expected 0.1 to 2"),
        (lambda: synthetic.walk(math.nan), "distance_m: nan"),
        (lambda: synthetic.jump(0.05), "height_m: 0.05; expected 0.12"),
        (lambda: synthetic.crouch(0.9), "depth_m: 0.9; expected 0 to 0.55"),
        (lambda: synthetic.wave(cycles=0), "cycles: 0"),
        (lambda: perform(synthetic.Script(())), "no movements"),
        (lambda: perform(synthetic.sit(0.4).then(synthetic.jump(0.3))), "put stand_up"),
        (lambda: perform(synthetic.sit(0.4).then(synthetic.sit(0.4))), "sinks 0.80 m"),
        (lambda: perform(synthetic.walk(1.0), fps=0.0), "frames a second"),
        (lambda: perform(synthetic.walk(1.0), cut_s=(2.0, 2.0)), "smaller cut"),
        (lambda: perform(synthetic.walk(1.0), gait=Gait(slip=0.5)), "slip: 0.5"),
    ],
)
def test_impossible_scripts_are_refused(build, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        build()


def test_a_skeleton_without_sides_cannot_be_mirrored():
    motion = Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (3, 1)),
        positions_m=np.zeros((3, 3)),
        joints_m=np.zeros((3, 2, 3)),
        fps=10.0,
        skeleton=from_names(["pelvis", "left_knee"]),
    )
    with pytest.raises(ValueError, match=r"missing \['right_knee'\]"):
        synthetic.mirrored(motion)
