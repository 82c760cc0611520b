"""Heading, turns and leans: unwrapping over any number of turns, laws over any windows."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import synthetic
from kinematics.geometry import anchor, orientation, resample
from kinematics.motion import AnchoredMotion

FRAMES, FPS = 61, 30.0
SPAN_S = 2.0
LONG_FRAMES = 512
UP = np.array([0.0, 1.0, 0.0])
SEEDS = st.integers(0, 10_000)

HEADING = jax.jit(orientation.heading)
LEAN = jax.jit(orientation.lean)
UNWRAPPED = jax.jit(orientation.unwrapped)


def facing(heading_rad: np.ndarray) -> np.ndarray:
    return Rotation.from_rotvec(np.asarray(heading_rad)[:, None] * UP).as_quat(scalar_first=True)


def turning(heading_rad: np.ndarray, *, observed: np.ndarray | None = None) -> AnchoredMotion:
    """A root that turns on the spot, at 30 frames a second."""
    frames = len(heading_rad)
    return AnchoredMotion(
        orientations_wxyz=facing(heading_rad).astype(np.float32),
        positions_m=np.zeros((frames, 3), np.float32),
        times_s=(np.arange(frames) / FPS).astype(np.float32),
        observed=np.ones(frames, bool) if observed is None else observed,
    )


def restless(seed: int, frames: int = FRAMES) -> np.ndarray:
    """A random walk of the heading, up to about a radian a frame."""
    return np.cumsum(0.3 * np.random.default_rng(seed).standard_normal(frames))


def read(wxyz: np.ndarray, seen: np.ndarray | None = None) -> orientation.Heading:
    seen = np.ones(len(wxyz), bool) if seen is None else seen
    return HEADING(jnp.asarray(wxyz, jnp.float32), jnp.asarray(seen))


# Heading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("turns", [50, -50])
def test_fifty_turns_are_counted_exactly(turns):
    true_rad = np.linspace(0.3, 0.3 + 2 * math.pi * turns, LONG_FRAMES)
    found_rad = np.asarray(read(facing(true_rad)).heading_rad)
    assert found_rad.dtype == np.float32
    # nothing piles up: the last frame is as good as the first, to one rounding
    np.testing.assert_allclose(found_rad, true_rad, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found_rad, true_rad, rtol=0, atol=6e-5)
    track = turning(true_rad)
    assert float(orientation.turn(track).net_rad) == pytest.approx(2 * math.pi * turns, rel=1e-5)


def test_there_and_back_again_ends_where_it_began():
    there_rad = np.linspace(-1.0, 60.0, LONG_FRAMES // 2)
    found_rad = read(facing(np.concatenate([there_rad, there_rad[::-1]]))).heading_rad
    assert float(found_rad[-1]) == float(found_rad[0])
    assert float(found_rad.max()) == pytest.approx(60.0, abs=1e-5)


@given(seed=SEEDS)
def test_unwrapping_agrees_with_numpy(seed):
    wrapped_rad = (restless(seed, LONG_FRAMES) + math.pi) % (2 * math.pi) - math.pi
    found_rad = UNWRAPPED(jnp.asarray(wrapped_rad, jnp.float32), jnp.ones(LONG_FRAMES, bool))
    np.testing.assert_allclose(found_rad, np.unwrap(wrapped_rad), rtol=0, atol=2e-5)


@given(seed=SEEDS)
def test_the_sign_of_a_quaternion_is_no_turn(seed):
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (LONG_FRAMES, 1))
    true_rad = restless(seed, LONG_FRAMES)
    plain, flipped = (read(facing(true_rad) * sign).heading_rad for sign in (1, signs))
    np.testing.assert_allclose(np.diff(flipped), np.diff(true_rad), rtol=0, atol=3e-5)
    np.testing.assert_allclose(flipped, plain, rtol=0, atol=3e-5)


@given(seed=SEEDS, turn_rad=st.floats(-7, 7))
def test_turning_the_world_shifts_every_heading_alike(seed, turn_rad):
    true_rad = restless(seed)
    plain, moved = (read(facing(true_rad + extra)).heading_rad for extra in (0.0, turn_rad))
    shift_rad = np.subtract(moved, plain)
    assert np.ptp(shift_rad) < 1e-5
    whole_turns = (shift_rad[0] - turn_rad) / (2 * math.pi)
    assert whole_turns == pytest.approx(round(whole_turns), abs=1e-5)


@given(seed=SEEDS)
def test_unseen_frames_hold_the_heading_before_them(seed):
    true_rad = restless(seed, LONG_FRAMES)
    seen = np.random.default_rng(seed).random(LONG_FRAMES) > 0.3
    seen[0] = True
    track = read(facing(true_rad), seen)
    np.testing.assert_array_equal(track.defined, seen)
    found_rad = np.asarray(track.heading_rad)
    latest = np.maximum.accumulate(np.where(seen, np.arange(LONG_FRAMES), 0))
    np.testing.assert_array_equal(found_rad, found_rad[latest])
    whole_turns = (found_rad - true_rad)[seen] / (2 * math.pi)
    np.testing.assert_allclose(whole_turns, np.round(whole_turns), rtol=0, atol=1e-5)


def test_before_the_first_defined_frame_the_first_heading_stands():
    track = read(facing(np.linspace(2.0, 3.0, FRAMES)), np.arange(FRAMES) >= 10)
    np.testing.assert_array_equal(track.heading_rad[:10], np.full(10, track.heading_rad[10]))
    assert not track.defined[:10].any()
    nowhere = read(facing(np.linspace(2.0, 3.0, FRAMES)), np.zeros(FRAMES, bool))
    assert np.isfinite(nowhere.heading_rad).all()
    assert float(np.ptp(nowhere.heading_rad)) == 0


@pytest.mark.parametrize("heading_rad", [0.0, 2.5])
@pytest.mark.parametrize("axis", [[1.0, 0, 0], [0, 0, 1.0], [0.6, 0, -0.8]], ids=str)
def test_a_somersault_is_no_turn(axis, heading_rad):
    """Over the head in any direction: the heading stands still, undefined while head down."""
    over_rad = np.linspace(0, 2 * math.pi, FRAMES)
    swing = Rotation.from_rotvec(over_rad[:, None] * np.array(axis))
    body = Rotation.from_rotvec(heading_rad * UP) * swing
    track = read(body.as_quat(scalar_first=True))
    np.testing.assert_allclose(track.heading_rad, heading_rad, rtol=0, atol=1e-4)
    hanging = np.abs(over_rad - math.pi) <= math.radians(10)
    np.testing.assert_array_equal(track.defined, ~hanging)


# Turns -------------------------------------------------------------------------------------------


@given(seed=SEEDS, cuts_s=st.lists(st.floats(0, SPAN_S, width=32), min_size=1, max_size=6))
def test_windows_that_tile_the_clip_add_up_to_it(seed, cuts_s):
    seen = np.random.default_rng(seed).random(FRAMES) > 0.1
    track = turning(restless(seed), observed=seen)
    bounds_s = [0.0, *sorted(cuts_s), SPAN_S]
    parts = [
        orientation.turn(track, start_s=start_s, end_s=end_s)
        for start_s, end_s in itertools.pairwise(bounds_s)
    ]
    np.testing.assert_allclose(np.sum(parts, axis=0), orientation.turn(track), rtol=0, atol=3e-5)


@given(seed=SEEDS, start_s=st.floats(0, SPAN_S), end_s=st.floats(0, SPAN_S))
def test_a_window_cuts_between_frames(seed, start_s, end_s):
    start_s, end_s = sorted((start_s, end_s))
    heading_rad, times_s = restless(seed), np.arange(FRAMES) / FPS
    turn = orientation.turn(turning(heading_rad), start_s=start_s, end_s=end_s)
    bounds_rad = np.interp([start_s, end_s], times_s, heading_rad)
    assert float(turn.net_rad) == pytest.approx(bounds_rad[1] - bounds_rad[0], abs=3e-5)


@given(seed=SEEDS)
def test_backwards_and_in_the_mirror_left_becomes_right(seed):
    heading_rad = restless(seed)
    turn = orientation.turn(turning(heading_rad))
    changes_rad = np.diff(heading_rad)
    sums_rad = [changes_rad.sum(), changes_rad.clip(0).sum(), (-changes_rad).clip(0).sum()]
    np.testing.assert_allclose(turn, sums_rad, rtol=0, atol=3e-5)
    for other in (heading_rad[::-1], -heading_rad):
        swapped = orientation.turn(turning(other))
        expected = (-turn.net_rad, turn.right_rad, turn.left_rad)
        np.testing.assert_allclose(swapped, expected, rtol=0, atol=3e-5)


def test_a_turn_left_and_half_of_it_back():
    heading_rad = np.interp(np.arange(FRAMES), [10, 30, 50], np.radians([0.0, 120.0, 60.0]))
    turn = orientation.turn(turning(heading_rad))
    assert np.degrees(np.array(turn)) == pytest.approx([60, 120, 60], abs=1e-3)
    back = orientation.turn(turning(heading_rad), start_s=1.0, end_s=1.5)
    assert np.degrees(np.array(back)) == pytest.approx([-45, 0, 45], abs=1e-3)


def test_what_happens_unseen_is_no_turn():
    heading_rad = np.where(np.arange(FRAMES) < 30, 0.0, 2.0)
    gap = np.arange(FRAMES) != 30
    assert float(orientation.turn(turning(heading_rad)).left_rad) == pytest.approx(2, abs=1e-5)
    assert float(orientation.turn(turning(heading_rad, observed=gap)).left_rad) == 0


@pytest.mark.parametrize("fps", [10.0, 20.0, 60.0, 120.0])
def test_the_frame_rate_changes_nothing(fps):
    script = synthetic.turn(-2.2, duration_s=1.5).then(synthetic.stand(1.0))
    usual, other = (
        orientation.turn(
            anchor.to_first_heading(
                resample.to_times(
                    synthetic.perform(script, fps=rate, gait=None, joints=False).motion,
                    np.linspace(0.0, SPAN_S, FRAMES),
                )
            )
        )
        for rate in (30.0, fps)
    )
    np.testing.assert_allclose(other, usual, rtol=0, atol=math.radians(1))
    assert float(usual.net_rad) == pytest.approx(-2.2, abs=1e-3)


# Leans -------------------------------------------------------------------------------------------


@given(
    heading_rad=st.floats(-7, 7),
    forward_deg=st.floats(-120, 120),
    left_deg=st.floats(-120, 120),
)
def test_leans_are_to_the_subjects_own_sides(heading_rad, forward_deg, left_deg):
    """Whatever way they face: the tilt is as large as the lean's vector is long."""
    swing = Rotation.from_rotvec(np.radians([forward_deg, 0, -left_deg]))
    wxyz = (Rotation.from_rotvec(heading_rad * UP) * swing).as_quat(scalar_first=True)
    track = turning(np.zeros(FRAMES))
    wxyz = np.tile(wxyz.astype(np.float32), (FRAMES, 1))
    lean = LEAN(
        AnchoredMotion(
            orientations_wxyz=wxyz,
            positions_m=track.positions_m,
            times_s=track.times_s,
            observed=track.observed,
        )
    )
    tilt_deg, forward, left = (float(np.degrees(field[-1])) for field in lean)
    assert tilt_deg == pytest.approx(math.hypot(forward_deg, left_deg), abs=1e-3)
    assert (forward, left) == pytest.approx((forward_deg, left_deg), abs=2e-2)


def test_a_deep_bow_is_a_forward_lean_beyond_a_right_angle():
    bow = synthetic.bow(math.radians(130), pelvis_share=0.8, hold_s=1.0)
    motion = synthetic.perform(bow, joints=False, start_heading_rad=2.0).motion
    on_grid = resample.to_times(motion, np.linspace(0.0, 4.0, FRAMES))
    lean = LEAN(anchor.to_first_heading(on_grid))
    assert math.degrees(lean.forward_rad.max()) == pytest.approx(104, abs=0.5)
    assert math.degrees(lean.tilt_rad.max()) == pytest.approx(104, abs=0.5)
    assert math.degrees(np.abs(lean.left_rad).max()) < 0.5
