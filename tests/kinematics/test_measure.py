"""From motions to facts: the same however a clip is handed over, and honest about gaps."""

import itertools
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import facts, synthetic
from kinematics.facts import MotionFacts, WindowFacts
from kinematics.motion import Motion
from kinematics.movement import batch, measurement

SRC = Path(measurement.__file__).parents[1]

CORPUS = """
from kinematics import synthetic
motions = [
    performance.motion
    for joints in (False, True)
    for performance in synthetic.corpus(7, seed=11, joints=joints, jitter_m=0.003)
    if 5.0 < performance.motion.duration_s < 17.0
]
"""


def corpus() -> list[Motion]:
    """Clips of any kind and rate, with and without joints, that share one padded length each."""
    scope: dict[str, list[Motion]] = {}
    exec(CORPUS, scope)  # the very lines that the other process runs
    return scope["motions"]


def lines(clips: Iterator[MotionFacts]) -> list[bytes]:
    return [facts.to_line(clip) for clip in clips]


def walk(*, joints: bool = False, **options) -> Motion:
    script = synthetic.then(
        synthetic.stand(1.5), synthetic.walk(6.0), synthetic.turn(1.5), synthetic.stand(4.0)
    )
    return synthetic.perform(script, joints=joints, **options).motion


def with_lost(motion: Motion, start_s: float, end_s: float) -> Motion:
    """The motion with a stretch in which the person was not seen, marked by NaN."""
    times_s = np.array(motion.times_s)
    lost = (times_s >= start_s) & (times_s < end_s)
    positions_m = np.where(lost[:, None], np.nan, np.array(motion.positions_m))
    return Motion.from_arrays(
        orientations_wxyz=np.array(motion.orientations_wxyz),
        positions_m=positions_m.astype(np.float32),
        times_s=times_s,
        source=motion.source,
    )


# The same however it is handed over --------------------------------------------------------------


@pytest.fixture(scope="module")
def alone() -> tuple[list[Motion], list[bytes]]:
    """Clips, and the line of each when it is measured by itself."""
    motions = corpus()
    return motions, [facts.to_line(measurement.measure(motion)) for motion in motions]


def test_a_clip_is_the_same_to_the_bit_alone_and_among_others(alone):
    motions, wanted = alone
    assert lines(measurement.measure_all(motions)) == wanted
    assert lines(measurement.measure_all(motions * 3)) == wanted * 3


@given(data=st.data())
@settings(max_examples=10)
def test_no_order_and_no_neighbour_changes_a_bit(alone, data):
    motions, wanted = alone
    order = data.draw(st.lists(st.sampled_from(range(len(motions))), min_size=1, max_size=20))
    found = lines(measurement.measure_all(motions[place] for place in order))
    assert found == [wanted[place] for place in order]


def test_another_process_finds_the_same_bits(alone):
    _, wanted = alone
    program = f"""{CORPUS}
import sys
from kinematics import facts
from kinematics.movement import measurement
for clip in measurement.measure_all(reversed(motions)):
    sys.stdout.buffer.write(facts.to_line(clip) + b"\\n")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SRC), "PYTHONHASHSEED": "77"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.splitlines() == wanted[::-1]


def test_clips_come_in_order_as_soon_as_they_can(monkeypatch):
    """Three long clips wait for no more than the most that may wait; nothing is read ahead."""
    monkeypatch.setattr(measurement, "MOST_WAITING", 5)
    long, short = walk(fps=10.0), walk(fps=10.0)
    short = Motion.from_arrays(
        orientations_wxyz=np.array(short.orientations_wxyz[:15]),
        positions_m=np.array(short.positions_m[:15]),
        fps=10.0,
    )
    read: list[str] = []

    def stream() -> Iterator[Motion]:
        for index in range(12):
            read.append(f"clip {index}")
            yield (long, short)[index % 2].renamed(clip=f"clip {index}")

    found = measurement.measure_all(stream())
    assert read == []
    assert next(found).clip == "clip 0"
    assert len(read) == 5
    assert [clip.clip for clip in found] == [f"clip {index}" for index in range(1, 12)]


def test_progress_counts_up_to_all_clips():
    counts: list[int] = []
    clips = list(measurement.measure_all([walk(fps=10.0)] * 3, progress=counts.append))
    assert len(clips) == counts[-1] == 3
    assert counts == sorted(counts)
    assert list(measurement.measure_all([])) == []


def test_ten_shapes_hold_all_lengths():
    """A corpus of 30 to 3,000 frames at any rate costs at most ten compilations of each step."""
    shapes, compiled = set(), set()
    for frames, fps in itertools.product(range(30, 3001, 9), (10.0, 30.0, 120.0)):
        still = Motion.from_arrays(
            orientations_wxyz=np.tile(np.float32([1, 0, 0, 0]), (frames, 1)),
            positions_m=np.zeros((frames, 3), np.float32),
            fps=fps,
        )
        shape = batch.shape_of(batch.prepare(still), frame="first_heading", dtype="float32")
        shapes.add(shape)
        compiled.add((shape.frames, shape.rows))
        assert shape.rows * shape.frames <= max(batch.FRAMES_A_CALL, shape.frames)
    assert len(shapes) == len(compiled) <= 10


def test_a_shape_is_compiled_once_whatever_fills_it():
    motions = [walk(fps=10.0), walk(fps=12.5), walk(fps=10.0, seed=4)]
    step = measurement._batched(measurement._signals)
    list(measurement.measure_all(motions))
    before = step._cache_size()
    for count in (1, 2, 3):
        list(measurement.measure_all(motions[:count] * 2))
    assert step._cache_size() == before


# Precision ---------------------------------------------------------------------------------------


def test_double_precision_agrees(alone):
    motions, _ = alone
    motions = [motion for motion in motions if motion.joints_m is None]
    single, double = (
        list(measurement.measure_all(motions, dtype=dtype)) for dtype in ("float32", "float64")
    )
    for one, other in zip(single, double, strict=True):
        assert [event.signal for event in one.events] == [event.signal for event in other.events]
        for event, same in zip(one.events, other.events, strict=True):
            assert event.amount == pytest.approx(same.amount, abs=1e-3)
            assert event.start_s == pytest.approx(same.start_s, abs=0.034)
        for name in WindowFacts.__struct_fields__:
            if name.endswith(("_m", "_rad")):
                mine, theirs = getattr(one.whole, name), getattr(other.whole, name)
                assert mine == pytest.approx(theirs, abs=2e-3), name


def test_a_clip_far_from_the_origin_loses_nothing():
    """At a thousand kilometres float32 tells nothing below six centimetres apart."""
    here = walk(dtype=np.float64)
    there = synthetic.moved(here, shift_m=(900_000.0, 100.0, -900_000.0))
    one, other = measurement.measure_all([here, there])
    assert one.whole.path_m == pytest.approx(other.whole.path_m, abs=1e-3)
    assert [event.amount for event in one.events] == pytest.approx(
        [event.amount for event in other.events], abs=1e-3
    )


def test_times_count_from_the_first_frame():
    here = walk()
    stamped = Motion.from_arrays(
        orientations_wxyz=np.array(here.orientations_wxyz),
        positions_m=np.array(here.positions_m),
        times_s=1.7e9 + np.array(here.times_s),
        source=here.source,
    )
    one, other = measurement.measure_all([here, stamped])
    assert one.events == other.events
    assert one.duration_s == other.duration_s


@pytest.mark.parametrize("dtype", ["float16", "double", ""])
def test_another_precision_is_refused(dtype):
    with pytest.raises(ValueError, match="expected float32 or float64"):
        list(measurement.measure_all([walk()], dtype=dtype))


# Frames of reference -----------------------------------------------------------------------------


def test_in_the_body_frame_a_circle_is_all_forward():
    script = synthetic.then(synthetic.arc(1.2, 2 * math.pi), synthetic.stand(2.0))
    motion = synthetic.perform(script, gait=None, joints=False).motion
    body = measurement.measure(motion, frame="body")
    (event,) = body.events_on("forward")
    assert body.frame == "body"
    assert event.amount == pytest.approx(1.2 * 2 * math.pi, abs=0.1)
    assert body.events_on("left") == ()
    world = measurement.measure(motion)
    assert world.whole.net_forward_m == pytest.approx(0.0, abs=0.1)
    assert len(world.events_on("forward")) == 3
    assert len(world.events_on("left")) == 2
    assert world.shape.shape == "loop"


def test_left_and_right_are_the_viewers_in_the_camera_frame():
    """A camera that faces the subject sees a step to the subject's left go to its own right."""
    script = synthetic.then(synthetic.sidestep(1.2, to="left"), synthetic.stand(2.0))
    seen = synthetic.perform(script, gait=None, joints=False).motion
    count = seen.frames
    # OpenCV looks along +Z with +Y down; half a turn about X looks at the subject, who faces +Z
    facing = np.array([0.0, 1.0, 0.0, 0.0])
    behind = np.array([0.0, 0.0, 0.0, 1.0])
    found = {}
    for name, camera in (("front", facing), ("behind", behind)):
        motion = Motion.from_arrays(
            orientations_wxyz=np.array(seen.orientations_wxyz),
            positions_m=np.array(seen.positions_m),
            times_s=np.array(seen.times_s),
            camera_orientations_wxyz=np.tile(camera, (count, 1)),
            camera_positions_m=np.tile([0.0, 1.5, 4.0], (count, 1)),
        )
        found[name] = measurement.measure(motion, frame="camera")
    assert found["front"].frame == "camera"
    assert found["front"].whole.net_left_m == pytest.approx(-1.2, abs=0.01)
    assert found["behind"].whole.net_left_m == pytest.approx(1.2, abs=0.01)
    assert found["front"].whole.body_left_m == pytest.approx(1.2, abs=0.05)
    assert found["front"].whole.body_right_m == 0.0


def test_the_first_pose_is_refused_with_a_cure():
    with pytest.raises(ValueError, match=r"frame 'first_pose': .* use anchor\.to_first_pose"):
        measurement.measure(walk(), frame="first_pose")
    with pytest.raises(ValueError, match=r"use anchor\.to_first_pose"):
        measurement.trace(walk(), frame="first_pose")


def test_a_camera_frame_without_a_camera_is_refused_by_the_clips_name():
    with pytest.raises(ValueError, match="clip_3: no camera poses"):
        measurement.measure(walk().renamed(clip="clip_3"), frame="camera")


# What was not seen -------------------------------------------------------------------------------


@given(start_s=st.floats(0.0, 10.0), lost_s=st.floats(0.0, 4.0))
@settings(max_examples=20)
def test_coverage_is_the_share_of_the_time_in_which_the_person_was_seen(start_s, lost_s):
    motion = walk()
    found = measurement.measure(with_lost(motion, start_s, start_s + lost_s))
    end_s = min(start_s + lost_s, motion.duration_s)
    unseen_s = max(end_s - start_s, 0.0)
    assert found.coverage == pytest.approx(1 - unseen_s / motion.duration_s, abs=2 / 300)
    for quarter in found.quarters:
        inside = min(end_s, quarter.end_s) - max(start_s, quarter.start_s)
        share = max(inside, 0.0) / (quarter.end_s - quarter.start_s)
        assert quarter.coverage == pytest.approx(1 - share, abs=0.03)
    for event in found.events:
        inside = min(end_s, event.end_s) - max(start_s, event.start_s)
        share = max(inside, 0.0) / (event.end_s - event.start_s)
        two_frames = 2 / 30 / (event.end_s - event.start_s)
        assert event.coverage == pytest.approx(1 - share, abs=0.01 + two_frames)


def test_a_short_gap_is_bridged_and_counted():
    motion = walk()
    whole, bridged = measurement.measure_all([motion, with_lost(motion, 3.0, 3.4)])
    assert bridged.coverage < 0.98 < whole.coverage == 1.0
    (event,), (same,) = whole.events_on("forward"), bridged.events_on("forward")
    assert same.amount == pytest.approx(event.amount, abs=0.02)
    assert same.coverage < event.coverage == 1.0


def test_no_event_lies_across_a_long_gap():
    """The person walks out of sight, and on: two parts were seen, and only they are told."""
    found = measurement.measure(with_lost(walk(), 3.0, 5.0))
    for event in found.events:
        assert event.end_s <= 3.1 or event.start_s >= 4.9, event
        assert event.coverage > 0.9
    first, second = found.events_on("forward")
    assert 1.0 < first.amount < 3.0
    assert 1.0 < second.amount < 3.0
    assert found.whole.net_forward_m == pytest.approx(6.0, abs=0.1)
    assert found.whole.path_m == pytest.approx(first.amount + second.amount, abs=0.15)


def test_someone_who_was_never_seen_did_nothing():
    found = measurement.measure(with_lost(walk(), 0.0, 1e9))
    assert found.coverage == found.posture.heading_coverage == 0.0
    assert found.events == found.episodes == ()
    assert found.shape.shape == "stays"
    for window in (found.whole, *found.quarters):
        for name in WindowFacts.__struct_fields__:
            if name not in ("start_s", "end_s"):
                assert getattr(window, name) in (0.0, window.start_s, window.end_s), name


def test_a_track_that_begins_late_starts_where_it_begins():
    motion = walk()
    found = measurement.measure(with_lost(motion, 0.0, 1.0))
    (event,) = found.events_on("forward")
    assert event.amount == pytest.approx(6.0, abs=0.02)
    assert found.quarters[0].start_distance_m == 0.0


def test_dropped_frames_are_a_gap_in_the_times():
    """The same motion with every third frame missing, and with a third of a second missing."""
    motion = walk(fps=60.0)
    kept = np.arange(motion.frames) % 3 > 0
    kept &= (motion.times_s < 4.0) | (motion.times_s > 4.3)
    thinned = Motion.from_arrays(
        orientations_wxyz=np.array(motion.orientations_wxyz)[kept],
        positions_m=np.array(motion.positions_m)[kept],
        times_s=np.array(motion.times_s)[kept],
    )
    one, other = measurement.measure_all([motion, thinned])
    for signal in facts.SIGNALS:
        for event, same in zip(one.events_on(signal), other.events_on(signal), strict=True):
            assert event.amount == pytest.approx(same.amount, abs=0.02)
            assert event.start_s == pytest.approx(same.start_s, abs=0.07)
    assert other.duration_s == pytest.approx(one.duration_s, abs=0.034)
    assert 0.9 < other.coverage < 1.0


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("joints", [False, True], ids=["root", "joints"])
def test_a_frame_or_two_are_enough(frames, joints):
    whole = walk(joints=joints)
    few = Motion.from_arrays(
        orientations_wxyz=np.array(whole.orientations_wxyz[:frames]),
        positions_m=np.array(whole.positions_m[:frames]),
        joints_m=np.array(whole.joints_m[:frames]) if joints else None,
        skeleton=whole.skeleton,
        fps=30.0,
    )
    found = measurement.measure(few)
    assert found.frames == frames
    assert found.duration_s == pytest.approx((frames - 1) / 30, abs=1e-4)
    assert found.coverage == 1.0
    assert found.events == found.episodes == ()
    assert len(found.samples) == 1
    assert facts.from_line(facts.to_line(found)) == found


# One clip, several views -------------------------------------------------------------------------


def test_the_whole_is_what_the_quarters_make():
    for found in measurement.measure_all(corpus()):
        whole, quarters = found.whole, found.quarters

        def over(name: str, quarters: tuple[WindowFacts, ...] = quarters) -> list[float]:
            return [getattr(quarter, name) for quarter in quarters]

        assert (whole.start_s, whole.end_s) == (quarters[0].start_s, quarters[-1].end_s)
        assert whole.start_s == 0.0
        assert whole.end_s == found.duration_s
        for before, after in itertools.pairwise(quarters):
            assert before.end_s == after.start_s
            assert before.end_distance_m == after.start_distance_m
        assert whole.start_distance_m == quarters[0].start_distance_m
        assert whole.end_distance_m == quarters[-1].end_distance_m
        for name in ("furthest_m", "peak_speed_mps", "max_tilt_rad"):
            assert getattr(whole, name) == max(over(name)), name
        assert whole.closest_m == min(over("closest_m"))
        for name in ("furthest", "closest"):
            place = over(f"{name}_m").index(getattr(whole, f"{name}_m"))
            assert getattr(whole, f"{name}_s") == over(f"{name}_s")[place]
        for name in ("mean_speed_mps", "coverage"):
            assert getattr(whole, name) == pytest.approx(sum(over(name)) / 4, abs=2e-4), name
        summed = [
            name
            for name in WindowFacts.__struct_fields__
            if name.endswith(("_m", "_rad"))
            and not name.startswith(("furthest", "closest", "start_", "end_", "max_"))
        ]
        assert len(summed) == 23
        for name in summed:
            assert getattr(whole, name) == pytest.approx(sum(over(name)), abs=3e-4), name
        for name in ("net_turn_rad", "turn_left_rad", "turn_right_rad", "max_tilt_rad"):
            assert getattr(found.posture, name) == getattr(whole, name)
        assert found.shape.extent_m == whole.furthest_m


def test_a_trace_shows_what_the_facts_say():
    motion = walk(joints=True, seed=5)
    found, seen = measurement.measure(motion), measurement.trace(motion)
    count = len(seen.times_s)
    assert seen.times_s[-1] == pytest.approx(found.duration_s, abs=1e-4)
    assert seen.signals.shape == seen.raw.shape == (count, len(facts.SIGNALS))
    assert seen.observed.all()
    for event in found.events:
        values = seen.signals[:, facts.SIGNALS.index(event.signal)]
        start, end = np.interp([event.start_s, event.end_s], seen.times_s, values)
        assert end - start == pytest.approx(event.amount, abs=0.06)
    for sample in found.samples:
        at = int(np.argmin(np.abs(seen.times_s - sample.time_s)))
        place = [sample.left_m, sample.up_m, sample.forward_m]
        np.testing.assert_allclose(seen.positions_m[at], place, atol=1e-4)
        assert seen.heading_rad[at] == pytest.approx(sample.heading_rad, abs=1e-4)
    lost = measurement.trace(with_lost(walk(), 3.0, 5.0))
    assert not lost.observed[(lost.times_s > 3.1) & (lost.times_s < 4.8)].any()


def test_facts_say_whose_they_are_and_how_they_were_measured():
    motion = walk(joints=True, fps=24.0).renamed(
        clip="b", take="c", person=2, path="d.npz", shared_world=False, notes=("e",)
    )
    found = measurement.measure(motion)
    source = (found.clip, found.take, found.person, found.path, found.shared_world, found.notes)
    assert source == ("b", "c", 2, "d.npz", False, ("e",))
    assert (found.frames, found.fps, found.frame) == (motion.frames, 24.0, "first_heading")
    assert found.has_joints
    assert found.posture.lean_of == "trunk"
    assert len(found.thresholds) == 12
    root = measurement.measure(walk(fps=24.0))
    assert root.posture.lean_of == "pelvis"
    assert not root.has_joints
    assert root.parts == ()


def test_signals_of_many_motions_are_those_of_each_alone() -> None:
    corpus = [one.motion for one in synthetic.corpus(5, seed=3, joints=False)]
    for together, motion in zip(measurement.trace_all(corpus), corpus, strict=True):
        alone = measurement.trace(motion)
        for name, one, other in zip(alone._fields, together, alone, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
