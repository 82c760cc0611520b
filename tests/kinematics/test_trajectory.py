"""Displacement, path, reach and shape: laws over any windows, and paths known by construction."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import synthetic
from kinematics.geometry import anchor, resample
from kinematics.motion import AnchoredMotion
from kinematics.movement import trajectory

FRAMES, FPS = 61, 30.0
SPAN_S = 2.0
LONG_FRAMES = 512
LONG_STEP_S = 1 / FPS
SEEDS = st.integers(0, 10_000)
WINDOW_S = st.floats(0, SPAN_S, width=32)


def on_path(positions_m: np.ndarray, *, observed: np.ndarray | None = None) -> AnchoredMotion:
    """A root that goes along a path at 30 frames a second."""
    frames = len(positions_m)
    return AnchoredMotion(
        orientations_wxyz=np.tile(np.float32([1, 0, 0, 0]), (frames, 1)),
        positions_m=positions_m.astype(np.float32),
        times_s=(np.arange(frames) / FPS).astype(np.float32),
        observed=np.ones(frames, bool) if observed is None else observed,
    )


def wandering(seed: int, frames: int = FRAMES) -> np.ndarray:
    """A random path from the origin."""
    steps_m = 0.05 * np.random.default_rng(seed).standard_normal((frames, 3))
    return np.cumsum(steps_m, axis=0) - steps_m[0]


def assert_sum(parts: list[trajectory.Travel], whole: trajectory.Travel) -> None:
    for name in trajectory.Travel._fields:
        added = sum(np.asarray(getattr(part, name), float) for part in parts)
        np.testing.assert_allclose(added, getattr(whole, name), rtol=0, atol=1e-5, err_msg=name)


# Travel ------------------------------------------------------------------------------------------


@given(seed=SEEDS, cuts_s=st.lists(WINDOW_S, min_size=1, max_size=6))
def test_windows_that_tile_the_clip_add_up_to_it(seed, cuts_s):
    seen = np.random.default_rng(seed).random(FRAMES) > 0.1
    motion = on_path(wandering(seed), observed=seen)
    bounds_s = [0.0, *sorted(cuts_s), SPAN_S]
    parts = [
        trajectory.travel(motion, start_s=start_s, end_s=end_s)
        for start_s, end_s in itertools.pairwise(bounds_s)
    ]
    assert_sum(parts, trajectory.travel(motion))


@given(seed=SEEDS)
def test_quarters_add_up_to_the_clip(seed):
    motion = on_path(wandering(seed))
    quarters = [
        trajectory.travel(motion, start_s=0.25 * i * SPAN_S, end_s=0.25 * (i + 1) * SPAN_S)
        for i in range(4)
    ]
    assert_sum(quarters, trajectory.travel(motion))


@given(seed=SEEDS, start_s=WINDOW_S, end_s=WINDOW_S)
def test_a_window_cuts_between_frames(seed, start_s, end_s):
    """Its net displacement is the difference of the interpolated path at its bounds."""
    start_s, end_s = sorted((start_s, end_s))
    positions_m, times_s = wandering(seed), np.arange(FRAMES) / FPS
    travel = trajectory.travel(on_path(positions_m), start_s=start_s, end_s=end_s)
    for axis in range(3):
        bounds_m = np.interp([start_s, end_s], times_s, positions_m[:, axis])
        assert float(travel.net_m[axis]) == pytest.approx(bounds_m[1] - bounds_m[0], abs=1e-5)
    # and its path is that of the polyline between them, seen from above
    inside = (times_s > start_s) & (times_s < end_s)
    ground_m = np.stack(
        [
            np.interp([start_s, *times_s[inside], end_s], times_s, positions_m[:, axis])
            for axis in (0, 2)
        ]
    )
    length_m = np.hypot(*np.diff(ground_m, axis=1)).sum()
    assert float(travel.path_m) == pytest.approx(length_m, abs=1e-5)


@given(seed=SEEDS)
def test_running_the_film_backwards_flips_displacement_and_keeps_length(seed):
    positions_m = wandering(seed)
    there, back = (trajectory.travel(on_path(p)) for p in (positions_m, positions_m[::-1]))
    close = {"rtol": 0, "atol": 1e-5}
    np.testing.assert_allclose(back.net_m, -there.net_m, **close)
    np.testing.assert_allclose(back.positive_m, there.negative_m, **close)
    np.testing.assert_allclose(back.path_m, there.path_m, **close)


@given(seed=SEEDS)
def test_a_mirror_swaps_left_and_right_and_nothing_else(seed):
    positions_m = wandering(seed)
    plain, mirrored = (
        trajectory.travel(on_path(p)) for p in (positions_m, positions_m * [-1, 1, 1])
    )
    assert mirrored.positive_m[0] == plain.negative_m[0]
    assert mirrored.net_m[0] == -plain.net_m[0]
    np.testing.assert_array_equal(mirrored.positive_m[1:], plain.positive_m[1:])
    assert mirrored.path_m == plain.path_m


@given(seed=SEEDS)
def test_one_motion_after_the_other_adds_up(seed):
    first, second = wandering(seed), wandering(seed + 1)
    both = np.concatenate([first, first[-1] + second[1:]])
    parts = [trajectory.travel(on_path(p)) for p in (first, second)]
    assert_sum(parts, trajectory.travel(on_path(both)))


@given(seed=SEEDS)
def test_net_is_positive_less_negative_and_no_longer_than_the_path(seed):
    travel = trajectory.travel(on_path(wandering(seed)))
    np.testing.assert_allclose(
        travel.net_m, np.subtract(travel.positive_m, travel.negative_m), rtol=0, atol=1e-6
    )
    assert math.hypot(travel.net_m[0], travel.net_m[2]) <= float(travel.path_m) + 1e-5
    assert np.less_equal(0, travel.positive_m).all()
    assert np.less_equal(0, travel.negative_m).all()


def test_what_happens_unseen_counts_for_nothing():
    positions_m = np.zeros((FRAMES, 3))
    positions_m[20:, 2] = 5.0  # a leap between frames 19 and 20
    positions_m[40:, 0] = -3.0
    gap = np.ones(FRAMES, bool)
    gap[20] = False
    travel = trajectory.travel(on_path(positions_m, observed=gap))
    np.testing.assert_array_equal(travel.net_m, [-3, 0, 0])
    np.testing.assert_array_equal(travel.negative_m, [3, 0, 0])
    assert float(travel.path_m) == 3


def test_height_is_no_part_of_the_ground_path():
    stairs_m = np.arange(FRAMES)[:, None] / (FRAMES - 1) * np.array([3.0, 2.0, -4.0])
    travel = trajectory.travel(on_path(stairs_m))
    np.testing.assert_allclose(travel.net_m, [3, 2, -4], rtol=1e-6)
    assert float(travel.path_m) == pytest.approx(5.0, rel=1e-6)
    distance_m = trajectory.start_distance(on_path(stairs_m))
    np.testing.assert_allclose(distance_m, np.linspace(0, 5, FRAMES), atol=1e-6)


@pytest.mark.parametrize("fps", [10.0, 20.0, 60.0, 120.0])
def test_the_frame_rate_changes_nothing(fps):
    script = synthetic.arc(0.8, 2.4, speed_mps=1.0).then(synthetic.stand(1.0))
    on_grid = [
        anchor.to_first_heading(
            resample.to_times(
                synthetic.perform(script, fps=rate, gait=None, joints=False).motion,
                np.linspace(0.0, SPAN_S, FRAMES),
            )
        )
        for rate in (30.0, fps)
    ]
    usual, other = (trajectory.travel(motion) for motion in on_grid)
    np.testing.assert_allclose(other.net_m, usual.net_m, rtol=0, atol=0.01)
    assert float(other.path_m) == pytest.approx(float(usual.path_m), rel=0.01)
    usual, other = (trajectory.reach(motion) for motion in on_grid)
    np.testing.assert_allclose(other.furthest_m, usual.furthest_m, rtol=0, atol=0.01)


# Reach -------------------------------------------------------------------------------------------


@given(seed=SEEDS, start_s=WINDOW_S, end_s=WINDOW_S)
def test_reach_is_that_of_the_interpolated_distance(seed, start_s, end_s):
    start_s, end_s = sorted((start_s, end_s))
    motion = on_path(wandering(seed))
    times_s = np.asarray(motion.times_s, float)
    distance_m = np.hypot(motion.positions_m[:, 0], motion.positions_m[:, 2])
    inside = (times_s > start_s) & (times_s < end_s)
    when_s = np.array([start_s, *times_s[inside], end_s])
    level_m = np.interp(when_s, times_s, distance_m)
    reach = trajectory.reach(motion, start_s=start_s, end_s=end_s)
    found = np.array(reach, float)
    expected = [
        (level_m.max(), when_s[level_m.argmax()]),
        (level_m.min(), when_s[level_m.argmin()]),
        (level_m[0], level_m[-1]),
    ]
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=0, atol=1e-5)


def test_furthest_and_closest_of_a_walk_out_and_half_way_back():
    out_m = np.interp(np.arange(FRAMES) / FPS, [0.0, 1.2, 2.0], [0.0, 3.0, 1.0])
    motion = on_path(out_m[:, None] * np.array([0.6, 0.0, -0.8]))
    reach = trajectory.reach(motion)
    assert np.array(reach) == pytest.approx([3.0, 1.2, 0.0, 0.0, 0.0, 1.0], abs=1e-5)
    later = trajectory.reach(motion, start_s=1.4, end_s=1.8)
    assert np.array(later) == pytest.approx([2.5, 1.4, 1.5, 1.8, 2.5, 1.5], abs=1e-5)


def test_an_unseen_excursion_is_not_reported():
    positions_m = np.zeros((FRAMES, 3))
    positions_m[30, 0] = 50.0
    reach = trajectory.reach(on_path(positions_m, observed=np.arange(FRAMES) != 30))
    assert float(reach.furthest_m) == 0


@given(seed=SEEDS, when_s=st.floats(-1, 4, width=32))
def test_a_value_at_any_time_is_interpolated_and_held_beyond_the_ends(seed, when_s):
    values = np.random.default_rng(seed).standard_normal(FRAMES)
    times_s = np.arange(FRAMES) / FPS
    found = VALUE_AT(*(jnp.asarray(x, jnp.float32) for x in (values, times_s, when_s)))
    assert float(found) == pytest.approx(np.interp(when_s, times_s, values), abs=2e-5)


VALUE_AT = jax.jit(trajectory.value_at)

# Shape -------------------------------------------------------------------------------------------


def along(path: np.ndarray, *, speed_mps: float = 1.0) -> np.ndarray:
    """The first 17 s of a polyline seen from above (left, ahead), walked at an even pace."""
    gone_m = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    walked_m = np.arange(LONG_FRAMES) * LONG_STEP_S * speed_mps
    left_m, ahead_m = (np.interp(walked_m, gone_m, path[:, axis]) for axis in (0, 1))
    return np.stack([left_m, 0 * left_m, ahead_m], axis=1)


def ring(radius_m: float, laps: float, *, side: int = 1) -> np.ndarray:
    """A circle that begins at the origin straight ahead and bends to the left (or right)."""
    angle = np.linspace(0, 2 * math.pi * laps, 2000)
    return radius_m * np.stack([side * (1 - np.cos(angle)), np.sin(angle)], axis=1)


def shape_of(
    positions_m: np.ndarray, *, observed: np.ndarray | None = None, length: int = LONG_FRAMES
) -> trajectory.Shape:
    velocity_mps = np.gradient(positions_m, LONG_STEP_S, axis=0)
    arrays = (jnp.asarray(x, jnp.float32) for x in (positions_m, velocity_mps))
    seen = np.ones(LONG_FRAMES, bool) if observed is None else observed
    seen = seen & (np.arange(LONG_FRAMES) < length)
    return SHAPE(*arrays, jnp.asarray(seen), jnp.asarray(length))


SHAPE = jax.jit(trajectory.path_shape)

FIGURE_EIGHT = np.concatenate([ring(1.2, 1.0), ring(1.2, 1.0, side=-1)])
SQUARE = np.array([[0, 0], [0, 4], [4, 4], [4, 0], [0, 0]])
THERE_AND_BACK = np.array([[0, 0], [0, 2.0]] * 4)  # three times back, and out once more


@pytest.mark.parametrize(
    ("path", "straightness", "turning_deg", "returns"),
    [
        pytest.param(np.array([[0, 0], [9, 12]]), 1.0, 0, 0, id="line"),
        pytest.param(ring(1.5, 1.0), 0.0, 360, 1, id="circle to the left"),
        pytest.param(ring(1.5, 1.0, side=-1), 0.0, -360, 1, id="circle to the right"),
        pytest.param(ring(1.0, 2.5), 2 / (5 * math.pi), 900, 2, id="two laps and a half"),
        pytest.param(ring(4.0, 0.5), 2 / math.pi, 180, 0, id="half a circle"),
        pytest.param(FIGURE_EIGHT, 0.0, 0, 2, id="figure of eight"),
        pytest.param(SQUARE, 0.0, 270, 1, id="square, by the left"),
        pytest.param(np.array([[0, 0], [0, 8], [0, 0]]), 0.0, 0, 1, id="out and back"),
        pytest.param(THERE_AND_BACK, 1 / 7, 0, 3, id="there and back"),
    ],
)
def test_shapes_known_by_construction(path, straightness, turning_deg, returns):
    shape = shape_of(along(path))
    length_m = np.hypot(*np.diff(path, axis=0).T).sum()
    walked_m = min(length_m, (LONG_FRAMES - 1) * LONG_STEP_S)
    assert float(shape.straightness) == pytest.approx(straightness, abs=0.02)
    assert math.degrees(shape.turning_rad) == pytest.approx(turning_deg, abs=3)
    assert int(shape.returns) == returns
    assert float(shape.travelled_m) == pytest.approx(walked_m, rel=0.02)


def test_turning_radius_is_path_over_turning():
    shape = shape_of(along(ring(2.0, 1.0)))
    assert float(shape.travelled_m / shape.turning_rad) == pytest.approx(2.0, rel=0.02)


def test_who_stays_has_no_shape():
    jitter_m = 0.003 * np.random.default_rng(5).standard_normal((LONG_FRAMES, 3))
    shape = SHAPE(
        jnp.asarray(jitter_m, jnp.float32),
        jnp.zeros((LONG_FRAMES, 3)),  # what smoothing leaves of the jitter's speed
        jnp.ones(LONG_FRAMES, bool),
        jnp.asarray(LONG_FRAMES),
    )
    assert [float(field) for field in shape] == [1, 0, 0, 0]


@pytest.mark.parametrize("turn_rad", [0.5, -2.0])
def test_turning_the_world_keeps_the_shape(turn_rad):
    sine, cosine = math.sin(turn_rad), math.cos(turn_rad)
    turned = FIGURE_EIGHT @ np.array([[cosine, -sine], [sine, cosine]])
    plain, other = shape_of(along(FIGURE_EIGHT)), shape_of(along(turned))
    np.testing.assert_allclose(other, plain, rtol=0, atol=2e-3)


def test_what_comes_after_the_clip_has_no_part_in_its_shape():
    path = along(THERE_AND_BACK)
    held = np.concatenate([path[:150], np.tile(path[149], (LONG_FRAMES - 150, 1))])
    cut = shape_of(path, length=150)
    np.testing.assert_allclose(shape_of(held, length=150), cut, rtol=0, atol=1e-6)
    assert int(cut.returns) == 1  # back after 4 m, and the last metre leads away


def test_being_out_when_the_clip_ends_is_no_return():
    out = along(np.array([[0, 0], [0, 30.0]]))
    assert int(shape_of(out, length=200).returns) == 0


@given(rate_rad=st.floats(-3, 3), seen_share=st.floats(0.7, 1.0))
@settings(max_examples=30)
def test_course_turning_bridges_what_was_not_seen(rate_rad, seen_share):
    """The direction of travel goes on turning meanwhile: less than half a turn is not lost."""
    angle_rad = rate_rad * np.arange(LONG_FRAMES) * LONG_STEP_S
    velocity_mps = np.stack([np.sin(angle_rad), 0 * angle_rad, np.cos(angle_rad)], axis=1)
    seen = np.random.default_rng(1).random(LONG_FRAMES) < seen_share
    seen[[0, -1]] = True
    turned_rad = TURNING(jnp.asarray(velocity_mps, jnp.float32), jnp.asarray(seen))
    assert float(turned_rad) == pytest.approx(angle_rad[-1], abs=1e-3)


TURNING = jax.jit(trajectory.course_turning)
