"""Movement events: what must hold of them (conventions, section 4), on motions known beforehand."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import synthetic
from kinematics.facts import ANGULAR_SIGNALS, SIGNALS, Event, MotionFacts
from kinematics.motion import Motion
from kinematics.movement import events, measurement
from kinematics.synthetic.ramps import Cruise
from kinematics.thresholds import ExcursionRule

RATES = (10.0, 24.0, 30.0, 60.0, 120.0)
TOTAL_S = 16.0
"""Everything here lasts as long, so that one shape is compiled with joints and one without."""

WALKER = synthetic.Gait(pelvis_yaw_rad=math.radians(24), roll_rad=math.radians(10))
"""Sways more than most."""


class Expected(NamedTuple):
    """A script and the events that it must give: metres or degrees, in time order."""

    script: synthetic.Script
    amounts: dict[str, list[float]]
    root_amounts: dict[str, list[float]] = {}  # noqa: RUF012 (read only)
    """Where a person without joints shows something else."""
    gait: synthetic.Gait = synthetic.STIFF


def degrees(angle: float) -> float:
    return math.radians(angle)


def walked(metres: float) -> dict[str, list[float]]:
    return {"forward": [metres], "start_distance": [abs(metres)]}


EXPECTED: dict[str, Expected] = {
    "nothing": Expected(synthetic.stand(1.0), {}),
    "waving": Expected(synthetic.wave(side="left", cycles=8), {}),
    "signalling": Expected(
        synthetic.then(synthetic.wave(rate_hz=0.5, cycles=2), synthetic.wave(side="left")), {}
    ),
    "a small step": Expected(synthetic.walk(0.12), {}),
    "a small turn": Expected(synthetic.turn(degrees(12)), {}),
    "a small lean": Expected(synthetic.lean(degrees(9)), {}),
    "bending the knees": Expected(synthetic.crouch(0.08), {}),
    "walking": Expected(synthetic.walk(3.0), walked(3.0), gait=WALKER),
    "running": Expected(synthetic.run(9.0), walked(9.0), gait=WALKER),
    "slipping aside": Expected(synthetic.walk(8.0), walked(8.0), gait=synthetic.Gait(slip=0.04)),
    "walking backwards": Expected(synthetic.walk_backward(2.0), walked(-2.0) | {}, gait=WALKER),
    "a sidestep": Expected(
        synthetic.sidestep(1.0, to="left"), {"left": [1.0], "start_distance": [1.0]}
    ),
    "twenty degrees": Expected(synthetic.turn(degrees(20)), {"heading": [20]}),
    "ninety degrees": Expected(synthetic.turn(degrees(-90)), {"heading": [-90]}),
    "two spins": Expected(synthetic.turn(degrees(720)), {"heading": [720]}),
    "a spin in two": Expected(
        synthetic.then(synthetic.turn(degrees(400)), synthetic.stand(1.5), synthetic.turn(-1.0)),
        {"heading": [400, -math.degrees(1.0)]},
    ),
    "a corner while walking": Expected(  # its curvature comes and goes, which widens it by 0.32 m
        synthetic.then(synthetic.walk(2.0), synthetic.arc(1.5, degrees(90)), synthetic.walk(2.0)),
        {"forward": [3.82], "left": [3.82], "start_distance": [5.40], "heading": [90]},
        gait=WALKER,
    ),
    "there and back": Expected(
        synthetic.then(synthetic.walk(3.0), synthetic.turn(math.pi), synthetic.walk(3.0)),
        {"forward": [3.0, -3.0], "start_distance": [3.0, -3.0], "heading": [180]},
    ),
    "two steps": Expected(
        synthetic.then(synthetic.walk(0.6), synthetic.pause(1.5), synthetic.walk(0.6)),
        {"forward": [0.6, 0.6], "start_distance": [0.6, 0.6]},
    ),
    "a lean": Expected(
        synthetic.lean(degrees(30), pelvis_share=0.7),
        {"forward_lean": [30, -30]},
        {"forward_lean": [21, -21]},
    ),
    "a lean to the right": Expected(
        synthetic.lean(degrees(25), toward="right", pelvis_share=0.8),
        {"left_lean": [-25, 25]},
        {"left_lean": [-20, 20]},
    ),
    "a deep bow": Expected(
        synthetic.bow(degrees(100), pelvis_share=0.4),
        {"forward_lean": [100, -100]},
        {"forward_lean": [40, -40]},
    ),
    "a crouch": Expected(synthetic.crouch(0.35), {"up": [-0.35, 0.35]}),
    "sitting down": Expected(
        synthetic.then(synthetic.sit(0.4), synthetic.stand(2.0), synthetic.stand_up()),
        {"up": [-0.4, 0.4]},
    ),
    "a jump": Expected(synthetic.jump(0.35, dip_m=0.06), {"up": [0.41, -0.41]}),
}

FIRST_S = 1.0


def filled(script: synthetic.Script) -> synthetic.Script:
    """The script between standing still, `TOTAL_S` long."""
    rest_s = TOTAL_S - FIRST_S - synthetic.lay_out(script).duration_s
    return synthetic.then(synthetic.stand(FIRST_S), script, synthetic.stand(rest_s))


def perform(script: synthetic.Script, **options) -> Motion:
    return synthetic.perform(filled(script), **options).motion


def amounts(facts: MotionFacts | Sequence[Event]) -> dict[str, list[float]]:
    """Metres or degrees by signal; signals without an event are left out."""
    found: dict[str, list[float]] = {}
    for event in facts.events if isinstance(facts, MotionFacts) else facts:
        angular = event.signal in ANGULAR_SIGNALS
        amount = math.degrees(event.amount) if angular else event.amount
        found.setdefault(event.signal, []).append(amount)
    return found


def by_signal(event: Event) -> tuple[str, float]:
    return event.signal, event.start_s


def close(found: dict[str, list[float]], wanted: dict[str, list[float]], slack: float) -> bool:
    """Same signals, as many events, amounts within `slack` centimetres or degrees."""
    return set(found) == set(wanted) and all(
        len(found[name]) == len(wanted[name])
        and np.allclose(
            found[name],
            wanted[name],
            rtol=0,
            atol=slack if name in ANGULAR_SIGNALS else slack / 100,
        )
        for name in wanted
    )


@pytest.fixture(scope="module")
def measured() -> dict[tuple[str, float, bool], MotionFacts]:
    """Every expected motion at every rate, with and without joints."""
    keys = list(itertools.product(EXPECTED, RATES, (False, True)))
    motions = [
        perform(
            EXPECTED[name].script,
            fps=fps,
            joints=joints,
            gait=EXPECTED[name].gait,
            seed=7,
            start_heading_rad=2.0,
            start_position_m=(-8.0, 1.0, 30.0),
        )
        for name, fps, joints in keys
    ]
    return dict(zip(keys, measurement.measure_all(motions), strict=True))


# What must hold ----------------------------------------------------------------------------------


@pytest.mark.parametrize("joints", [False, True], ids=["root", "joints"])
@pytest.mark.parametrize("name", EXPECTED, ids=lambda name: name.replace(" ", "_"))
def test_what_was_done_is_found_and_nothing_else(measured, name, joints):
    case = EXPECTED[name]
    wanted = case.amounts if joints else case.root_amounts or case.amounts
    # a corner walked with sway is one turn within ten degrees; what glides is exact
    slack = 2.0 if case.gait == synthetic.STIFF else 6.0
    for fps in RATES:
        found = amounts(measured[name, fps, joints])
        assert close(found, wanted, slack), (fps, found)


@pytest.mark.parametrize("name", EXPECTED, ids=lambda name: name.replace(" ", "_"))
def test_another_frame_rate_gives_the_same_events_within_a_frame(measured, name):
    for joints, fps in itertools.product((False, True), RATES):
        found, reference = (measured[name, rate, joints].events for rate in (fps, 120.0))
        for event, same in zip(
            sorted(found, key=by_signal), sorted(reference, key=by_signal), strict=True
        ):
            assert event.signal == same.signal
            slack = 0.02 if event.signal not in ANGULAR_SIGNALS else degrees(2)
            assert event.amount == pytest.approx(same.amount, abs=slack)
            frame_s = max(1 / fps, 1 / 30)  # nothing is told apart below the analysis grid
            assert event.start_s == pytest.approx(same.start_s, abs=1.01 * frame_s)
            assert event.end_s == pytest.approx(same.end_s, abs=1.01 * frame_s)


def test_starts_and_ends_are_where_the_movement_starts_and_ends():
    """Against the definition on the noiseless timeline, which knows nothing of filters."""
    names = ["walking backwards", "ninety degrees", "there and back", "a lean", "a crouch"]
    for name in names:
        performance = synthetic.perform(filled(EXPECTED[name].script), gait=None)
        found = measurement.measure(performance.motion)
        for signal in SIGNALS:
            for event, true in zip(
                found.events_on(signal), performance.truth.events_on(signal), strict=True
            ):
                assert event.start_s == pytest.approx(true.start_s, abs=0.1), (name, signal)
                assert event.end_s == pytest.approx(true.end_s, abs=0.1), (name, signal)
                assert event.peak_speed == pytest.approx(true.peak_speed, rel=0.08)
                assert event.coverage == 1.0


# Distances and speeds ----------------------------------------------------------------------------


def glide(
    metres: np.ndarray, *, headings_rad: np.ndarray | None = None, fps: float = 30.0
) -> Motion:
    """A root that is told where to be, in the axes of its first heading (left, up, forward)."""
    count = len(metres)
    half = np.zeros(count) if headings_rad is None else 0.5 * headings_rad
    zero = np.zeros(count)
    return Motion.from_arrays(
        orientations_wxyz=np.stack([np.cos(half), zero, np.sin(half), zero], axis=1),
        positions_m=metres,
        fps=fps,
    )


TIMES_S = np.arange(round(TOTAL_S * 30)) / 30


def paced(metres: float, speed_mps: float, *, start_s: float) -> np.ndarray:
    """A way at one speed, with a third of a second to gain and to lose it."""
    ramp_s = min(0.35, metres / speed_mps)
    steady_s = metres / speed_mps - ramp_s
    pace = Cruise(0.0, speed_mps, 0.0, ramp_s, steady_s, ramp_s)
    way, _ = pace.at(np.maximum(TIMES_S - start_s, 0.0))
    return way


def ahead(forward_m: np.ndarray, left_m: np.ndarray | float = 0.0) -> np.ndarray:
    return np.stack([left_m + 0 * forward_m, 0 * forward_m, forward_m], axis=1)


@pytest.mark.parametrize("away_m", [1.0, 8.0, 50.0])
def test_one_metre_is_one_metre_near_and_far_slow_and_fast(away_m):
    """The metre follows a rest, so it is an event of its own, of both signals."""
    speeds = (0.3, 0.5, 1.0, 2.0, 3.0)
    motions = []
    for speed in speeds:
        first = paced(away_m, max(away_m / 4, 1.0), start_s=0.5)
        motions.append(glide(ahead(first + paced(1.0, speed, start_s=8.0))))
    for speed, found in zip(speeds, measurement.measure_all(motions), strict=True):
        for signal in ("forward", "start_distance"):
            _, metre = found.events_on(signal)
            assert metre.amount == pytest.approx(1.0, abs=0.01), (speed, signal)
            assert metre.peak_speed == pytest.approx(speed, rel=0.08)
        assert amounts(found).keys() == {"forward", "start_distance"}


def test_steps_twenty_seconds_apart_are_two_events():
    script = synthetic.then(
        synthetic.stand(1.0),
        synthetic.walk(0.6),
        synthetic.pause(20.0),
        synthetic.walk(0.6),
        synthetic.stand(1.0),
    )
    for fps in (10.0, 120.0):
        found = measurement.measure(synthetic.perform(script, fps=fps, joints=False).motion)
        first, second = found.events_on("forward")
        assert first.amount == pytest.approx(0.6, abs=0.02)
        assert second.amount == pytest.approx(0.6, abs=0.02)
        assert second.start_s - first.end_s == pytest.approx(20.0, abs=0.5)


def test_a_short_rest_does_not_end_a_movement_and_a_long_one_does():
    """A root that glides a metre, rests, and glides on, with hard starts and stops."""
    for rest_s, count in ((0.2, 1), (0.45, 1), (0.55, 2), (2.0, 2)):
        way = np.interp(TIMES_S, [2.0, 4.0, 4.0 + rest_s, 6.0 + rest_s], [0.0, 1.0, 1.0, 2.0])
        found = measurement.measure(glide(ahead(way)))
        assert [round(event.amount, 1) for event in found.events_on("forward")] == (
            [2.0] if count == 1 else [1.0, 1.0]
        ), rest_s


def test_slowing_down_ends_a_movement_when_it_is_slow_for_half_a_second():
    """Down to nothing and up again without a rest: what counts is the time below 0.1 m/s."""
    for slow_s, count in ((0.3, 1), (0.8, 2)):
        speed_mps = np.minimum(0.2 / slow_s * np.abs(TIMES_S - 7.0), 1.0)
        speed_mps = np.where(np.abs(TIMES_S - 7.0) < 4.0, speed_mps, 0.0)
        found = measurement.measure(glide(ahead(np.cumsum(speed_mps) / 30)))
        assert len(found.events_on("forward")) == count, slow_s
        assert found.whole.forward_m == pytest.approx(speed_mps.sum() / 30, abs=0.03)


@pytest.mark.parametrize("creep_mps", [0.03, 0.06, 0.09])
def test_creeping_on_ends_a_movement_and_is_none_of_it(creep_mps):
    way = np.interp(TIMES_S, [2.0, 3.0, 8.0, 9.0], np.cumsum([0.0, 1.0, 5 * creep_mps, 1.0]))
    first, second = measurement.measure(glide(ahead(way))).events_on("forward")
    assert first.amount == pytest.approx(1.0, abs=0.08)
    assert second.amount == pytest.approx(1.0, abs=0.08)
    assert second.start_s - first.end_s > 3.5


def test_slow_drift_is_no_movement():
    slow = 0.05 * np.clip(TIMES_S - 3, 0, 10)
    motions = [
        glide(ahead(slow)),
        glide(ahead(0 * slow, slow)),
        glide(np.stack([0 * slow, slow, 0 * slow], axis=1)),
        glide(ahead(0 * slow), headings_rad=np.radians(5) * np.clip(TIMES_S - 3, 0, 10)),
    ]
    for found in measurement.measure_all(motions):
        assert found.events == ()
        assert found.whole.path_m < 0.02


@given(share=st.floats(0.0, 0.9), length_m=st.floats(1.5, 6.0), side=st.sampled_from([-1, 1]))
@settings(max_examples=30)
def test_a_small_component_of_a_movement_is_drift(share, length_m, side):
    """Aside by some share of the whole way: an event from a fifth of the way on."""
    way = paced(length_m, 1.2, start_s=1.0)
    aside = side * share * way
    found = measurement.measure(glide(ahead(math.sqrt(1 - share**2) * way, aside)))
    if share > 0.21 and share * length_m > 0.16:
        (event,) = found.events_on("left")
        assert event.amount == pytest.approx(side * share * length_m, abs=0.02)
    if share < 0.19 or share * length_m < 0.14:
        assert found.events_on("left") == ()
        assert found.whole.left_m == found.whole.right_m == 0.0
    assert found.whole.net_left_m == pytest.approx(side * share * length_m, abs=0.02)


# Laws --------------------------------------------------------------------------------------------

AMOUNT_SLACK = 3e-4
"""Metres or radians: rounding of the facts and of float32."""

SIDED = {"left", "heading", "left_lean"}

TURNS = ("turn",)
IN_LINE = ("walk", "walk_backward", "sidestep")
IN_PLACE = ("lean", "crouch", "jump", "wave")
TOWARDS: tuple[synthetic.script.Toward, ...] = ("forward", "backward", "left", "right")


def words(*kinds: str) -> st.SearchStrategy:
    """One or two movements, plainly: kind, how much from 0 to 1, and which of four ways."""
    word = st.tuples(st.sampled_from(kinds), st.floats(0, 1), st.integers(0, 3))
    return st.lists(word, min_size=1, max_size=2)


def said(kind: str, much: float, way: int) -> synthetic.Script:
    """One movement that is clearly one, whatever was drawn."""
    side = ("left", "right")[way % 2]
    match kind:
        case "turn":
            return synthetic.turn((-1) ** way * (0.4 + 3.1 * much))
        case "walk":
            return synthetic.walk(0.4 + 2.6 * much)
        case "walk_backward":
            return synthetic.walk_backward(0.4 + 1.6 * much)
        case "sidestep":
            return synthetic.sidestep(0.4 + 0.8 * much, to=side)
        case "lean":
            return synthetic.lean(0.35 + 0.35 * much, toward=TOWARDS[way])
        case "crouch":
            return synthetic.crouch(0.2 + 0.2 * much)
        case "jump":
            return synthetic.jump(0.2 + 0.2 * much)
    return synthetic.wave(side=side, cycles=2)


def acted(drawn: Sequence[tuple[str, float, int]], **options) -> Motion:
    rest = synthetic.pause(1.2)
    script = synthetic.then(*(synthetic.then(said(*word), rest) for word in drawn))
    return perform(script, **options)


rates = st.sampled_from([15.0, 30.0, 60.0])


@given(drawn=words(*TURNS, *IN_LINE, *IN_PLACE), fps=rates, joints=st.booleans())
@settings(max_examples=25)
def test_a_mirror_swaps_left_and_right_and_keeps_the_rest(drawn, fps, joints):
    motion = acted(drawn, fps=fps, joints=joints)
    if joints:
        one, other = measurement.measure_all([motion, synthetic.mirrored(motion)])
    else:
        one = measurement.measure(motion)
        other = measurement.measure(_mirrored_root(motion))
    for event, image in zip(
        sorted(one.events, key=by_signal), sorted(other.events, key=by_signal), strict=True
    ):
        sign = -1 if event.signal in SIDED else 1
        assert event.signal == image.signal
        assert sign * event.amount == pytest.approx(image.amount, abs=AMOUNT_SLACK)
        assert event.start_s == image.start_s
        assert event.end_s == image.end_s
    for name in ("left_m", "body_left_m", "turn_left_rad", "lean_left_rad"):
        opposite = name.replace("left", "right")
        mine, theirs = getattr(one.whole, name), getattr(other.whole, opposite)
        assert mine == pytest.approx(theirs, abs=AMOUNT_SLACK)
    for name in ("forward_m", "away_m", "up_m", "path_m", "max_tilt_rad", "furthest_m"):
        assert getattr(one.whole, name) == pytest.approx(
            getattr(other.whole, name), abs=AMOUNT_SLACK
        )


def _mirrored_root(motion: Motion) -> Motion:
    return Motion.from_arrays(
        orientations_wxyz=np.array(motion.orientations_wxyz) * [1, 1, -1, -1],
        positions_m=np.array(motion.positions_m) * [-1, 1, 1],
        times_s=np.array(motion.times_s),
    )


@given(drawn=words(*IN_LINE, *IN_PLACE), fps=rates, joints=st.booleans())
@settings(max_examples=25)
def test_backwards_in_time_everything_is_undone(drawn, fps, joints):
    """Without a turn both directions of time have the same axes; only the start is another."""
    motion = acted(drawn, fps=fps, joints=joints, gait=None)
    one, other = measurement.measure_all([motion, synthetic.reversed_in_time(motion)])
    for signal in SIGNALS:
        if signal == "start_distance":
            continue
        mirror = list(reversed(other.events_on(signal)))
        assert len(one.events_on(signal)) == len(mirror), signal
        for event, undone in zip(one.events_on(signal), mirror, strict=True):
            assert event.amount == pytest.approx(-undone.amount, abs=0.02)
            assert event.start_s == pytest.approx(one.duration_s - undone.end_s, abs=0.11)
            assert event.end_s == pytest.approx(one.duration_s - undone.start_s, abs=0.11)
    assert one.whole.path_m == pytest.approx(other.whole.path_m, abs=0.02)
    assert one.whole.net_forward_m == pytest.approx(-other.whole.net_forward_m, abs=0.02)


@given(
    drawn=words(*TURNS, *IN_LINE, *IN_PLACE),
    joints=st.booleans(),
    turn_rad=st.floats(-math.pi, math.pi),
    east_m=st.floats(-5000, 5000),
    up_m=st.floats(-100, 100),
)
@settings(max_examples=25)
def test_moving_the_whole_world_changes_nothing(drawn, joints, turn_rad, east_m, up_m):
    motion = acted(drawn, fps=30.0, joints=joints, dtype=np.float64)
    elsewhere = synthetic.moved(motion, turn_rad=turn_rad, shift_m=(east_m, up_m, -east_m))
    one, other = measurement.measure_all([motion, elsewhere])
    for event, same in zip(one.events, other.events, strict=True):
        assert (event.signal, event.start_s, event.end_s) == (
            same.signal,
            same.start_s,
            same.end_s,
        )
        assert event.amount == pytest.approx(same.amount, abs=AMOUNT_SLACK)
    assert [episode.kind for episode in one.episodes] == [e.kind for e in other.episodes]
    for mine, theirs in zip(
        (one.whole, *one.quarters), (other.whole, *other.quarters), strict=True
    ):
        for name in mine.__struct_fields__:
            if name.endswith("_s"):  # where the distance is flat, its extreme may be anywhere
                continue
            slack = 2e-3 if name.endswith("_mps") else AMOUNT_SLACK
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), abs=slack), name


@given(drawn=words(*TURNS, *IN_LINE, *IN_PLACE), fps=rates, joints=st.booleans())
@settings(max_examples=25)
def test_quarters_add_up(drawn, fps, joints):
    found = measurement.measure(acted(drawn, fps=fps, joints=joints))
    for event in found.events:
        assert sum(event.quarter_amounts) == pytest.approx(event.amount, abs=AMOUNT_SLACK)
        for part, quarter in zip(event.quarter_amounts, found.quarters, strict=True):
            if event.end_s <= quarter.start_s or quarter.end_s <= event.start_s:
                assert part == 0.0
    sides = {
        "left": ("left_m", "right_m"),
        "up": ("up_m", "down_m"),
        "forward": ("forward_m", "backward_m"),
        "start_distance": ("away_m", "towards_m"),
        "heading": ("turn_left_rad", "turn_right_rad"),
        "forward_lean": ("lean_forward_rad", "lean_backward_rad"),
        "left_lean": ("lean_left_rad", "lean_right_rad"),
    }
    assert set(sides) == set(SIGNALS)
    for signal, names in sides.items():
        for name, sign in zip(names, (1, -1), strict=True):
            own = [event for event in found.events_on(signal) if sign * event.amount > 0]
            for place, quarter in enumerate(found.quarters):
                parts = sum(abs(event.quarter_amounts[place]) for event in own)
                assert getattr(quarter, name) == pytest.approx(parts, abs=AMOUNT_SLACK)
            whole = sum(getattr(quarter, name) for quarter in found.quarters)
            assert getattr(found.whole, name) == pytest.approx(whole, abs=AMOUNT_SLACK)


def test_an_event_over_two_quarters_gives_each_only_its_part():
    """Five metres at a steady pace from 6 s to 11 s of sixteen: the middle is at 8 s."""
    times_s = np.arange(round(TOTAL_S * 30) + 1) / 30
    found = measurement.measure(glide(ahead(np.clip(times_s - 6.0, 0, 5))))
    (event,) = found.events_on("forward")
    assert event.quarter_amounts == pytest.approx((0.0, 2.0, 3.0, 0.0), abs=0.02)
    assert [quarter.start_s for quarter in found.quarters] == [0.0, 4.0, 8.0, 12.0]
    assert [round(quarter.forward_m, 1) for quarter in found.quarters] == [0.0, 2.0, 3.0, 0.0]


# Excursions and parts, on plain numbers ----------------------------------------------------------

RULES = (
    ExcursionRule(enter=3.0, leave=2.0, peak=3.0),
    ExcursionRule(enter=2.0, leave=1.0, peak=4.0),
)
LANE_FRAMES = 24


def plain_excursions(lane: Sequence[float], rule: ExcursionRule) -> list[tuple[float, int, int]]:
    """Peak, last frame at home and first frame back, by walking along the lane."""
    found, away, home, peak = [], False, 0, 0.0
    for frame, value in enumerate([*lane, None]):
        if away and (value is None or value < rule.leave):
            if peak >= rule.peak:
                found.append((peak, home, frame))
            away = False
        elif not away and value is not None and value >= rule.enter:
            away, peak = True, value
        elif away:
            peak = max(peak, value)
        if not away and value is not None and value < rule.leave:
            home = frame
    return found


def listed(found: events.Excursions, lane: int) -> list[tuple[float, int, int]]:
    places = np.flatnonzero(np.asarray(found.peak[:, lane]))
    return [
        (float(found.peak[at, lane]), int(found.start[at, lane]), int(found.end[at, lane]))
        for at in places
    ]


@given(
    lanes=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5)),
        min_size=LANE_FRAMES,
        max_size=LANE_FRAMES,
    ),
    length=st.integers(1, LANE_FRAMES),
)
def test_excursions_are_what_walking_along_the_lane_finds(lanes, length):
    departure = np.array(lanes, dtype=np.float32)
    found = events.excursions(jnp.array(departure), jnp.array(length), rules=RULES)
    for lane, rule in enumerate(RULES):
        wanted = plain_excursions(departure[:length, lane].tolist(), rule)
        assert listed(found, lane) == wanted
        for peak, start, end in wanted:
            at = np.flatnonzero(np.asarray(found.peak[:, lane]))
            peaks_at = np.asarray(found.peak_at[at, lane])
            inside = [place for place in peaks_at if start <= place < end]
            assert departure[inside[0], lane] == peak


def test_an_excursion_may_begin_before_and_end_after_the_clip():
    lane = jnp.array([4.0, 4.0, 0.0, 0.0, 5.0, 5.0])[:, None]
    found = events.excursions(lane, jnp.array(6), rules=RULES[:1])
    assert listed(found, 0) == [(4.0, 0, 2), (5.0, 3, 6)]
    cut = events.excursions(lane, jnp.array(4), rules=RULES[:1])
    assert listed(cut, 0) == [(4.0, 0, 2)]


@given(
    start=st.integers(0, 20),
    lasts=st.integers(1, 20),
    begin_value=st.floats(-5, 5),
    amount=st.floats(-5, 5),
    cuts=st.lists(st.floats(0, 40), min_size=3, max_size=3),
)
def test_parts_of_a_steady_movement_are_shares_of_its_time(start, lasts, begin_value, amount, cuts):
    bounds = np.array([0.0, *sorted(cuts), 40.0])
    end = start + lasts
    share = np.clip((bounds - start) / lasts, 0, 1)
    parts = events.split(
        (begin_value + share * amount)[None],
        bounds[None],
        start=np.array([start]),
        end=np.array([end]),
        begin_value=np.array([begin_value]),
        amount=np.array([amount]),
    )
    np.testing.assert_allclose(parts[0], amount * np.diff(share), atol=1e-9)
    assert parts.sum() == pytest.approx(amount, abs=1e-9)


def test_what_the_signal_does_outside_a_movement_is_not_part_of_it():
    parts = events.split(
        np.array([[9.0, 9.0, 2.0, 7.0, 7.0]]),
        np.arange(5.0)[None],
        start=np.array([1]),
        end=np.array([3]),
        begin_value=np.array([1.0]),
        amount=np.array([3.0]),
    )
    np.testing.assert_allclose(parts, [[0.0, 1.0, 2.0, 0.0]])


def test_the_way_walked_counts_every_direction():
    steps = np.random.default_rng(5).normal(size=(50, 3)).astype(np.float32)
    way = np.asarray(events.walked_m(jnp.array(steps)))
    lengths = np.linalg.norm(np.diff(steps, axis=0), axis=1)
    np.testing.assert_allclose(way, [0.0, *np.cumsum(lengths)], rtol=1e-5)


def test_only_components_of_the_root_can_be_drift():
    count = len(SIGNALS)
    small = events.is_drift(np.arange(count), np.full(count, -0.3), np.full(count, 2.0))
    assert [SIGNALS[place] for place in np.flatnonzero(small)] == ["left", "up", "forward"]
    large = events.is_drift(np.arange(count), np.full(count, -0.5), np.full(count, 2.0))
    assert not large.any()
