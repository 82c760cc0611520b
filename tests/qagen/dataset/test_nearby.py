"""Recordings of one motion are found, others are not, and the cost does not explode."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinematics import synthetic
from kinematics.facts import MotionFacts, PathSample
from kinematics.movement import measurement
from qagen.build import same_motion
from qagen.build.same_motion import Finder, Track


def walked(seed: int, *, step_m: float = 0.5) -> list[PathSample]:
    """A smooth wandering path of ten seconds."""
    generator = np.random.default_rng(seed)
    heading = np.cumsum(generator.normal(0, 0.4, 51))
    left, forward = (np.cumsum(step_m * f(heading)) for f in (np.sin, np.cos))
    return [
        PathSample(time_s=i / 5, left_m=float(x), up_m=0.0, forward_m=float(z), heading_rad=0.0)
        for i, (x, z) in enumerate(zip(left, forward, strict=True))
    ]


def track(samples: list[PathSample], *, duration_s: float = 10.0) -> Track:
    return Track(duration_s, same_motion._resampled(samples))


def changed(
    samples: list[PathSample], *, turn_rad: float = 0.0, mirror: bool = False, scale: float = 1.0
) -> list[PathSample]:
    cos, sin = scale * math.cos(turn_rad), scale * math.sin(turn_rad)
    return [
        msgspec.structs.replace(
            one,
            left_m=cos * x + sin * one.forward_m,
            forward_m=cos * one.forward_m - sin * x,
        )
        for one in samples
        for x in [-one.left_m if mirror else one.left_m]
    ]


@given(
    st.integers(0, 99), st.floats(-math.pi, math.pi), st.booleans(), st.floats(0.985, 1.015),
    st.floats(-0.2, 0.2),
)  # fmt: skip
def test_another_view_of_a_motion_is_found(
    seed: int, turn_rad: float, mirror: bool, scale: float, later_s: float
) -> None:
    samples = walked(seed)
    other = changed(samples, turn_rad=turn_rad, mirror=mirror, scale=scale)
    finder = Finder()
    assert finder.add("one", track(samples)) == []
    assert finder.add("other", track(other, duration_s=10.0 + later_s)) == ["one"]


@given(st.integers(0, 99), st.sampled_from([0.8, 1.25]))
def test_another_size_or_duration_is_another_motion(seed: int, factor: float) -> None:
    samples = walked(seed)
    finder = Finder()
    finder.add("one", track(samples))
    assert finder.add("larger", track(changed(samples, scale=factor))) == []
    assert finder.add("longer", track(samples, duration_s=10 * factor)) == []


@given(st.lists(st.integers(0, 12), min_size=2, max_size=12), st.floats(0.9, 1.1))
def test_cells_hide_no_pair_that_is_alike(seeds: list[int], scale: float) -> None:
    tracks = [
        track(changed(walked(seed), scale=scale if i % 2 else 1.0)) for i, seed in enumerate(seeds)
    ]
    finder, kept = Finder(), []
    for i, one in enumerate(tracks):
        expected = [str(j) for j in kept if same_motion.alike(one, tracks[j])]
        assert sorted(finder.add(str(i), one)) == sorted(expected)
        if not expected:
            kept.append(i)


@given(st.integers(0, 50), st.integers(0, 50))
def test_likeness_is_mutual(one: int, other: int) -> None:
    a, b = track(walked(one)), track(walked(other))
    assert same_motion.alike(a, b) == same_motion.alike(b, a)


def test_heights_count() -> None:
    samples = walked(1)
    climbing = [msgspec.structs.replace(one, up_m=one.time_s / 2) for one in samples]
    assert not same_motion.alike(track(samples), track(climbing))


def test_clips_of_a_corpus_are_told_apart(corpus: list[MotionFacts]) -> None:
    finder = Finder()
    tracks = [(one.clip, same_motion.track_of(one)) for one in corpus]
    moving = [(name, one) for name, one in tracks if one is not None]
    assert len(moving) > len(corpus) / 2
    found = [other for name, one in moving for other in finder.add(name, one)]
    assert len(found) <= len(moving) // 20


def test_a_motion_that_was_tracked_again_is_found(corpus: list[MotionFacts]) -> None:
    names = {one.clip for one in corpus}
    noisy = synthetic.corpus(
        200, seed=5, fps=10.0, joints=False, jitter_m=0.02, jitter_rad=math.radians(2)
    )
    motions = (one.motion for one in noisy if one.motion.source.clip in names)
    again = {one.clip: one for one in measurement.measure_all(motions)}
    finder, found = Finder(), []
    tracks = {one.clip: same_motion.track_of(one) for one in corpus if one.shape.extent_m > 1.2}
    for name, one in tracks.items():
        assert one is not None
        finder.add(name, one)
    for name in tracks:
        other = same_motion.track_of(again[name])
        assert other is not None
        found.append(name in finder.add(f"{name} again", other))
    assert sum(found) >= 0.9 * len(found)


def test_who_stays_has_no_track(corpus: list[MotionFacts]) -> None:
    staying = [one for one in corpus if one.shape.extent_m < same_motion.LEAST_EXTENT_M]
    assert staying
    assert all(same_motion.track_of(one) is None for one in staying)


def test_few_pairs_are_laid_over_each_other() -> None:
    count = 2000
    finder = Finder()
    for seed in range(count):
        finder.add(str(seed), track(walked(seed), duration_s=5 + seed % 200 / 10))
    assert finder.laid < count / 10  # of two million pairs


@pytest.mark.parametrize("count", [0, 1])
def test_a_path_without_two_places_has_no_track(corpus: list[MotionFacts], count: int) -> None:
    moving = next(one for one in corpus if same_motion.track_of(one))
    short = msgspec.structs.replace(moving, samples=moving.samples[:count])
    assert same_motion.track_of(short) is None
