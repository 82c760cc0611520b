"""Body-part descriptors: laws, movements whose figures are known, and a plain NumPy reference."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import synthetic
from kinematics.facts import PartFacts
from kinematics.geometry import anchor
from kinematics.movement import descriptors, repetition
from kinematics.parts import NEAR_HEAD_M
from kinematics.skeleton import COCO_17, POINT_MIRROR, POINTS, mirrored

RATE_HZ = 30.0
FRAMES = 241
TIMES_S = np.arange(FRAMES) / RATE_HZ
EVERY_POINT = np.ones(len(POINTS), dtype=bool)
SEEDS = st.integers(0, 2**32 - 1)
ROW = {name: i for i, name in enumerate(POINTS)}
PART = {part.name: i for i, part in enumerate(descriptors.PARTS)}

_describe = jax.jit(lambda *track: descriptors.describe(*track[:3], present=track[3]))

# A person of 1.75 m at rest, the arms hanging, seen from the pelvis: left, up, ahead.
_RIGHT_SIDE = {
    "shoulder": (-0.18, 0.45, 0.0),
    "elbow": (-0.22, 0.18, -0.02),
    "wrist": (-0.26, -0.06, 0.02),
    "hip": (-0.10, -0.05, 0.0),
    "knee": (-0.11, -0.48, 0.02),
    "ankle": (-0.12, -0.90, 0.0),
    "foot": (-0.12, -0.95, 0.14),
}
_MIDDLE = {"pelvis": (0, 0, 0), "chest": (0, 0.3, 0), "neck": (0, 0.5, 0), "head": (0, 0.65, 0.03)}


def resting(frames: int = FRAMES) -> np.ndarray:
    """The resting person, (frames, points, 3)."""
    pose = np.zeros((len(POINTS), 3))
    for name, place in _MIDDLE.items():
        pose[ROW[name]] = place
    for name, (x, y, z) in _RIGHT_SIDE.items():
        pose[ROW[f"right_{name}"]], pose[ROW[f"left_{name}"]] = (x, y, z), (-x, y, z)
    return np.repeat(pose[None], frames, axis=0)


def with_path(name: str, path_m: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
    """The resting person (or the given one), one point of which departs by a path (frames, 3)."""
    moved = resting(len(path_m)) if points is None else points.copy()
    moved[:, ROW[name]] += path_m
    return moved


def along(axis: tuple[float, float, float], amount_m: np.ndarray) -> np.ndarray:
    """A path on the straight line through an axis."""
    return np.asarray(amount_m)[:, None] * np.asarray(axis) / np.linalg.norm(axis)


def eased(times_s: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """From 0 to 1, starting and ending at rest."""
    share = np.clip((times_s - start_s) / (end_s - start_s), 0, 1)
    return share**3 * (10 - 15 * share + 6 * share**2)


def restless(draw: np.random.Generator) -> np.ndarray:
    """Every point on its own slow, smooth way: some 1 m/s, nothing faster than 1 Hz."""
    points = resting()
    for _ in range(3):
        shape = (1, len(POINTS), 3)
        rate, phase = draw.uniform(0.1, 1.0, size=shape), draw.uniform(0, 2 * np.pi, size=shape)
        size_m = draw.uniform(0.05, 0.15, size=shape)
        points = points + size_m * np.sin(2 * np.pi * rate * TIMES_S[:, None, None] + phase)
    return points


def measured(points, *, times_s=TIMES_S, observed=None, present=EVERY_POINT, dtype=np.float32):
    """`describe`, compiled once for all tests of one length, as NumPy arrays."""
    observed = np.ones(len(points), dtype=bool) if observed is None else observed
    motion = _describe(
        np.asarray(points, dtype), np.asarray(times_s, dtype), np.asarray(observed), present
    )
    return descriptors.PartMotion(*(np.asarray(field) for field in motion))


def facts(points, **options) -> dict[str, PartFacts]:
    """The measured facts by part."""
    present = options.get("present", EVERY_POINT)
    parts = descriptors.part_facts(measured(points, **options), present=present)
    return {part.part: part for part in parts}


def assert_same(motion, expected, *, rtol=1e-3, atol=2e-3, but=()):
    for name in set(descriptors.PartMotion._fields) - set(but):
        np.testing.assert_allclose(
            getattr(motion, name), getattr(expected, name), rtol=rtol, atol=atol, err_msg=name
        )


# --- the table


def test_parts_cover_the_seven_groups_on_both_sides():
    from kinematics.skeleton import PART_GROUPS

    assert {part.group for part in descriptors.PARTS} == set(PART_GROUPS)
    names = [part.name for part in descriptors.PARTS]
    assert len(set(names)) == len(names) == 13
    sided = [name for name in names if name != "hand_to_hand"]
    assert {mirrored(name) for name in sided} == set(sided)
    assert set().union(*(part.points for part in descriptors.PARTS)) <= set(POINTS)


# --- a reference that shares no code and no formula


def distance_to_lines(point: np.ndarray, lines: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Least distance to two hundred points on each line."""
    shares = np.linspace(0, 1, 201)[:, None, None]
    places = np.concatenate([start + shares * (end - start) for start, end in lines])
    return np.linalg.norm(point - places, axis=-1).min(axis=0)


def angle_at(middle: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    cosine = ((first - middle) * (second - middle)).sum(axis=-1)
    cosine /= np.linalg.norm(first - middle, axis=-1) * np.linalg.norm(second - middle, axis=-1)
    return np.arccos(np.clip(cosine, -1, 1))


@settings(max_examples=12)
@given(SEEDS)
def test_agrees_with_plain_numpy_on_smooth_motion(seed):
    points = restless(np.random.default_rng(seed))
    motion = measured(points)
    for i, part in enumerate(descriptors.PARTS):
        reference = points[:, [ROW[name] for name in part.reference]].mean(axis=1)
        track = points[:, ROW[part.point]] - reference
        steps = np.diff(track, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        np.testing.assert_allclose(motion.path[i], lengths.sum(), rtol=0.03)
        np.testing.assert_allclose(motion.mean_speed[i], lengths.sum() / 8.0, rtol=0.03)
        np.testing.assert_allclose(motion.peak_speed[i], lengths.max() * RATE_HZ, rtol=0.06)
        net = np.linalg.norm(track[-1] - track[0])
        np.testing.assert_allclose(motion.displacement[i], net, atol=0.03)
        ways = [np.maximum(sign * steps[:, axis], 0).sum() for axis in range(3) for sign in (1, -1)]
        np.testing.assert_allclose(motion.directions[i], ways / np.sum(ways), atol=0.015)
        if part.angle:
            first, middle, last = (
                points[:, ROW[name]]
                if name != "up"
                else points[:, ROW["pelvis"]] + np.array([0, 1.0, 0])
                for name in part.angle
            )
            ranged = np.ptp(angle_at(middle, first, last))
            np.testing.assert_allclose(motion.angle_range_rad[i], ranged, atol=0.06)
        if part.segments:
            lines = [tuple(points[:, ROW[name]] for name in line) for line in part.segments]
            distance = distance_to_lines(points[:, ROW[part.point]], lines)
            np.testing.assert_allclose(motion.least_distance[i], distance.min(), atol=0.015)
            np.testing.assert_allclose(motion.greatest_distance[i], distance.max(), atol=0.015)
            np.testing.assert_allclose(motion.approach[i], distance[0] - distance[-1], atol=0.02)
            near = np.mean(distance < part.near_m)
            np.testing.assert_allclose(motion.near_share[i], near, atol=0.03)
            np.testing.assert_allclose(
                motion.above_share[i], np.mean(track[:, 1] > 0.05), atol=0.03
            )
            np.testing.assert_allclose(
                motion.front_share[i], np.mean(track[:, 2] > 0.05), atol=0.03
            )


# --- laws


@settings(max_examples=15)
@given(SEEDS)
def test_mirroring_swaps_the_sides(seed):
    draw = np.random.default_rng(seed)
    points = restless(draw)
    reflected = points[:, list(POINT_MIRROR)] * [-1, 1, 1]
    other = [PART.get(mirrored(part.name), i) for i, part in enumerate(descriptors.PARTS)]
    plain, mirror = measured(points), measured(reflected)
    swapped = descriptors.PartMotion(*(field[other] for field in plain))
    ways = swapped.directions[:, [1, 0, 2, 3, 4, 5]]
    # the last part is one hand seen from the other: after swapping them, it is seen from the other
    last = PART["hand_to_hand"]
    ways[last] = plain.directions[last, [0, 1, 3, 2, 5, 4]]
    swapped = swapped._replace(directions=ways)
    one_sided = ("above_share", "front_share")
    assert_same(mirror, swapped, but=(*one_sided, "near_share"))
    for name in (*one_sided, "near_share"):
        rows = np.arange(len(other)) != last
        np.testing.assert_allclose(
            getattr(mirror, name)[rows], getattr(swapped, name)[rows], atol=0.01
        )


@settings(max_examples=15)
@given(SEEDS)
def test_reversing_time_keeps_paths_and_turns_directions_round(seed):
    points = restless(np.random.default_rng(seed))
    forth, back = measured(points), measured(points[::-1])
    expected = forth._replace(
        approach=-forth.approach, directions=forth.directions[:, [1, 0, 3, 2, 5, 4]]
    )
    assert_same(back, expected, but=("repetitions", "period_s"))


@settings(max_examples=15)
@given(SEEDS)
def test_what_fills_unseen_frames_does_not_matter(seed):
    draw = np.random.default_rng(seed)
    points = restless(draw)
    points[200:] = points[199]
    observed = np.arange(FRAMES) < 200
    observed[draw.integers(0, 200, size=8)] = False
    observed[[0, 199]] = True
    plain = measured(points, observed=observed)
    junk = points.copy()
    junk[~observed] = draw.normal(scale=100, size=junk[~observed].shape)
    for times_s in (TIMES_S, np.minimum(TIMES_S, TIMES_S[199])):
        filled = measured(junk, observed=observed, times_s=times_s)
        for value, expected in zip(filled, plain, strict=True):
            np.testing.assert_array_equal(value, expected)


def test_a_batch_is_its_clips_and_padding_adds_nothing():
    clips = np.stack([restless(np.random.default_rng(seed))[:150] for seed in range(3)])
    batch = jax.jit(jax.vmap(lambda *t: descriptors.describe(*t[:3], present=t[3])))(
        clips.astype(np.float32),
        np.tile(TIMES_S[:150].astype(np.float32), (3, 1)),
        np.ones((3, 150), dtype=bool),
        np.ones((3, len(POINTS)), dtype=bool),
    )
    padding = np.minimum(np.arange(FRAMES), 149)
    for row, clip in enumerate(clips):
        one = descriptors.PartMotion(*(field[row] for field in batch))
        for times_s in (TIMES_S, TIMES_S[padding]):
            padded = measured(clip[padding], observed=np.arange(FRAMES) < 150, times_s=times_s)
            assert_same(one, padded, rtol=1e-4, atol=1e-4, but=("period_s",))
            # a turn lies on one of two frames of equal height as rounding has it
            np.testing.assert_allclose(one.period_s, padded.period_s, atol=0.05)
        np.testing.assert_allclose(one.coverage, 1, rtol=1e-6)


def test_float64_gives_the_same_and_keeps_its_type():
    points = restless(np.random.default_rng(4))
    single = measured(points)
    assert single.path.dtype == np.float32
    with jax.enable_x64(True):
        double = measured(points, dtype=np.float64)
    assert double.path.dtype == np.float64
    assert_same(single, double, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("case", ["at rest", "all points in one place", "moving", "unseen"])
def test_gradients_are_finite(case):
    points = {
        "at rest": resting(),
        "all points in one place": np.zeros((FRAMES, len(POINTS), 3)),
        "moving": restless(np.random.default_rng(5)),
        "unseen": resting(),
    }[case]
    observed = np.full(FRAMES, case != "unseen")
    gradient = _gradient(points.astype(np.float32), observed)
    assert np.isfinite(gradient).all()
    assert np.any(gradient != 0) == (case == "moving" or case == "at rest")


@jax.jit
def _gradient(points, observed):
    def loss(points):
        motion = descriptors.describe(
            points, jnp.asarray(TIMES_S, jnp.float32), observed, present=jnp.asarray(EVERY_POINT)
        )
        return sum(jnp.sum(field) for field in motion)

    return jax.grad(loss)(points)


# --- movements whose figures are known


DIRECTION_AXES = {
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "forward": (0, 0, 1),
    "backward": (0, 0, -1),
}


@pytest.mark.parametrize("way", descriptors.DIRECTIONS)
def test_a_hand_that_goes_one_way_goes_that_way(way):
    path = along(DIRECTION_AXES[way], 0.4 * eased(TIMES_S, 2, 4))
    arm = facts(with_path("left_wrist", path))["left_upper_limb"]
    assert arm.directions[descriptors.DIRECTIONS.index(way)] > 0.999
    assert arm.path == pytest.approx(0.4, abs=0.03)  # less where it was slower than rest
    assert arm.displacement == pytest.approx(0.4, abs=0.002)
    assert arm.peak_speed == pytest.approx(0.4 * 1.875 / 2, rel=0.03)
    assert arm.repetitions == 0
    assert arm.period_s is None


def test_a_hand_on_the_head_is_near_it_above_the_body_and_came_closer():
    head = resting(1)[0, ROW["head"]]
    reach = eased(TIMES_S, 1, 2) - eased(TIMES_S, 6, 7)
    target = head + np.array([-0.10, 0.02, 0.10]) - resting(1)[0, ROW["right_wrist"]]
    parts = facts(with_path("right_wrist", reach[:, None] * target))
    touch = parts["right_hand_to_head"]
    assert touch.distance_range == pytest.approx((0.1428, 0.7567), abs=0.005)
    hand_m = (1 - reach)[:, None] * (resting(1)[0, ROW["right_wrist"]] - head) + reach[
        :, None
    ] * np.array([-0.10, 0.02, 0.10])
    near = np.mean(np.linalg.norm(hand_m, axis=1) < NEAR_HEAD_M)
    assert touch.near_share == pytest.approx(near, abs=0.01)
    assert touch.approach == pytest.approx(0, abs=0.002)
    assert touch.front_share == pytest.approx(4.7 / 8, abs=0.05)
    assert parts["right_hand_to_body"].above_share == pytest.approx(4.7 / 8, abs=0.05)
    assert parts["left_hand_to_head"].near_share == 0
    half = facts(with_path("right_wrist", reach[:, None] * target), observed=TIMES_S < 4)
    assert half["right_hand_to_head"].approach == pytest.approx(0.7567 - 0.1428, abs=0.005)


def test_a_hand_on_the_other_knee_is_near_the_leg():
    knee = resting(1)[0, ROW["right_knee"]] + np.array([0, 0.02, 0.1])
    path = eased(TIMES_S, 1, 2)[:, None] * (knee - resting(1)[0, ROW["left_wrist"]])
    leg = facts(with_path("left_wrist", path))["left_hand_to_leg"]
    hip = resting(1)[0, ROW["left_hip"]]
    start = np.linalg.norm((resting(1)[0, ROW["left_wrist"]] - hip)[[0, 2]])  # beside the thigh
    assert leg.approach == pytest.approx(start - 0.1, abs=0.01)
    assert leg.near_share > 0.75


def test_bending_the_elbow_and_the_trunk():
    points = resting()
    elbow, wrist = points[0, ROW["left_elbow"]], points[0, ROW["left_wrist"]]
    forearm = wrist - elbow
    turn_rad = math.radians(100) * eased(TIMES_S, 2, 4)
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    points[:, ROW["left_wrist"], 1] = elbow[1] + cosine * forearm[1] + sine * forearm[2]
    points[:, ROW["left_wrist"], 2] = elbow[2] - sine * forearm[1] + cosine * forearm[2]
    bent = facts(points)["left_upper_limb"]
    assert math.degrees(bent.angle_range_rad) == pytest.approx(95, abs=7)
    bow_rad = math.radians(60) * eased(TIMES_S, 2, 4)
    for name in ("chest", "neck", "head"):
        height = resting(1)[0, ROW[name], 1]
        bowed = height * np.stack([0 * bow_rad, np.cos(bow_rad), np.sin(bow_rad)], axis=-1)
        points[:, ROW[name]] = bowed
    assert math.degrees(facts(points)["body"].angle_range_rad) == pytest.approx(60, abs=1)


# --- jitter, rates, gaps


@pytest.mark.parametrize("jitter_m", [0.005, 0.01, 0.02])
def test_jitter_is_not_movement(jitter_m):
    for seed in range(10):
        draw = np.random.default_rng(seed)
        still = resting() + draw.normal(scale=jitter_m, size=(FRAMES, len(POINTS), 3))
        motion = measured(still)
        assert motion.path.max() < 3 * jitter_m
        assert motion.repetitions.max() == 0


@pytest.mark.parametrize("jitter_m", [0.005, 0.01, 0.02])
def test_jitter_does_not_lengthen_a_movement(jitter_m):
    path = along((1, 1, 0), 0.3 * np.sin(2 * np.pi * 0.5 * TIMES_S))
    clean = with_path("left_wrist", path)
    noisy = clean + np.random.default_rng(0).normal(scale=jitter_m, size=clean.shape)
    plain, shaken = facts(clean)["left_upper_limb"], facts(noisy)["left_upper_limb"]
    assert shaken.path == pytest.approx(plain.path, rel=0.12)
    assert shaken.repetitions == plain.repetitions == 4


def resampled(points: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Points at other times, linearly between the given ones, on the grid of all tests."""
    flat = points.reshape(len(points), -1)
    columns = [np.interp(TIMES_S, times_s, column) for column in flat.T]
    return np.stack(columns, axis=-1).reshape(FRAMES, len(POINTS), 3)


@pytest.mark.parametrize("fps", [15, 25, 60, 120])
def test_the_frame_rate_of_the_clip_does_not_matter(fps):
    def filmed(times_s: np.ndarray) -> np.ndarray:
        wave = 0.15 * np.sin(2 * np.pi * 1.5 * times_s) * (times_s < 4)
        raised = with_path("right_wrist", along((0, 1, 0), 0.8 * eased(times_s, 5, 6.5)))
        return with_path("left_wrist", along((1, 0, 0.3), wave), raised)

    times_s = np.arange(round(8 * fps) + 1) / fps
    there = measured(resampled(filmed(times_s), times_s))
    here = measured(filmed(TIMES_S))
    np.testing.assert_allclose(there.path, here.path, rtol=0.06, atol=0.02)
    np.testing.assert_allclose(there.displacement, here.displacement, atol=0.01)
    np.testing.assert_allclose(there.peak_speed, here.peak_speed, rtol=0.1, atol=0.02)
    np.testing.assert_array_equal(there.repetitions, here.repetitions)
    assert here.repetitions[PART["left_upper_limb"]] == 6


def test_a_gap_adds_no_path_and_lowers_the_coverage():
    path = along((0, 1, 0), 0.8 * (TIMES_S > 4))  # jumps while nobody looks
    observed = (TIMES_S < 3) | (TIMES_S > 5)
    arm = facts(with_path("left_wrist", path), observed=observed)["left_upper_limb"]
    assert arm.path == 0
    assert arm.displacement == pytest.approx(0.8, abs=1e-3)
    assert arm.coverage == pytest.approx(6 / 8, abs=0.02)
    # the same frames dropped: a gap in the times, not in the mask
    times_s = np.concatenate([TIMES_S[:120], TIMES_S[:121] + 10])
    late = with_path("left_wrist", along((0, 1, 0), 0.8 * (times_s > 8)))
    arm = facts(late, times_s=times_s)["left_upper_limb"]
    assert arm.path == 0
    assert arm.coverage == pytest.approx(8 / 14, abs=0.02)


# --- repetitions


def waved(cycles: int, rate_hz: float, *, phase: float, axis, lift: bool, pause_s: float = 1.0):
    """Rest, perhaps lift the hand, wave it for whole cycles, lower it, rest."""
    start_s = pause_s + (0.8 if lift else 0)
    end_s = start_s + cycles / rate_hz
    times_s = np.arange(FRAMES) / RATE_HZ
    turn = 2 * np.pi * np.clip((times_s - start_s) * rate_hz, 0, cycles)
    path = along(axis, 0.12 * (np.sin(turn + phase) - np.sin(phase)))
    if lift:
        height = eased(times_s, pause_s, start_s) - eased(times_s, end_s, end_s + 0.8)
        path = path + along((-0.2, 0.9, 0.3), 0.9 * height)
    return with_path("right_wrist", path)


WAVES = [(2, 0.6), (3, 1.0), (5, 1.5), (8, 2.0)]
WAYS = [(1, 0, 0), (1, 1, 0.5), (0, 0, 1)]


@pytest.mark.parametrize("phase", [0.0, math.pi / 2, math.pi, -math.pi / 2])
@pytest.mark.parametrize(("cycles", "rate_hz"), WAVES)
def test_waves_are_counted_from_wherever_they_start(cycles, rate_hz, phase):
    for axis in WAYS:
        points = waved(cycles, rate_hz, phase=phase, axis=axis, lift=False)
        arm = facts(points)["right_upper_limb"]
        assert arm.repetitions == cycles
        assert arm.period_s == pytest.approx(1 / rate_hz, rel=0.1)


@pytest.mark.parametrize("phase", [0.0, math.pi])
@pytest.mark.parametrize(("cycles", "rate_hz"), WAVES)
def test_lifting_the_hand_to_wave_does_not_count(cycles, rate_hz, phase):
    for axis in WAYS:
        points = waved(cycles, rate_hz, phase=phase, axis=axis, lift=True)
        arm = facts(points)["right_upper_limb"]
        assert arm.repetitions == cycles
        assert arm.period_s == pytest.approx(1 / rate_hz, rel=0.15)


@pytest.mark.parametrize(("cycles", "rate_hz"), WAVES)
def test_beating_from_where_the_hand_was_lifted_to_does_not_count_the_lift(cycles, rate_hz):
    points = waved(cycles, rate_hz, phase=math.pi / 2, axis=(0, 1, 0), lift=True)
    assert facts(points)["right_upper_limb"].repetitions == cycles


def test_the_other_parts_do_not_wave():
    parts = facts(waved(5, 1.5, phase=0, axis=(1, 0, 0), lift=True))
    waving = {name for name, part in parts.items() if part.repetitions}
    assert waving == {
        *("right_upper_limb", "right_hand_to_body", "right_hand_to_head"),
        *("right_hand_to_leg", "hand_to_hand"),
    }


@pytest.mark.parametrize(
    "height_m",
    [
        0.8 * eased(TIMES_S, 2, 3),
        0.8 * (eased(TIMES_S, 2, 3) - eased(TIMES_S, 5, 6)),
        0.8 * (eased(TIMES_S, 1, 2) - eased(TIMES_S, 3, 4) + eased(TIMES_S, 6, 7)),
        0.012 * np.sin(2 * np.pi * 1.5 * TIMES_S),
    ],
    ids=["raised", "raised and lowered", "raised, lowered and raised", "too small to see"],
)
def test_what_is_not_repeated_counts_nothing(height_m):
    arm = facts(with_path("left_wrist", along((0, 1, 0.2), height_m)))["left_upper_limb"]
    assert (arm.repetitions, arm.period_s) == (0, None)


def test_two_bouts_count_as_the_longer_one():
    first, second = (
        np.clip(TIMES_S - start_s, 0, cycles) for start_s, cycles in ((0.5, 2), (4, 3.5))
    )
    path = along((1, 0, 0), 0.15 * (np.sin(2 * np.pi * first) + np.sin(2 * np.pi * second)))
    arm = facts(with_path("left_wrist", path))["left_upper_limb"]
    assert arm.repetitions == 3


def test_a_walk_swings_each_arm_once_a_stride():
    performance = synthetic.perform(synthetic.walk(8.0, speed_mps=1.3), fps=RATE_HZ)
    anchored = anchor.to_first_heading(performance.motion)
    points = descriptors.points_from_joints(
        anchor.body_points(anchored), skeleton=anchored.skeleton
    )
    count = min(len(points), FRAMES)
    held = np.asarray(points)[np.minimum(np.arange(FRAMES), count - 1)]
    parts = facts(held, observed=np.arange(FRAMES) < count)
    ankle = held[:count, ROW["left_ankle"], 2] - held[:count, ROW["right_ankle"], 2]
    strides = np.count_nonzero((ankle[1:] > 0) & (ankle[:-1] <= 0))
    assert strides >= 4
    for limb in ("left_upper_limb", "right_upper_limb", "left_lower_limb", "right_lower_limb"):
        assert abs(parts[limb].repetitions - strides) <= 1
    assert parts["body"].path < 0.1 * parts["left_lower_limb"].path


@settings(max_examples=25)
@given(SEEDS)
def test_counting_ignores_sign_offset_and_scale(seed):
    draw = np.random.default_rng(seed)
    signal = sum(
        draw.uniform(0.05, 0.2) * np.sin(2 * np.pi * draw.uniform(0.2, 1.5) * TIMES_S + phase)
        for phase in draw.uniform(0, 6, size=2)
    )
    signals = np.stack([signal, -signal, signal + 3, 2 * signal], axis=1).astype(np.float32)
    least = np.float32([0.05, 0.05, 0.05, 0.1])
    cycles = _count(signals, least)
    assert np.all(np.asarray(cycles.repetitions) == cycles.repetitions[0])


def test_small_wiggles_before_the_first_swing_have_no_side():
    signal = jnp.array([0.0, 0.03, -0.1, 0.0, -0.1, 0.1], jnp.float32)
    up, down = (
        repetition.count(
            sign * signal[:, None],
            jnp.arange(6.0) / 3,
            jnp.ones((6, 1), bool),
            least_swing=jnp.array([0.05]),
        )
        for sign in (1.0, -1.0)
    )
    # three swings, and the open one counts half: not two cycles, whichever way is up
    assert float(up.repetitions[0]) == float(down.repetitions[0]) == 0.0


_count = jax.jit(
    lambda signals, least: repetition.count(
        signals,
        jnp.asarray(TIMES_S, jnp.float32),
        jnp.ones((FRAMES, 1), bool),
        least_swing=least,
    )
)


@given(SEEDS)
def test_the_principal_axis_is_the_first_eigenvector(seed):
    draw = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    matrix = basis @ np.diag([1.0, draw.uniform(0, 0.8), draw.uniform(0, 0.8)]) @ basis.T
    six = tuple(jnp.float32(matrix[i, j]) for i in range(3) for j in range(i, 3))
    axis = np.array(repetition.principal_axis(six))
    assert abs(axis @ basis[:, 0]) > 0.9999
    assert np.linalg.norm(axis) == pytest.approx(1, abs=1e-5)


# --- what is missing


def test_parts_without_their_points_are_left_out():
    present = EVERY_POINT.copy()
    present[[ROW["head"], ROW["left_elbow"], ROW["right_knee"]]] = False
    parts = facts(restless(np.random.default_rng(6)), present=present)
    gone = {
        "head",
        "left_hand_to_head",
        "right_hand_to_head",
        "left_hand_to_leg",
        "right_hand_to_leg",
    }
    assert set(parts) == set(PART) - gone
    assert parts["left_upper_limb"].angle_range_rad is None
    assert parts["right_upper_limb"].angle_range_rad > 0.1
    assert parts["right_lower_limb"].angle_range_rad is None


@pytest.mark.parametrize("seen", [0, 1, 2])
def test_next_to_nothing_seen_says_so(seen):
    parts = facts(restless(np.random.default_rng(7)), observed=np.arange(FRAMES) < seen)
    for part in parts.values():
        assert part.coverage == (1 if seen == 2 else 0)
        assert part.path == pytest.approx(0, abs=0.1)
        assert part.repetitions == 0


def test_one_frame_has_no_movement():
    motion = measured(resting(1), times_s=np.zeros(1))
    assert all(np.all(field == 0) for field in motion)


def test_facts_are_plain_numbers_of_the_part_that_they_name():
    motion = measured(waved(5, 1.5, phase=0, axis=(1, 0, 0), lift=True))
    for part, i in zip(descriptors.part_facts(motion, present=EVERY_POINT), range(13), strict=True):
        assert part.part == descriptors.PARTS[i].name
        assert type(part.path) is float
        assert type(part.repetitions) is int
        assert part.path == pytest.approx(motion.path[i], abs=5.1e-5)
        assert part.directions == pytest.approx(motion.directions[i], abs=5.1e-5)
        assert part.coverage == pytest.approx(motion.coverage[i], abs=5.1e-5)
        if descriptors.PARTS[i].kind == "pair":
            ends = (motion.least_distance[i], motion.greatest_distance[i])
            assert part.distance_range == pytest.approx(ends, abs=5.1e-5)
            assert part.near_share == pytest.approx(motion.near_share[i], abs=5.1e-5)
            assert part.approach == pytest.approx(motion.approach[i], abs=5.1e-5)
            assert part.above_share == pytest.approx(motion.above_share[i], abs=5.1e-5)
            assert part.front_share == pytest.approx(motion.front_share[i], abs=5.1e-5)
            assert part.angle_range_rad is None
        else:
            assert part.angle_range_rad == pytest.approx(motion.angle_range_rad[i], abs=5.1e-5)
            assert (part.near_share, part.distance_range, part.approach) == (None, None, None)


# --- 2D keypoints


COCO = {name: i for i, name in enumerate(COCO_17.joints)}
_keypoints = jax.jit(
    lambda points, confidence, times_s: descriptors.from_keypoints(
        points, confidence, times_s, skeleton=COCO_17
    )
)


def filmed(points: np.ndarray, *, zoom_px: float = 400.0, pan_px: np.ndarray | float = 0.0):
    """A person who faces the camera, as COCO keypoints: their left is the image's right."""
    image = np.zeros((len(points), len(COCO), 2))
    face = {"nose", "left_eye", "right_eye", "left_ear", "right_ear"}
    for name, i in COCO.items():
        x, y, _ = np.moveaxis(points[:, ROW["head" if name in face else name]], -1, 0)
        image[:, i] = np.stack([x, -y], axis=-1)
    return (960 + zoom_px * image + np.reshape(pan_px, (-1, 1, 1))).astype(np.float32)


def seen_as(image: np.ndarray, confidence: np.ndarray | None = None) -> dict[str, PartFacts]:
    confidence = np.ones(image.shape[:2], np.float32) if confidence is None else confidence
    motion = _keypoints(image, confidence, TIMES_S.astype(np.float32))
    arrays = descriptors.PartMotion(*(np.asarray(field) for field in motion))
    present = descriptors.points_present(COCO_17)
    return {part.part: part for part in descriptors.part_facts(arrays, present=present)}


def test_keypoints_are_measured_in_torso_lengths_whatever_the_zoom_and_the_pan():
    torso_m = 0.45 + 0.05  # shoulders to hips
    points = with_path("left_wrist", along((1, 0, 0), 0.5 * eased(TIMES_S, 2, 4)))
    near = seen_as(filmed(points))
    far = seen_as(filmed(points, zoom_px=50.0, pan_px=30 * TIMES_S))
    arm = near["left_upper_limb"]
    assert arm.path == pytest.approx(0.5 / torso_m, rel=0.06)
    assert arm.directions[1] > 0.99  # away from the body is the image's right
    assert arm.directions[4] == arm.directions[5] == 0
    assert near["left_hand_to_head"].front_share is None
    assert near["left_hand_to_head"].above_share == 0
    for name, part in near.items():
        assert far[name].path == pytest.approx(part.path, rel=0.02, abs=0.01)
        assert far[name].near_share == pytest.approx(part.near_share or 0, abs=0.02) or (
            part.near_share is None
        )


def test_keypoints_count_waves():
    assert (
        seen_as(filmed(waved(5, 1.5, phase=0, axis=(1, 0, 0), lift=True)))[
            "right_upper_limb"
        ].repetitions
        == 5
    )


def test_a_joint_that_is_not_seen_costs_only_its_own_parts():
    points = with_path("left_wrist", along((0, 1, 0), 0.5 * eased(TIMES_S, 1, 2)))
    image, confidence = filmed(points), np.ones((FRAMES, len(COCO)), np.float32)
    confidence[120:, COCO["left_wrist"]] = 0.1
    image[120:, COCO["left_wrist"]] = np.nan
    parts, plain = seen_as(image, confidence), seen_as(filmed(points))
    assert parts["left_upper_limb"].coverage == pytest.approx(0.5, abs=0.01)
    assert parts["left_upper_limb"].path == pytest.approx(plain["left_upper_limb"].path, rel=0.02)
    for name in ("body", "right_upper_limb", "left_lower_limb", "right_hand_to_head"):
        assert parts[name] == plain[name]


def test_without_a_torso_there_is_no_unit():
    image, confidence = filmed(resting()), np.ones((FRAMES, len(COCO)), np.float32)
    confidence[:, [COCO["left_hip"], COCO["right_hip"]]] = 0
    for part in seen_as(image, confidence).values():
        assert (part.coverage, part.path) == (0, 0)
