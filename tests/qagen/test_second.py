"""The second measurement against the first, against what was done, and against itself."""

import functools
import math
from collections.abc import Callable, Iterator

import hypothesis
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import readers, synthetic
from kinematics.facts import ANGULAR_SIGNALS, SIGNALS, Frame, MotionFacts, PartFacts, WindowFacts
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.thresholds import ExcursionRule
from qagen.verify.remeasure import (
    cycles,
    derive,
    fits,
    grid,
    heights,
    movements,
    reference,
    smoothing,
)
from qagen.verify.remeasure import signals as signals_of

LENGTH_M = 1e-3
ANGLE_RAD = math.radians(0.1)
TIME_S = 2e-3
SHARE = 0.01
"""How far the two may be apart: the first rounds its numbers to four or five decimals and, in
float32, knows positions to some micrometres; a share may change by a frame of a few hundred."""

PLATEAU_TIMES = ("furthest_s", "closest_s")
"""Somebody who stands still is equally near all the while: which instant is the closest is then
decided by the last bit. Compared by the distances instead."""


def slack(name: str) -> float:
    if name.endswith("_rad") or name in ANGULAR_SIGNALS:
        return ANGLE_RAD
    if name.endswith("_share"):
        return SHARE
    return TIME_S if name.endswith("_s") else LENGTH_M


# The two measurements ----------------------------------------------------------------------------


def differences(first: MotionFacts, second: MotionFacts) -> Iterator[str]:
    """Whatever the two do not agree on."""
    yield from _event_differences(first, second)
    windows = zip(
        ("whole", "q1", "q2", "q3", "q4"),
        (first.whole, *first.quarters),
        (second.whole, *second.quarters),
        strict=True,
    )
    for label, one, other in windows:
        for name in set(WindowFacts.__struct_fields__) - set(PLATEAU_TIMES):
            yield from _apart(f"{label}.{name}", getattr(one, name), getattr(other, name), name)
    for label in ("shape", "posture"):
        one, other = getattr(first, label), getattr(second, label)
        for name in one.__struct_fields__:
            yield from _apart(f"{label}.{name}", getattr(one, name), getattr(other, name), name)
    for name in ("frame", "frames", "duration_s", "fps", "coverage", "has_joints", "thresholds"):
        yield from _apart(name, getattr(first, name), getattr(second, name), name)
    assert [one.part for one in first.parts] == [one.part for one in second.parts]
    for one, other in zip(first.parts, second.parts, strict=True):
        for name in PartFacts.__struct_fields__:
            yield from _apart(f"{one.part}.{name}", getattr(one, name), getattr(other, name), name)
    yield from _apart("samples", _table(first), _table(second), "samples")


def _table(facts: MotionFacts) -> tuple[tuple[float, ...], ...]:
    return tuple(msgspec.structs.astuple(sample) for sample in facts.samples)


def _apart(label: str, one: object, other: object, name: str) -> Iterator[str]:
    if isinstance(one, str | int | None) or other is None:
        if one != other:
            yield f"{label}: {one} and {other}"
    elif np.shape(one) != np.shape(other):
        yield f"{label}: {np.shape(one)} and {np.shape(other)}"
    elif not np.allclose(one, other, rtol=1e-3, atol=slack(name)):  # type: ignore[arg-type]
        yield f"{label}: {one} and {other}"


def _event_differences(first: MotionFacts, second: MotionFacts) -> Iterator[str]:
    for signal in SIGNALS:
        ones, others = first.events_on(signal), second.events_on(signal)
        if [one.amount > 0 for one in ones] != [other.amount > 0 for other in others]:
            yield f"{signal}: {ones} and {others}"
            continue
        for one, other in zip(ones, others, strict=True):
            for name in ("start_s", "end_s"):
                yield from _apart(
                    f"{signal}.{name}", getattr(one, name), getattr(other, name), name
                )
            for name in ("amount", "peak_speed", "quarter_amounts"):
                yield from _apart(
                    f"{signal}.{name}", getattr(one, name), getattr(other, name), signal
                )
            yield from _apart(f"{signal}.mean_speed", one.mean_speed, other.mean_speed, "speed")
            yield from _apart(f"{signal}.coverage", one.coverage, other.coverage, "share")
    if [one.kind for one in first.episodes] != [other.kind for other in second.episodes]:
        yield f"episodes: {first.episodes} and {second.episodes}"
    else:
        for one, other in zip(first.episodes, second.episodes, strict=True):
            for name in ("start_s", "end_s", "height_m"):
                yield from _apart(one.kind, getattr(one, name), getattr(other, name), name)


def hidden(motion: Motion, *, seed: int) -> Motion:
    """The motion with some stretches and single frames unseen."""
    draw = np.random.default_rng(seed)
    times_s, observed = np.asarray(motion.times_s), np.ones(motion.frames, dtype=bool)
    for length_s in draw.choice([0.05, 0.2, 0.45, 0.8], size=3):
        begin_s = draw.uniform(0, motion.duration_s)
        observed[(times_s >= begin_s) & (times_s < begin_s + length_s)] = False
    observed &= draw.random(motion.frames) > 0.03
    return rebuilt(motion, observed=observed | (np.arange(motion.frames) == motion.frames // 2))


def filmed(motion: Motion, *, seed: int) -> Motion:
    """The motion with a fixed camera, held askew."""
    draw = np.random.default_rng(seed)
    upright = Rotation.from_rotvec([0, draw.uniform(-3, 3), 0]) * Rotation.from_rotvec(
        [math.pi, 0, 0]
    )
    pose = upright * Rotation.from_rotvec(0.2 * draw.standard_normal(3))
    place_m = np.asarray(motion.positions_m)[0] + 4 * draw.standard_normal(3)
    return rebuilt(
        motion,
        camera_orientations_wxyz=np.tile(pose.as_quat(scalar_first=True), (motion.frames, 1)),
        camera_positions_m=np.tile(place_m, (motion.frames, 1)),
    )


def rebuilt(motion: Motion, **changes: np.ndarray) -> Motion:
    names = ("orientations_wxyz", "positions_m", "times_s", "observed", "joints_m")
    given = {name: getattr(motion, name) for name in names}
    arrays = {name: None if one is None else np.array(one) for name, one in given.items()}
    return Motion.from_arrays(
        **{**arrays, **changes}, skeleton=motion.skeleton, source=motion.source
    )


@functools.cache
def corpus_motions(*, seed: int, joints: bool) -> list[Motion]:
    """One clip of every kind, in double precision."""
    names = ("orientations_wxyz", "positions_m", "joints_m") if joints else ("positions_m",)
    return [
        rebuilt(
            performance.motion,
            **{
                name: np.asarray(getattr(performance.motion, name), dtype=np.float64)
                for name in names
            },
        )
        for performance in synthetic.corpus(13, seed=seed, joints=joints)
    ]


def untouched(motion: Motion, *, seed: int) -> Motion:
    del seed
    return motion


@pytest.mark.parametrize(
    ("joints", "jitter", "change", "frame"),
    [
        (True, 0.0, untouched, "first_heading"),
        (True, 0.005, hidden, "first_heading"),
        (True, 0.005, filmed, "camera"),
        (False, 0.005, untouched, "first_heading"),
        (False, 0.0, hidden, "body"),
    ],
)
def test_the_two_measurements_agree(
    joints: bool, jitter: float, change: Callable[..., Motion], frame: Frame
):
    corpus = synthetic.corpus(
        70, seed=21, joints=joints, jitter_m=jitter, jitter_rad=math.radians(200 * jitter)
    )
    # clips that are padded to one length are compiled once
    performed = [one.motion for one in corpus if 6.5 < one.motion.duration_s < 11]
    motions = [change(motion, seed=number) for number, motion in enumerate(performed)]
    assert len(motions) > 10
    found = {
        motion.source.clip: list(differences(first, derive.facts_of(motion, frame=frame)))
        for motion, first in zip(
            motions, measurement.measure_all(motions, frame=frame), strict=True
        )
    }
    assert {clip: what for clip, what in found.items() if what} == {}


def test_the_two_measurements_agree_on_recorded_clips(real_motions):
    motions = [
        motion
        for path in readers.find([real_motions / "mocap"])
        if not path.stem.endswith("_joints")
        for motion in readers.read(path)
    ]
    assert len(motions) >= 5
    for motion, first in zip(motions, measurement.measure_all(motions), strict=True):
        assert list(differences(first, derive.facts_of(motion))) == []


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("left: ", lambda facts: {"events": facts.events[1:]}),
        (
            "amount",
            lambda facts: {
                "events": (
                    msgspec.structs.replace(facts.events[0], amount=facts.events[0].amount * 1.01),
                    *facts.events[1:],
                )
            },
        ),
        (
            "whole.path_m",
            lambda facts: {
                "whole": msgspec.structs.replace(facts.whole, path_m=facts.whole.path_m + 0.02)
            },
        ),
        (
            "coverage",
            lambda facts: {
                "parts": (msgspec.structs.replace(facts.parts[0], coverage=0.9), *facts.parts[1:])
            },
        ),
    ],
)
def test_a_changed_fact_is_a_difference(what, change):
    script = synthetic.sidestep(1.0, to="left").then(synthetic.stand(1.0), synthetic.walk(2.0))
    facts = derive.facts_of(synthetic.perform(script).motion)
    assert list(differences(facts, facts)) == []
    changed = msgspec.structs.replace(facts, **change(facts))
    assert any(what in found for found in differences(facts, changed))


# What was done -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [10.0, 30.0, 120.0])
@pytest.mark.parametrize("joints", [True, False])
def test_known_movements_are_found(fps: float, joints: bool):
    script = synthetic.walk(3.0).then(
        synthetic.stand(1.0),
        synthetic.turn(math.radians(90)),
        synthetic.stand(1.0),
        synthetic.sidestep(1.2, to="right"),
        synthetic.stand(1.0),
    )
    motion = synthetic.perform(script, fps=fps, joints=joints, start_heading_rad=2.0).motion
    facts = derive.facts_of(motion)
    (there, on), (turn,) = facts.events_on("forward"), facts.events_on("heading")
    assert there.amount == pytest.approx(3.0, abs=0.05)
    assert on.amount == pytest.approx(1.2, abs=0.05)  # their right is ahead of where they began
    assert turn.amount == pytest.approx(math.radians(90), abs=math.radians(3))
    assert facts.whole.body_right_m == pytest.approx(1.2, abs=0.1)
    assert facts.shape.returns == 0


@pytest.mark.parametrize("joints", [True, False])
def test_who_stands_does_nothing(joints: bool):
    still = synthetic.perform(
        synthetic.stand(10.0), joints=joints, jitter_m=0.005, jitter_rad=math.radians(1)
    )
    facts = derive.facts_of(still.motion)
    assert facts.events == facts.episodes == ()
    assert facts.shape.shape == "stays"
    assert facts.whole.path_m < 0.05


def test_jumps_crouches_and_seats_are_told_apart():
    script = synthetic.stand(1.5).then(
        synthetic.jump(0.3),
        synthetic.stand(1.5),
        synthetic.crouch(0.35, hold_s=0.3),
        synthetic.stand(1.5),
        synthetic.sit(0.4),
        synthetic.stand(2.0),
        synthetic.stand_up(),
        synthetic.stand(1.5),
    )
    facts = derive.facts_of(synthetic.perform(script).motion)
    assert [one.kind for one in facts.episodes] == ["jump", "crouch", "lower", "rise"]
    heights_m = [one.height_m for one in facts.episodes]
    assert heights_m[0] > 0.25
    assert heights_m[1:] == [pytest.approx(height_m, abs=0.03) for height_m in (-0.35, -0.4, 0.4)]


@pytest.mark.parametrize("strokes", [3, 5, 7])
def test_waves_are_counted(strokes: int):
    motion = synthetic.perform(synthetic.wave(side="right", cycles=strokes, rate_hz=1.0)).motion
    parts = {one.part: one for one in derive.facts_of(motion).parts}
    assert parts["right_upper_limb"].repetitions in (strokes - 1, strokes)
    assert parts["right_upper_limb"].period_s == pytest.approx(1.0, abs=0.15)
    assert parts["left_upper_limb"].repetitions == 0


def test_distances_are_from_the_start_in_every_frame():
    script = synthetic.walk(3.0).then(synthetic.stand(1.0), synthetic.walk_backward(2.0))
    motion = filmed(synthetic.perform(script, gait=None).motion, seed=0)
    known = derive.facts_of(motion)
    assert known.whole.furthest_m == pytest.approx(3.0, abs=0.02)
    for frame in ("camera", "body"):
        facts = derive.facts_of(motion, frame=frame)
        for name in ("furthest_m", "end_distance_m", "away_m", "towards_m"):
            assert getattr(facts.whole, name) == pytest.approx(getattr(known.whole, name), abs=1e-9)


def test_own_ways_are_the_same_in_every_frame():
    script = synthetic.turn(math.radians(90)).then(
        synthetic.stand(1.0),
        synthetic.walk(2.0),
        synthetic.stand(1.0),
        synthetic.sidestep(1.0, to="left"),
    )
    motion = filmed(synthetic.perform(script, gait=None).motion, seed=1)
    for frame in ("first_heading", "body", "camera"):
        whole = derive.facts_of(motion, frame=frame).whole
        assert whole.body_forward_m == pytest.approx(2.0, abs=0.1)
        assert whole.body_left_m == pytest.approx(1.0, abs=0.1)
        assert max(whole.body_right_m, whole.body_backward_m) < 0.05


# Laws --------------------------------------------------------------------------------------------


@hypothesis.settings(max_examples=20)
@given(
    turn_rad=st.floats(-3, 3),
    shift_m=st.tuples(*3 * [st.floats(-30, 30)]),
    index=st.integers(0, 12),
)
def test_moving_the_world_changes_nothing(turn_rad, shift_m, index):
    motion = corpus_motions(seed=5, joints=True)[index]
    moved = synthetic.moved(motion, turn_rad=turn_rad, shift_m=shift_m)
    assert list(differences(derive.facts_of(motion), derive.facts_of(moved))) == []


@pytest.mark.parametrize("index", range(13))
def test_quarters_add_up(index):
    facts = derive.facts_of(corpus_motions(seed=6, joints=False)[index])
    for event in facts.events:
        assert sum(event.quarter_amounts) == pytest.approx(event.amount, abs=1e-9)
    for name in ("path_m", "net_forward_m", "net_turn_rad", "turn_left_rad", "away_m"):
        parts = [getattr(quarter, name) for quarter in facts.quarters]
        assert sum(parts) == pytest.approx(getattr(facts.whole, name), abs=1e-9)
    last = facts.samples[-1]
    if last.time_s == pytest.approx(facts.duration_s):
        assert facts.whole.net_left_m == pytest.approx(last.left_m - facts.samples[0].left_m)


_SIGNALS = st.lists(st.floats(-1, 1), min_size=2, max_size=40)


@given(_SIGNALS)
def test_a_mirrored_signal_has_as_many_cycles(values):
    signal, times_s = np.array(values), np.arange(len(values)) / 30
    assert cycles.count(signal, times_s, least=0.05) == cycles.count(-signal, times_s, least=0.05)


@given(_SIGNALS, st.floats(0.01, 1.0))
def test_turning_points_alternate_and_are_the_least_apart(values, least):
    signal = np.array(values)
    turns = cycles.turning_points(signal, least=least)
    swings = np.diff(signal[turns])
    assert (swings[1:] * swings[:-1] < 0).all()
    assert (np.abs(swings[1:]) >= least).all()  # the first may have begun before the clip
    assert sorted(turns) == turns


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_departures_lie_between_samples_at_home(values):
    away = np.array(values)
    rule = ExcursionRule(enter=0.5, leave=0.2, peak=0.7)
    for start, peak, end in heights.departures(away, rule):
        assert away[peak] >= rule.peak
        assert (away[start + 1 : end] >= rule.leave).all()
        assert start == 0 or away[start] < rule.leave
        assert end == len(away) or away[end] < rule.leave


@given(st.lists(st.booleans(), min_size=12, max_size=30), st.floats(-2, 2), st.floats(-2, 2))
def test_local_fits_keep_straight_lines(seen, slope, level):
    observed = np.array(seen)
    times_s = np.arange(len(seen)) / 30
    fit = fits.smoother(times_s, observed)
    line = np.where(observed, level + slope * times_s, 99.0)
    known = np.array(
        [np.count_nonzero(observed[max(at - 1, 0) : at + 2]) > 1 for at in range(len(seen))]
    )
    np.testing.assert_allclose(
        (fit.position @ line)[known], (level + slope * times_s)[known], atol=1e-9
    )
    np.testing.assert_allclose((fit.slope @ line)[known], slope, atol=1e-7)


def test_filters_keep_lines_and_take_strides_out():
    times_s = np.arange(200) / 30
    ramp = (2.0 * times_s)[:, None]
    np.testing.assert_allclose(smoothing.light(ramp), ramp, atol=1e-9)
    np.testing.assert_allclose(smoothing.without_gait(ramp), ramp, atol=1e-9)
    for stride_s in (0.7, 1.0, 1.3):
        sway = np.sin(2 * math.pi * times_s / stride_s)[:, None]
        assert np.abs(smoothing.without_gait(sway)[33:-33]).max() < 0.09


@pytest.mark.parametrize(("pause_s", "events"), [(0.2, 1), (1.2, 2)])
def test_a_pause_divides_a_movement(pause_s: float, events: int):
    steps = np.concatenate(
        [np.zeros(30), *2 * [np.full(30, 1 / 30), np.zeros(round(30 * pause_s))]]
    )
    path = np.cumsum(np.append(steps, np.zeros(30)))
    motion = Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (len(path), 1)),
        positions_m=np.stack([0 * path, 0 * path, path], axis=1),
        fps=30.0,
    )
    found = derive.facts_of(motion).events_on("forward")
    assert len(found) == events
    assert sum(event.amount for event in found) == pytest.approx(2.0, abs=0.03)


def test_frames_that_fall_on_a_bound_belong_to_both_quarters():
    """Whatever the last bit of the bound is: the first measurement may lose the frame."""
    performance = list(synthetic.corpus(35, seed=1, joints=False))[34]
    samples = grid.sample(performance.motion)
    assert samples.last % 4 == 0
    quarters = derive.facts_of(performance.motion).quarters
    bound = 3 * samples.last // 4
    tilt_rad = read(performance.motion).tilt_rad
    assert tilt_rad[bound] > tilt_rad[bound + 1 :].max()
    assert quarters[3].max_tilt_rad == pytest.approx(tilt_rad[bound])
    backwards = synthetic.reversed_in_time(performance.motion)
    tilt_rad = read(backwards).tilt_rad
    bound = samples.last // 4
    assert tilt_rad[bound] > tilt_rad[:bound].max()
    assert derive.facts_of(backwards).quarters[0].max_tilt_rad == pytest.approx(tilt_rad[bound])


def read(motion: Motion) -> signals_of.Signals:
    samples = grid.sample(motion)
    return signals_of.read(samples, reference.anchored(samples))


# Bad input ---------------------------------------------------------------------------------------


def test_no_camera_no_camera_frame():
    motion = synthetic.perform(synthetic.stand(1.0)).motion
    with pytest.raises(ValueError, match="no camera poses"):
        derive.facts_of(motion, frame="camera")
    with pytest.raises(ValueError, match="expected first_heading, body or camera"):
        derive.facts_of(motion, frame="first_pose")


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_the_shortest_clips_are_measured(frames: int):
    motion = Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (frames, 1)),
        positions_m=np.zeros((frames, 3)),
        fps=30.0,
    )
    facts = derive.facts_of(motion)
    assert facts.events == ()
    assert facts.duration_s == pytest.approx((frames - 1) / 30)


def test_a_sway_on_the_spot_is_no_movement():
    def row(amounts: list[float]) -> list[movements.Movement]:
        return [
            movements.Movement("heading", 15 * at, 15 * at + 15, 15 * at, 15 * at + 15, amount)
            for at, amount in enumerate(amounts)
        ]

    for amounts, swaying in (
        ([0.4, -0.4, 0.4], 3),
        ([0.4, -0.4], 0),
        ([0.4, -0.4, 0.4, -1.0], 3),
        ([0.4, 0.4, -0.4], 0),
    ):
        assert len(movements._swaying(row(amounts), 1 / 30)) == swaying
