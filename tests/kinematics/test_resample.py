"""Motions at other times: exact where lines are, honest about what lies in gaps."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from kinematics import synthetic
from kinematics.geometry import resample
from kinematics.motion import ARRAYS, OPTIONAL_ARRAYS, BodyPose, Motion
from kinematics.movement import measurement
from kinematics.skeleton import SMPL_22

SEEDS = st.integers(0, 10_000)


def motion_of(
    times_s: np.ndarray, *, observed: np.ndarray | None = None, seed: int = 0, **more: object
) -> Motion:
    """A root that goes straight on while it turns evenly about a tilted axis."""
    axis = np.random.default_rng(seed).normal(size=3)
    turned = Rotation.from_rotvec(np.outer(times_s, axis))
    return Motion.from_arrays(
        orientations_wxyz=turned.as_quat(scalar_first=True),
        positions_m=np.outer(times_s, [1.0, -0.5, 2.0]) + 3,
        times_s=times_s,
        observed=observed,
        **more,
    )


def uneven_times_s(seed: int, frames: int = 40) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.2, frames)) + 5.0


# Values ------------------------------------------------------------------------------------------


@given(seed=SEEDS)
def test_straight_lines_and_even_turns_are_met_exactly(seed):
    times_s = uneven_times_s(seed)
    motion = motion_of(times_s, seed=seed)
    wanted_s = np.sort(np.random.default_rng(seed).uniform(0, times_s[-1] - times_s[0], 50))
    found = resample.to_times(motion, wanted_s)
    at_s = wanted_s + times_s[0]
    np.testing.assert_allclose(
        found.positions_m, np.outer(at_s, [1.0, -0.5, 2.0]) + 3, rtol=0, atol=1e-9
    )
    between = Slerp(times_s, Rotation.from_quat(motion.orientations_wxyz, scalar_first=True))(at_s)
    off = between.inv() * Rotation.from_quat(found.orientations_wxyz, scalar_first=True)
    # straight lines between quaternions turn unevenly by a thousandth of the step's cube
    step_rad = np.linalg.norm(np.random.default_rng(seed).normal(size=3)) * 0.2
    assert off.magnitude().max() <= step_rad**3 / 100 + 1e-7
    np.testing.assert_allclose(np.linalg.norm(found.orientations_wxyz, axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(found.times_s, wanted_s)
    assert found.observed.all()


@given(seed=SEEDS)
def test_the_frames_own_times_give_the_frames(seed):
    times_s = uneven_times_s(seed)
    motion = motion_of(times_s, observed=np.random.default_rng(seed).random(40) > 0.2, seed=seed)
    again = resample.to_times(motion, times_s - times_s[0])
    seen = motion.observed
    assert again.observed[seen].all()
    np.testing.assert_allclose(again.positions_m[seen], motion.positions_m[seen], atol=1e-9)
    np.testing.assert_allclose(
        again.orientations_wxyz[seen], motion.orientations_wxyz[seen], atol=1e-9
    )


@given(seed=SEEDS)
def test_quaternions_of_either_sign_take_the_short_way(seed):
    times_s = uneven_times_s(seed)
    motion = motion_of(times_s, seed=seed)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (40, 1))
    flipped = Motion.from_arrays(
        orientations_wxyz=motion.orientations_wxyz * signs,
        positions_m=motion.positions_m,
        times_s=times_s,
    )
    plain, other = (resample.to_rate(m).orientations_wxyz for m in (motion, flipped))
    np.testing.assert_allclose(np.abs(np.sum(plain * other, axis=1)), 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("fps", [10.0, 24.0, 30.0, 60.0, 120.0])
def test_every_rate_comes_to_the_same_grid(fps):
    walk = synthetic.perform(synthetic.arc(1.5, 4.0), fps=fps, gait=None).motion
    whole_s = math.floor(walk.duration_s)
    on_grid = resample.to_times(walk, resample.uniform_times_s(float(whole_s)))
    exact = synthetic.perform(synthetic.arc(1.5, 4.0), fps=30.0, gait=None).motion
    frames = 30 * whole_s + 1
    assert on_grid.frames == frames
    # at 10 a second a start's 3 m/s2 bend the path 4 mm off the line between two frames
    np.testing.assert_allclose(on_grid.positions_m, exact.positions_m[:frames], rtol=0, atol=4e-3)
    trunk = [SMPL_22.joints.index(name) for name in ("pelvis", "neck", "head")]
    joints_m = (on_grid.joints_m[:, trunk], exact.joints_m[:frames, trunk])
    np.testing.assert_allclose(*joints_m, rtol=0, atol=1e-2)


def test_joints_and_cameras_come_along():
    times_s = np.array([0.0, 1.0])
    motion = motion_of(
        times_s,
        joints_m=np.stack([np.zeros((22, 3)), np.ones((22, 3))]),
        skeleton=SMPL_22,
        camera_orientations_wxyz=np.array([[1.0, 0, 0, 0], [0, 0, 1, 0]]),
        camera_positions_m=np.array([[0.0, 0, 0], [4, 0, 0]]),
    )
    middle = resample.to_times(motion, np.array([0.25]))
    np.testing.assert_allclose(middle.joints_m, np.full((1, 22, 3), 0.25))
    np.testing.assert_allclose(middle.camera_positions_m, [[1, 0, 0]])
    np.testing.assert_allclose(
        middle.camera_orientations_wxyz, [[0.9486833, 0, 0.3162278, 0]], atol=1e-7
    )
    assert middle.skeleton == SMPL_22


def test_precision_is_kept():
    for dtype in (np.float32, np.float64):
        motion = synthetic.perform(synthetic.walk(1.0), fps=50.0, dtype=dtype).motion
        found = resample.to_rate(motion)
        for array in (found.orientations_wxyz, found.positions_m, found.joints_m):
            assert array.dtype == dtype
        assert found.times_s.dtype == np.float64


# Grids -------------------------------------------------------------------------------------------


@given(duration_s=st.floats(0.1, 100), rate_hz=st.floats(10, 120))
def test_a_uniform_grid_hits_both_ends_near_the_rate(duration_s, rate_hz):
    times_s = resample.uniform_times_s(duration_s, rate_hz=rate_hz)
    assert times_s[0] == 0
    assert times_s[-1] == duration_s
    steps_s = np.diff(times_s)
    assert np.ptp(steps_s) < 1e-9
    assert abs(duration_s * rate_hz - len(steps_s)) <= 0.5 + 1e-9


def test_the_analysis_rate_leaves_a_clip_of_that_rate_alone():
    motion = synthetic.perform(synthetic.walk(2.0), fps=resample.ANALYSIS_RATE_HZ).motion
    again = resample.to_rate(motion)
    np.testing.assert_allclose(again.positions_m, motion.positions_m, rtol=0, atol=1e-6)
    np.testing.assert_allclose(again.joints_m, motion.joints_m, rtol=0, atol=1e-6)


# Gaps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap_s", "bridged"), [(0.1, True), (0.4, True), (0.5, True), (0.6, False), (5.0, False)]
)
def test_short_gaps_are_bridged_and_long_ones_are_not(gap_s, bridged):
    times_s = np.arange(241) / 30
    hidden = (times_s > 1 + 1e-6) & (times_s < 1 + gap_s - 1e-6)
    motion = motion_of(times_s, observed=~hidden)
    wanted_s = np.arange(481) / 60
    found = resample.to_times(motion, wanted_s)
    inside = (wanted_s > 1 + 1e-6) & (wanted_s < 1 + gap_s - 1e-6)
    np.testing.assert_array_equal(found.observed, ~inside | bridged)
    # bridged or not, a filler stays on the line between the gap's ends
    expected_m = np.outer(wanted_s, [1.0, -0.5, 2.0]) + 3
    np.testing.assert_allclose(found.positions_m, expected_m, rtol=0, atol=1e-9)


def test_a_gap_in_the_times_is_a_gap_too():
    """Dropped frames leave no mask, only times that jump."""
    times_s = np.concatenate([np.arange(30) / 30, 4 + np.arange(30) / 30])
    found = resample.to_rate(motion_of(times_s))
    inside = (found.times_s > times_s[29] + 1e-6) & (found.times_s < 4 - 1e-6)
    np.testing.assert_array_equal(found.observed, ~inside)


def test_a_sample_in_a_gap_was_not_seen_even_where_it_is_bridged():
    times_s = np.arange(61) / 30
    hidden = (times_s > 0.95) & (times_s < 1.15)
    grid = resample.Grid(times_s, ~hidden, times_s)
    assert grid.bridged.all()
    np.testing.assert_array_equal(grid.seen, ~hidden)


def test_a_slow_film_is_no_film_of_gaps():
    """At one frame a second every step is long, and none is a gap."""
    motion = motion_of(np.arange(10.0))
    assert resample.to_rate(motion).observed.all()


def test_nothing_is_claimed_before_the_first_sight_or_after_the_last():
    times_s = np.arange(61) / 30
    seen = (times_s >= 0.5) & (times_s <= 1.5)
    found = resample.to_rate(motion_of(times_s, observed=seen))
    np.testing.assert_array_equal(found.observed, seen)
    np.testing.assert_allclose(found.positions_m[0], found.positions_m[15])


def test_never_seen_and_single_frames():
    times_s = np.arange(31) / 30
    unseen = resample.to_rate(motion_of(times_s, observed=np.zeros(31, bool)))
    assert not unseen.observed.any()
    assert np.isfinite(unseen.positions_m).all()
    one = resample.to_rate(motion_of(np.array([2.0])))
    assert one.frames == 1
    assert one.observed.all()
    np.testing.assert_allclose(one.positions_m, [[5, 2, 7]])


# A motion's own


def test_frames_a_second_are_those_of_the_facts() -> None:
    times_s = np.arange(100) / 24.0
    gap = motion_of(times_s + (times_s > 1.0) * 3.0)
    assert gap.fps == pytest.approx(24.0, rel=1e-6)
    uneven = motion_of(uneven_times_s(3))
    assert uneven.fps == pytest.approx(1 / resample.usual_step_s(np.asarray(uneven.times_s)))
    for motion in (gap, uneven):
        assert measurement.measure(motion).fps == pytest.approx(motion.fps, abs=1e-3)
    assert gap.between(0.0, 0.01).fps == 0.0


def test_parts_of_a_motion_are_its_frames() -> None:
    """All that belongs to a frame goes with it, and the cuts leave no frame out."""
    times_s = np.arange(60) / 30.0 + 7.0
    everything = {
        "joints_m": np.random.default_rng(0).normal(size=(60, len(SMPL_22.joints), 3)),
        "camera_orientations_wxyz": np.tile([1.0, 0, 0, 0], (60, 1)),
        "camera_positions_m": np.random.default_rng(1).normal(size=(60, 3)),
        "skeleton": SMPL_22,
        "body": BodyPose(np.arange(60.0)[:, None, None] * np.ones((60, 21, 3)), np.zeros(10), "m"),
    }
    seen = np.arange(60) % 7 > 0
    whole = motion_of(times_s, observed=seen, **everything)
    cuts = [whole.between(start_s, start_s + 0.5) for start_s in (0.0, 0.5, 1.0, 1.5)]
    assert [cut.frames for cut in cuts] == [15, 15, 15, 15]
    for name in (*ARRAYS, *OPTIONAL_ARRAYS):
        joined = np.concatenate([getattr(cut, name) for cut in cuts])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    poses = np.concatenate([cut.body.rotvecs_rad for cut in cuts])
    np.testing.assert_array_equal(poses, whole.body.rotvecs_rad)
    assert {(cut.skeleton, cut.source) for cut in cuts} == {(whole.skeleton, whole.source)}


@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, 3.0), (1.0, 1.0), (1.5, 0.5)])
def test_parts_without_a_frame_are_refused(start_s: float, end_s: float) -> None:
    with pytest.raises(ValueError, match=rf"no frame from {start_s} s to {end_s} s; .* 1\.967 s"):
        motion_of(np.arange(60) / 30.0).between(start_s, end_s)
