"""Jumps, crouches, and lasting changes of height: what is one, and what only looks like one."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import synthetic, thresholds
from kinematics.facts import MotionFacts
from kinematics.motion import Motion
from kinematics.movement import measurement

RATES = (15.0, 30.0, 120.0)
TOTAL_S = 16.0
"""Everything here lasts as long, so that one shape is compiled with joints and one without."""

STANDING_M = 0.95
TIMES_S = np.arange(round(TOTAL_S * 30) + 1) / 30

BOUNCY = synthetic.Gait(bob_m=0.05, run_bob_m=0.16, pelvis_yaw_rad=math.radians(30))

seated = synthetic.then(synthetic.sit(0.42), synthetic.stand(2.5), synthetic.stand_up())

# What is done, and the episodes that it must give: kind, and height in metres.
EXPECTED: dict[str, tuple[synthetic.Script, list[tuple[str, float]]]] = {
    "standing": (synthetic.stand(1.0), []),
    "waving": (synthetic.wave(cycles=6), []),
    "walking": (synthetic.walk(8.0, speed_mps=1.6), []),
    "running": (synthetic.run(20.0, speed_mps=3.5), []),
    "sprinting": (synthetic.run(30.0, speed_mps=5.0), []),
    "bending the knees": (synthetic.crouch(0.12), []),
    "leaning": (synthetic.lean(math.radians(45)), []),
    "a jump": (synthetic.jump(0.3), [("jump", 0.3)]),
    "a small jump": (synthetic.jump(0.18), [("jump", 0.18)]),
    "a jump from a deep dip": (synthetic.jump(0.4, dip_m=0.15), [("jump", 0.4)]),
    "a jump forward": (synthetic.jump(0.35, forward_m=1.2), [("jump", 0.35)]),
    "jumps in a row": (
        synthetic.then(*[synthetic.jump(0.25)] * 4),
        [("jump", 0.25)] * 4,
    ),
    "a jump on the way": (
        synthetic.then(synthetic.walk(3.0), synthetic.jump(0.35), synthetic.walk(3.0)),
        [("jump", 0.35)],
    ),
    "a crouch": (synthetic.crouch(0.35, hold_s=0.2), [("crouch", -0.35)]),
    "squats": (
        synthetic.then(*[synthetic.crouch(0.4, hold_s=0.0)] * 4),
        [("crouch", -0.4)] * 4,
    ),
    "sitting down and standing up": (seated, [("lower", -0.42), ("rise", 0.42)]),
    "sitting down for good": (synthetic.sit(0.42), [("lower", -0.42)]),
    "a crouch and a jump": (
        synthetic.then(
            synthetic.crouch(0.3, hold_s=0.0), synthetic.stand(1.0), synthetic.jump(0.3)
        ),
        [("crouch", -0.3), ("jump", 0.3)],
    ),
}


def filled(script: synthetic.Script) -> synthetic.Script:
    rest_s = TOTAL_S - 1.0 - synthetic.lay_out(script).duration_s
    return synthetic.then(synthetic.stand(1.0), script, synthetic.stand(rest_s))


def episodes(facts: MotionFacts) -> list[tuple[str, float]]:
    return [(episode.kind, round(episode.height_m, 2)) for episode in facts.episodes]


def upright(heights_m: np.ndarray, *, forward_m: np.ndarray | float = 0.0) -> Motion:
    """A root alone, at these heights."""
    zero = np.zeros_like(heights_m)
    return Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (len(heights_m), 1)),
        positions_m=np.stack([zero, heights_m, zero + forward_m], axis=1),
        fps=30.0,
    )


@pytest.fixture(scope="module")
def measured() -> dict[tuple[str, float, bool], MotionFacts]:
    """Every expected motion at every rate, with and without joints, on a floor that is not zero."""
    keys = list(itertools.product(EXPECTED, RATES, (False, True)))
    motions = [
        synthetic.perform(
            filled(EXPECTED[name][0]),
            fps=fps,
            joints=joints,
            seed=3,
            gait=BOUNCY,
            start_position_m=(4.0, -1.5, 2.0),
        ).motion
        for name, fps, joints in keys
    ]
    return dict(zip(keys, measurement.measure_all(motions), strict=True))


# What is one -------------------------------------------------------------------------------------


@pytest.mark.parametrize("joints", [False, True], ids=["root", "joints"])
@pytest.mark.parametrize("name", EXPECTED, ids=lambda name: name.replace(" ", "_"))
def test_what_was_done_is_found_and_nothing_else(measured, name, joints):
    _, wanted = EXPECTED[name]
    for fps in RATES:
        found = episodes(measured[name, fps, joints])
        assert [kind for kind, _ in found] == [kind for kind, _ in wanted], (fps, found)
        for (_, height), (_, true) in zip(found, wanted, strict=True):
            # a camera of fifteen frames a second misses the top by up to a centimetre
            assert height == pytest.approx(true, abs=0.03), fps


@pytest.mark.parametrize("name", ["a jump", "a jump on the way", "a jump forward"])
def test_a_jump_lasts_as_long_as_its_flight(measured, name):
    script, _ = EXPECTED[name]
    timeline = synthetic.lay_out(filled(script))
    rise = timeline.rows[:, synthetic.timeline.Column.RISE]
    aloft = np.flatnonzero(rise > 0.05) / synthetic.timeline.RATE_HZ
    for fps, joints in itertools.product(RATES, (False, True)):
        (jump,) = measured[name, fps, joints].episodes_of("jump")
        assert jump.start_s == pytest.approx(aloft[0], abs=0.12)
        assert jump.end_s == pytest.approx(aloft[-1], abs=0.12)


def test_a_jump_is_seen_among_the_up_events_too(measured):
    for fps, joints in itertools.product(RATES, (False, True)):
        up, down = measured["a jump", fps, joints].events_on("up")
        (jump,) = measured["a jump", fps, joints].episodes
        assert up.amount > jump.height_m  # it began in a dip
        assert up.start_s <= jump.start_s <= up.end_s <= jump.end_s <= down.end_s + 0.1


def test_sitting_keeps_its_times(measured):
    timeline = synthetic.lay_out(filled(seated))
    _, (sit_s, seated_s), _, (rise_s, risen_s), _ = timeline.spans_s
    for fps, joints in itertools.product(RATES, (False, True)):
        lower, rise = measured["sitting down and standing up", fps, joints].episodes
        for found, true in zip(
            (lower.start_s, lower.end_s, rise.start_s, rise.end_s),
            (sit_s, seated_s, rise_s, risen_s),
            strict=True,
        ):
            assert found == pytest.approx(true, abs=0.25)


# What only looks like one ------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("depth_m", [0.3, 0.5])
def test_quick_squats_are_no_jumps(rate_hz, depth_m):
    """The body comes back up to standing, and never above it."""
    times_s = np.clip(TIMES_S - 2.0, 0.0, round(8 * rate_hz) / rate_hz)
    heights = STANDING_M - 0.5 * depth_m * (1 - np.cos(2 * np.pi * rate_hz * times_s))
    found = measurement.measure(upright(heights))
    assert found.episodes_of("jump") == ()
    crouches = found.episodes_of("crouch")
    assert len(crouches) == round(8 * rate_hz)
    for crouch in crouches:
        assert crouch.height_m == pytest.approx(-depth_m, abs=0.05)
    assert {episode.kind for episode in found.episodes} == {"crouch"}


@pytest.mark.parametrize("joints", [False, True], ids=["root", "joints"])
def test_runs_fly_and_do_not_jump(joints):
    motions = [
        synthetic.perform(
            filled(synthetic.run(14.0 + 2 * seed, speed_mps=2.2 + 0.3 * seed)),
            seed=seed,
            gait=synthetic.Gait(run_bob_m=0.13 + 0.004 * seed),
            joints=joints,
            fps=(15.0, 30.0, 60.0, 120.0)[seed % 4],
        ).motion
        for seed in range(8)
    ]
    for found in measurement.measure_all(motions):
        assert found.episodes == ()
        assert found.events_on("up") == ()


def test_a_lift_is_no_jump():
    """Up half a metre within a second, but for three seconds."""
    heights = STANDING_M + np.interp(TIMES_S, [4, 4.8, 7.8, 8.6], [0, 0.5, 0.5, 0])
    found = measurement.measure(upright(heights))
    assert found.episodes_of("jump") == ()
    assert [round(event.amount, 1) for event in found.events_on("up")] == [0.5, -0.5]


def test_what_the_clip_cuts_off_is_not_claimed():
    """A jump that has not landed and a crouch that was on may be something else."""
    jump = synthetic.then(synthetic.stand(15.0), synthetic.jump(0.4))
    lands_s = synthetic.lay_out(jump).duration_s - 0.45  # the landing begins in the dip
    for joints in (False, True):
        cut = synthetic.perform(jump, cut_s=(0.0, 0.45 + 0.35), joints=joints).motion
        assert cut.duration_s < lands_s
        assert measurement.measure(cut).episodes_of("jump") == ()
    heights = STANDING_M + np.interp(TIMES_S, [2.0, 2.7], [-0.4, 0.0])
    assert measurement.measure(upright(heights)).episodes_of("crouch") == ()


# Laws --------------------------------------------------------------------------------------------


@given(
    jumps=st.lists(st.floats(0.18, 0.5), min_size=1, max_size=4),
    floor_m=st.floats(-100, 100),
    joints=st.booleans(),
)
@settings(max_examples=20)
def test_every_jump_is_counted_once_wherever_the_floor_is(jumps, floor_m, joints):
    rests = itertools.cycle([0.0, 0.6])
    script = synthetic.then(
        *(synthetic.then(synthetic.jump(high), synthetic.stand(next(rests))) for high in jumps)
    )
    performance = synthetic.perform(
        filled(script), start_position_m=(0.0, floor_m, 0.0), joints=joints, dtype=np.float64
    )
    found = measurement.measure(performance.motion)
    assert [episode.kind for episode in found.episodes] == ["jump"] * len(jumps)
    for episode, high in zip(found.episodes, jumps, strict=True):
        assert episode.height_m == pytest.approx(high, abs=0.02)


@given(depth_m=st.floats(0.0, 0.5), joints=st.booleans())
@settings(max_examples=25)
def test_a_crouch_counts_from_its_depth_on(depth_m, joints):
    found = measurement.measure(
        synthetic.perform(filled(synthetic.crouch(depth_m, hold_s=0.1)), joints=joints).motion
    )
    least = thresholds.CROUCH.peak
    if depth_m > least + 0.02:
        assert episodes(found) == [("crouch", pytest.approx(-depth_m, abs=0.02))]
    if depth_m < least - 0.01:
        assert found.episodes == ()


@given(held_s=st.floats(0.0, 4.0))
@settings(max_examples=25)
def test_what_is_held_down_is_a_lowering_and_what_is_not_a_crouch(held_s):
    script = synthetic.crouch(0.4, hold_s=held_s)
    found = measurement.measure(synthetic.perform(filled(script), joints=False).motion)
    kinds = [episode.kind for episode in found.episodes]
    if held_s > thresholds.HEIGHT_HELD_S + 0.3:
        assert kinds == ["lower", "rise"]
    if held_s < thresholds.HEIGHT_HELD_S - 0.5:
        assert kinds == ["crouch"]
    assert kinds in (["crouch"], ["lower", "rise"])


@pytest.mark.parametrize("joints", [False, True], ids=["root", "joints"])
def test_someone_who_sits_for_most_of_the_clip_did_not_jump(joints):
    """The level is where the root is for three quarters of the time, which here is the chair."""
    script = synthetic.then(
        synthetic.sit(0.4), synthetic.stand(12.0), synthetic.stand_up(), synthetic.stand(2.0)
    )
    found = measurement.measure(synthetic.perform(script, joints=joints).motion)
    assert [episode.kind for episode in found.episodes] == ["lower", "rise"]
