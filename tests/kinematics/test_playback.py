"""What the view shows: bones, the figure on its floor, which movements are under way."""

import dataclasses
import itertools
import math
import socket
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from kinematics import facts, skeleton, synthetic
from kinematics.commands.app import app
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.readers import native
from kinematics.show import playback, view
from kinematics.show.playback import Movement
from kinematics.skeleton import POINTS

TO_LEFT_FOOT = ("pelvis", "left_hip", "left_knee", "left_ankle", "left_foot")
TO_RIGHT_WRIST = (*("pelvis", "chest", "neck", "right_shoulder", "right_elbow", "right_wrist"),)


@pytest.fixture(scope="module")
def walker() -> Motion:
    script = synthetic.then(synthetic.walk(3.0), synthetic.turn(math.pi / 2))
    return synthetic.perform(script, fps=30.0).motion


def named(pairs: tuple[tuple[int, int], ...]) -> set[tuple[str, str]]:
    return {(POINTS[start], POINTS[end]) for start, end in pairs}


def seen_by(motion: Motion, observed: np.ndarray) -> Motion:
    return dataclasses.replace(motion, observed=observed)


# Bones


def test_a_whole_body_has_a_bone_to_every_point_but_the_pelvis() -> None:
    found = named(playback.bones(skeleton.CANONICAL))
    assert sorted(end for _, end in found) == sorted(set(POINTS) - {"pelvis"})
    for chain in (TO_LEFT_FOOT, TO_RIGHT_WRIST):
        assert set(itertools.pairwise(chain)) <= found


@given(there=st.sets(st.sampled_from(POINTS)))
def test_bones_join_points_that_are_there_past_those_that_are_not(there: set[str]) -> None:
    points = tuple((place,) if name in there else () for place, name in enumerate(POINTS))
    found = named(
        playback.bones(skeleton.Skeleton(name="some", joints=tuple(POINTS), points=points))
    )
    assert {name for bone in found for name in bone} <= there
    assert len({end for _, end in found}) == len(found)
    for chain in (TO_LEFT_FOOT, TO_RIGHT_WRIST):
        left = [name for name in chain if name in there]
        assert set(itertools.pairwise(left)) <= found


def test_points_made_of_the_same_joints_have_no_bone_between_them() -> None:
    found = named(playback.bones(skeleton.COCO_17))  # whose feet are its ankles
    assert ("left_knee", "left_ankle") in found
    assert not [end for _, end in found if end.endswith("foot")]


def test_bones_cross_to_the_other_side_only_as_mirrored(walker: Motion) -> None:
    assert walker.skeleton is not None
    found = named(playback.bones(walker.skeleton))
    assert {(skeleton.mirrored(start), skeleton.mirrored(end)) for start, end in found} == found


places_m = st.floats(-3.0, 3.0, width=32)


@given(ends=st.lists(st.tuples(*[places_m] * 6), min_size=1, max_size=6))
def test_rods_turned_and_stretched_are_the_bones(ends: list[tuple[float, ...]]) -> None:
    upright = [(0.0, 0.0, 0.0, 0.0, 0.0, -1.0), (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)]
    bones_m = np.array([*ends, *upright]).reshape(-1, 2, 3)
    rods = playback.rods(bones_m)
    np.testing.assert_allclose(np.linalg.norm(rods.wxyz, axis=1), 1.0, atol=1e-9)
    ways = Rotation.from_quat(rods.wxyz, scalar_first=True).apply([0.0, 0.0, 1.0])
    half_m = 0.5 * rods.lengths_m[:, None] * ways
    # the shortest turn is not defined towards -Z: there a rod may be off by a thousandth
    np.testing.assert_allclose(rods.middles_m - half_m, bones_m[:, 0], atol=0.01)
    np.testing.assert_allclose(rods.middles_m + half_m, bones_m[:, 1], atol=0.01)


# Movements


def test_every_signal_has_words_for_both_ways() -> None:
    measured = measurement.measure(synthetic.perform(synthetic.walk(3.0)).motion)
    (event,) = measured.events_on("forward")
    both = tuple(
        facts.Event(**{**{f: getattr(event, f) for f in event.__struct_fields__}, **changes})
        for signal in facts.SIGNALS
        for changes in ({"signal": signal, "amount": 1.0}, {"signal": signal, "amount": -2.0})
    )
    given_all = type(measured)(
        **{
            **{f: getattr(measured, f) for f in measured.__struct_fields__},
            "events": both,
            "episodes": (
                facts.VerticalEpisode(kind="jump", start_s=0.0, end_s=0.4, height_m=0.31),
            ),
        }
    )
    words = [one.words for one in playback.movements(given_all)]
    assert words[0] == "jump 0.31 m"  # it starts first
    assert len(set(words)) == 2 * len(facts.SIGNALS) + 1
    assert {"turn left 57°", "turn right 115°", "left 1.00 m", "right 2.00 m"} <= set(words)
    assert {"up 1.00 m", "down 2.00 m", "forward 1.00 m", "backward 2.00 m"} <= set(words)


times_s = st.floats(0.0, 20.0)
spans = st.lists(st.tuples(times_s, st.floats(0.05, 5.0)), max_size=8).map(
    lambda pairs: tuple(
        Movement(start, start + long, str(i)) for i, (start, long) in enumerate(pairs)
    )
)


@given(found=spans, time_s=times_s)
def test_what_is_under_way_has_started_and_not_ended(
    found: tuple[Movement, ...], time_s: float
) -> None:
    now = playback.under_way(found, time_s)
    for one in found:
        assert (one in now) == (not (time_s < one.start_s or time_s >= one.end_s))
        assert one in playback.under_way(found, one.start_s)
        assert one not in playback.under_way(found, one.end_s)


@given(found=spans)
def test_a_jump_to_a_movement_finds_it_under_way(found: tuple[Movement, ...]) -> None:
    for one in found:
        time_s = playback.jump_s(one, duration_s=25.0)
        assert one in playback.under_way(found, time_s)
        assert time_s - one.start_s < 0.01 + 1e-9
        assert playback.jump_s(one, duration_s=1.0) <= 1.0


@given(
    time_s=st.floats(0.0, 1.0),
    steps_s=st.lists(st.floats(0.0, 3.0), max_size=6),
    duration_s=st.floats(0.5, 60.0),
)
def test_playing_goes_round_and_loses_no_time(
    time_s: float, steps_s: list[float], duration_s: float
) -> None:
    start_s = time_s * duration_s
    now_s = start_s
    for step_s in steps_s:
        now_s = playback.advanced(now_s, step_s, duration_s=duration_s)
        assert 0.0 <= now_s <= duration_s
    turns = (start_s + sum(steps_s) - now_s) / duration_s
    assert turns == pytest.approx(round(turns), abs=1e-6)
    assert playback.advanced(0.0, 1.0, duration_s=0.0) == 0.0


# The figure


def test_a_walk_and_a_turn_are_where_they_were_made(walker: Motion) -> None:
    shown = playback.prepare(walker)
    assert len(shown.bones) == len(POINTS) - 1
    np.testing.assert_allclose(shown.roots_m[-1, [0, 2]], [0.0, 3.0], atol=0.1)
    np.testing.assert_allclose(shown.facing[0], [0.0, 0.0, 1.0], atol=0.1)
    np.testing.assert_allclose(shown.facing[-1], [1.0, 0.0, 0.0], atol=0.1)  # +X is the left
    np.testing.assert_allclose(shown.up[:, 1], 1.0, atol=0.05)
    first, last = (playback.figure_at(shown, sample) for sample in (0, len(shown.times_s) - 1))
    assert (
        first.joints_m[POINTS.index("left_hip"), 0] > first.joints_m[POINTS.index("right_hip"), 0]
    )
    assert last.joints_m[POINTS.index("left_hip"), 2] < last.joints_m[POINTS.index("right_hip"), 2]
    tail_m, tip_m = last.arrow_m[0]
    np.testing.assert_allclose(tip_m - tail_m, [playback.ARROW_M, 0.0, 0.0], atol=0.1)
    np.testing.assert_allclose(tail_m[[0, 2]], shown.roots_m[-1, [0, 2]], atol=1e-6)
    assert first.seen
    assert first.faces


def test_moving_the_world_moves_nothing_that_is_shown(walker: Motion) -> None:
    moved = synthetic.moved(walker, turn_rad=2.0, shift_m=(30.0, 5.0, -8.0))
    one, other = playback.prepare(walker), playback.prepare(moved)
    for name in ("roots_m", "up", "facing", "points_m"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=2e-3)
    assert one.floor_m == pytest.approx(other.floor_m, abs=2e-3)
    assert one.bones == other.bones


def test_the_feet_are_on_the_floor(walker: Motion) -> None:
    shown = playback.prepare(walker)
    assert shown.points_m is not None
    lowest_m = shown.points_m[:, :, 1].min(axis=1)
    assert np.quantile(np.abs(lowest_m - shown.floor_m), 0.9) < 0.1
    assert playback.ground_path(shown)[:, :, 1] == pytest.approx(
        shown.floor_m + playback.PATH_RISE_M, abs=1e-6
    )


def test_a_lone_root_is_a_line_along_the_body() -> None:
    lone = synthetic.perform(synthetic.bow(math.radians(60.0)), joints=False).motion
    shown = playback.prepare(lone)
    assert shown.points_m is None
    assert shown.floor_m == pytest.approx(-playback.ROOT_HEIGHT_M, abs=0.1)
    figures = [playback.figure_at(shown, sample) for sample in range(len(shown.times_s))]
    lines_m = np.array([figure.bones_m[0, 1] - figure.bones_m[0, 0] for figure in figures])
    np.testing.assert_allclose(np.linalg.norm(lines_m, axis=1), playback.AXIS_M, atol=1e-5)
    assert lines_m[0, 1] > 0.99 * playback.AXIS_M
    assert lines_m[:, 2].max() > 0.1  # it bows ahead, not back
    np.testing.assert_allclose(figures[0].joints_m, shown.roots_m[:1])


def test_joints_that_are_no_body_points_leave_a_lone_root() -> None:
    sword = Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0.0, 0.0, 0.0], (30, 1)),
        positions_m=np.zeros((30, 3)),
        fps=30.0,
        joints_m=np.ones((30, 1, 3)),
        skeleton=skeleton.from_names(["sword"]),
    )
    shown = playback.prepare(sword)
    assert (shown.points_m, shown.shown, shown.bones) == (None, (), ())
    assert playback.figure_at(shown, 0).bones_m.shape == (1, 2, 3)


def test_from_the_camera_the_subject_is_ahead_of_it(walker: Motion) -> None:
    count = walker.frames
    filmed = dataclasses.replace(
        walker,
        # looks along +Z: OpenCV's X is to the right, which is -X of a world with Y up
        camera_orientations_wxyz=np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)),
        camera_positions_m=np.tile([0.0, 1.5, -4.0], (count, 1)),
    )
    shown = playback.prepare(filmed, frame="camera")
    want_m = np.asarray(walker.positions_m) - np.array([0.0, 1.5, -4.0])
    np.testing.assert_allclose(shown.roots_m, want_m, atol=1e-3)
    with pytest.raises(ValueError, match="no camera poses"):
        playback.prepare(walker, frame="camera")


def test_what_was_not_seen_is_neither_drawn_nor_walked(walker: Motion) -> None:
    observed = np.ones(walker.frames, bool)
    observed[30:60] = False
    shown = playback.prepare(seen_by(walker, observed))
    assert not playback.figure_at(shown, playback.sample_at(shown, 1.5)).seen
    assert playback.figure_at(shown, playback.sample_at(shown, 2.5)).seen
    steps_m = playback.ground_path(shown)
    whole_m = playback.ground_path(playback.prepare(walker))
    assert len(steps_m) == len(whole_m) - 31
    assert np.linalg.norm(steps_m[:, 1] - steps_m[:, 0], axis=1).max() < 0.2


def test_the_nearest_time_is_shown(walker: Motion) -> None:
    shown = playback.prepare(walker)
    for time_s in (-1.0, 0.0, 0.016, 1.0, 1.234, 99.0):
        nearest = min(abs(float(one) - time_s) for one in shown.times_s)
        chosen = shown.times_s[playback.sample_at(shown, time_s)]
        assert abs(float(chosen) - time_s) == nearest


@pytest.mark.parametrize("frame", ["first_pose", "body"])
def test_frames_without_a_level_room_are_refused(frame: facts.Frame, walker: Motion) -> None:
    with pytest.raises(ValueError, match="expected first_heading or camera"):
        playback.prepare(walker, frame=frame)


# The command, where it refuses


def refused(*words: object) -> str:
    result = CliRunner().invoke(app, ["view", *map(str, words)])
    assert result.exit_code == 2, result.output
    assert result.stderr.count("error: ") == 1
    assert "Traceback" not in result.output
    return result.stderr


@pytest.fixture
def clip(tmp_path: Path, walker: Motion) -> Path:
    native.write(walker, tmp_path / "walk.npz")
    return tmp_path / "walk.npz"


def test_without_viser_the_extra_is_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "viser", None)
    assert "kinematics-qa[view]" in refused(clip)


def test_what_cannot_be_shown_is_said(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "viser", types.ModuleType("viser"))
    free = ("--port", 0)
    assert "missing.npz" in refused(clip.with_name("missing.npz"), *free)
    assert "no person 3; the clip has 0" in refused(clip, "--person", 3, *free)
    assert "no camera poses" in refused(clip, "--frame", "camera", *free)


def test_an_address_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=rf"127\.0\.0\.1, port {port}.*--port"):
            view.check_address("127.0.0.1", port)
    with pytest.raises(ValueError, match="cannot be served"):
        view.check_address("nowhere.invalid", 0)
