"""Precision, recall and errors on motions whose events are known, and on what is no event."""

import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kinematics import synthetic
from kinematics.facts import ANGULAR_SIGNALS, SIGNALS, MotionFacts
from kinematics.movement import measurement
from kinematics.synthetic.score import Tally, tally

ROOT = Path(__file__).resolve().parents[2]

RATES = (10.0, 15.0, 24.0, 30.0, 60.0, 120.0)
KINDS = (*SIGNALS, "jump", "crouch", "lower", "rise")
CLIPS = 52
"""Four rounds through every kind of movement that a corpus has."""

TRACKER = {"jitter_m": 0.005, "jitter_rad": math.radians(1)}
"""What a good tracker adds to every frame."""


def by_kind(performances: Iterable[synthetic.Performance]) -> dict[str, Tally]:
    """How the facts of some performances agree with their truth."""
    shown = list(performances)
    tallies: dict[str, Tally] = {kind: Tally() for kind in KINDS}
    found = measurement.measure_all(performance.motion for performance in shown)
    for performance, facts in zip(shown, found, strict=True):
        tally(performance.truth, facts, into=tallies)
    return tallies


def errors(tallies: dict[str, Tally], kind: str) -> np.ndarray:
    """Sizes of the errors of one kind's amounts, in centimetres or degrees."""
    scale = math.degrees(1) if kind in ANGULAR_SIGNALS else 100
    return scale * np.abs(tallies[kind].amount_errors)


def claims(facts: MotionFacts) -> list[str]:
    """All that is said to have happened."""
    return [event.signal for event in facts.events] + [one.kind for one in facts.episodes]


# What happens is found ---------------------------------------------------------------------------


@pytest.mark.parametrize("jitter", [{}, TRACKER], ids=["exact", "tracked"])
@pytest.mark.parametrize("fps", [10.0, 30.0, 120.0])
def test_every_event_is_found_and_none_is_invented(fps, jitter):
    tallies = by_kind(synthetic.corpus(CLIPS, seed=5, fps=fps, joints=False, **jitter))
    for kind, one in tallies.items():
        assert (one.missed, one.invented) == (0, 0), kind
        assert one.found >= 3, kind
    assert sum(one.found for one in tallies.values()) > 300
    for kind in KINDS:
        # gait moves the root, and a tracked first heading turns all that follows
        typical, most = (0.3, 3.0) if not jitter else (1.2, 5.0)
        assert np.median(errors(tallies, kind)) < typical + 0.8 * (kind == "jump"), kind
        assert np.quantile(errors(tallies, kind), 0.95) < most, kind
    # the windows that take the gait out spread turns by a quarter of a second at either end
    off_s = np.abs(tallies["heading"].time_errors_s)
    assert np.median(off_s) < 0.06
    assert np.quantile(off_s, 0.95) < 0.2


@pytest.mark.parametrize("jitter", [{}, TRACKER], ids=["exact", "tracked"])
def test_joints_change_nothing_about_it(jitter):
    corpus = synthetic.corpus(CLIPS, seed=6, **jitter)
    tallies = by_kind(one for one in corpus if 9.0 < one.motion.duration_s < 17.0)
    for kind, one in tallies.items():
        assert (one.missed, one.invented) == (0, 0), kind
    assert sum(one.found for one in tallies.values()) > 100


@pytest.fixture(scope="module")
def gliding() -> dict[str, Tally]:
    """A corpus whose roots glide: what is measured is what the script says, to the millimetre."""
    return by_kind(
        synthetic.perform(
            performance.script,
            gait=None,
            joints=False,
            fps=RATES[place % len(RATES)],
            start_heading_rad=0.7 * place,
            start_position_m=(0.5 * place, 0.0, -1.0 * place),
        )
        for place, performance in enumerate(synthetic.corpus(CLIPS, seed=9, joints=False))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_amounts_are_within_two_centimetres_and_two_degrees(gliding, kind):
    one = gliding[kind]
    assert (one.missed, one.invented) == (0, 0)
    # who passes the start between two frames is nearest to it between them
    most = 5.0 if kind == "start_distance" else 2.0
    assert errors(gliding, kind).max() < most
    assert np.quantile(errors(gliding, kind), 0.97) < 2.0


@pytest.mark.parametrize("kind", KINDS)
def test_starts_and_ends_are_within_a_third_of_a_second(gliding, kind):
    off_s = np.abs(gliding[kind].time_errors_s)
    # crouches count from their threshold on, and turns ease in and out below the still speed
    slow = {
        "heading": (0.15, 0.35),
        "crouch": (0.3, 0.45),
        "lower": (0.3, 0.45),
        "rise": (0.3, 0.45),
    }
    usual, most = slow.get(kind, (0.1, 0.2))
    assert np.quantile(off_s, 0.95) < usual
    assert off_s.max() < most


# What does not happen is not found ---------------------------------------------------------------


def standing(seeds: range, *, joints: bool) -> Iterator[synthetic.Performance]:
    """People who stand for ten seconds before a tracker that jitters."""
    for seed in seeds:
        yield synthetic.perform(
            synthetic.stand(10.0),
            fps=RATES[seed % len(RATES)],
            seed=seed,
            joints=joints,
            start_heading_rad=0.1 * seed,
            clip=f"stand {seed}",
            **TRACKER,
        )


def straight(
    seeds: range, *, joints: bool, lasts_s: tuple[float, float] = (1.7, 6.0)
) -> Iterator[synthetic.Performance]:
    """Walks and runs straight ahead that sway as people do; every other is cut in mid-stride.

    `lasts_s` bounds the time at full speed, to which speeding up and slowing down are added.
    """
    for seed in seeds:
        draw = synthetic.generator("straight", seed)
        runs = draw.random() < 0.3
        speed_mps = draw.uniform(2.2, 3.5) if runs else draw.uniform(0.7, 1.8)
        cut_s = (draw.uniform(0.4, 1.5), draw.uniform(0.4, 1.2)) if seed % 2 else (0.0, 0.0)
        way_m = speed_mps * (draw.uniform(*lasts_s) + sum(cut_s))
        gait = synthetic.Gait(
            pelvis_yaw_rad=math.radians(draw.uniform(5, 34)),
            roll_rad=math.radians(draw.uniform(2, 30 if speed_mps > 1.4 else 16)),
            pitch_rad=math.radians(draw.uniform(1, 6)),
            bob_m=draw.uniform(0.03, 0.05),
            run_bob_m=draw.uniform(0.13, 0.16),
            sway_m=draw.uniform(0.03, 0.05),
            shoulder_share=draw.uniform(0.6, 1.0),
            slip=draw.uniform(-0.025, 0.025),
        )
        yield synthetic.perform(
            (synthetic.run if runs else synthetic.walk)(way_m, speed_mps=speed_mps),
            fps=float(draw.choice(RATES)),
            seed=seed,
            gait=gait,
            joints=joints,
            cut_s=cut_s,
            start_heading_rad=draw.uniform(-math.pi, math.pi),
            clip=f"straight {seed}",
        )


@pytest.mark.parametrize(("seeds", "joints"), [(1000, False), (100, True)], ids=["root", "joints"])
def test_standing_still_is_no_event(seeds, joints):
    motions = (performance.motion for performance in standing(range(seeds), joints=joints))
    claimed = {facts.clip: claims(facts) for facts in measurement.measure_all(motions)}
    assert len(claimed) == seeds
    assert {clip: found for clip, found in claimed.items() if found} == {}


@pytest.mark.parametrize(("seeds", "joints"), [(1000, False), (100, True)], ids=["root", "joints"])
def test_walking_straight_is_one_movement_forward(seeds, joints):
    motions = (performance.motion for performance in straight(range(seeds), joints=joints))
    others = {}
    shortest_s = math.inf
    for facts in measurement.measure_all(motions):
        shortest_s = min(shortest_s, facts.duration_s)
        if sorted(claims(facts)) != ["forward", "start_distance"]:
            others[facts.clip] = claims(facts)
        for event in facts.events_on("forward"):
            assert event.amount == pytest.approx(facts.whole.net_forward_m, abs=0.03)
        assert facts.shape.shape == "straight"
    assert others == {}
    assert 2.0 <= shortest_s < 2.5


def test_even_a_stride_and_a_half_rarely_looks_like_a_turn():
    """Clips of 1.5 to 2 s are too short to tell sway from turning for sure: nearly all are right.

    Measured on 1,700: one in eight goes wrong at 1.5 s, one in seventy at 1.7 s, none at 2 s.
    """
    performances = straight(range(1000, 2000), joints=False, lasts_s=(0.8, 1.8))
    short = [one.motion for one in performances if 1.5 <= one.motion.duration_s <= 2.0]
    wrong = Counter(
        tuple(sorted(set(claims(facts)) - {"forward", "start_distance"}))
        for facts in measurement.measure_all(short)
    )
    assert len(short) > 300
    assert sum(count for found, count in wrong.items() if found) < 0.07 * len(short), wrong
    assert set().union(*wrong) <= {"heading", "left", "left_lean"}


# The report --------------------------------------------------------------------------------------


def test_the_report_runs_as_it_is_documented():
    command = [sys.executable, "benchmarks/event_accuracy.py", "--clips", "2", "--fps", "30"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for signal in SIGNALS:
        assert done.stdout.count(f"│ {signal} ") == 4  # one table for each amount of jitter
    for millimetres in (0, 5, 10, 20):
        assert f"30 frames/s, jitter {millimetres} mm" in done.stdout
