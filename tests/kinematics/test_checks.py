"""Bad input: one error that names everything wrong, or frames that count as not seen."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import synthetic
from kinematics.motion import Motion, Source
from kinematics.movement import measurement
from kinematics.skeleton import SMPL_22

WALK = synthetic.perform(synthetic.walk(1.2), gait=None).motion


def good_arrays() -> dict[str, object]:
    """What a person walking gives, with joints and a fixed camera; every array can be changed."""
    count = WALK.frames
    return {
        "orientations_wxyz": np.array(WALK.orientations_wxyz),
        "positions_m": np.array(WALK.positions_m),
        "times_s": np.array(WALK.times_s),
        "observed": np.ones(count, dtype=bool),
        "joints_m": np.array(WALK.joints_m),
        "skeleton": SMPL_22,
        "camera_orientations_wxyz": np.tile([1.0, 0, 0, 0], (count, 1)),
        "camera_positions_m": np.zeros((count, 3)),
        "source": Source(clip="clip_7", path="clips/clip_7.npz"),
    }


def problems_of(arrays: dict[str, object]) -> list[str]:
    """The lines of the one error, or none."""
    try:
        Motion.from_arrays(**arrays)
    except ValueError as error:
        title, *lines = str(error).splitlines()
        assert title == "clips/clip_7.npz: not a motion."
        assert all(line.startswith("  - ") for line in lines)
        return [line.removeprefix("  - ") for line in lines]
    return []


def changed(name: str, change) -> dict[str, object]:
    return {name: change(good_arrays()[name])}


def with_value(name: str, place: object, value: float) -> dict[str, object]:
    array = np.array(good_arrays()[name])
    array[place] = value
    return {name: array}


# Each defect by what it concerns: what it does to the arrays, and what has to be said of it.
DEFECTS: dict[str, dict[str, tuple[dict[str, object], str]]] = {
    "orientations_wxyz": {
        "axis-angle of three columns": (
            changed("orientations_wxyz", lambda q: q[:, 1:]),
            r"orientations_wxyz: shape \(\d+, 3\); expected \(frames, 4\)",
        ),
        "matrices": (
            changed("orientations_wxyz", lambda q: np.tile(np.eye(3), (len(q), 1, 1))),
            r"orientations_wxyz: shape \(\d+, 3, 3\); expected \(frames, 4\)",
        ),
        "words": (
            changed("orientations_wxyz", lambda q: q.astype(str)),
            r"orientations_wxyz: dtype <U\d+; expected numbers",
        ),
        "axis-angle padded to four": (
            changed("orientations_wxyz", lambda q: 0 * q + [0.0, 0.0, 2.5, 0.0]),
            r"orientations_wxyz: \d+ quaternions are not of length one, first at frame 0 "
            r"\(length 2\.5\); is this axis-angle or Euler angles\?",
        ),
        "one long quaternion": (
            with_value("orientations_wxyz", 3, 1.0),
            r"orientations_wxyz: 1 quaternions are not of length one, first at frame 3",
        ),
    },
    "positions_m": {
        "two dimensions": (
            changed("positions_m", lambda p: p[:, :2]),
            r"positions_m: shape \(\d+, 2\); expected \(frames, 3\)",
        ),
        "flat": (
            changed("positions_m", lambda p: p.reshape(-1)),
            r"positions_m: shape \(\d+,\); expected \(frames, 3\)",
        ),
        "complex numbers": (
            changed("positions_m", lambda p: p + 1j),
            r"positions_m: dtype complex\d+; expected numbers",
        ),
        "no metres": (
            changed("positions_m", lambda p: p + np.float32(3e9)),
            r"positions_m: coordinates up to 3e\+09; expected metres\. "
            r"Convert millimetres or pixels first",
        ),
    },
    "times": {
        "a repeated time": (
            with_value("times_s", 5, 4 / 30),
            r"times_s: 1 of \d+ do not increase, first at frame 5 \(0\.133333 s, then "
            r"0\.133333 s\); sort the frames and drop repeats",
        ),
        "backwards": (
            changed("times_s", lambda t: t[::-1]),
            r"times_s: \d+ of \d+ do not increase, first at frame 1",
        ),
        "not finite": (with_value("times_s", 2, np.nan), r"times_s: 1 values are not finite"),
        "no seconds": (
            with_value("times_s", -1, 1e9),
            r"times_s: 1e\+09 s from the first to the last; expected seconds, and at most 86400",
        ),
        "two dimensions": (
            changed("times_s", lambda t: t[:, None]),
            r"times_s: shape \(\d+, 1\); expected \(frames,\)",
        ),
        "words": (
            changed("times_s", lambda t: np.full(len(t), "soon")),
            r"times_s: dtype <U4; expected numbers",
        ),
        "twice": ({"fps": 30.0}, r"times: give either times_s or fps"),
        "neither": ({"times_s": None}, r"times: give either times_s or fps"),
        "no rate": ({"times_s": None, "fps": 0.0}, r"fps: 0\.0; expected .* in \(0, 1000\]"),
        "a rate that is none": ({"times_s": None, "fps": np.nan}, r"fps: nan; expected"),
    },
    "observed": {
        "shares": (
            changed("observed", lambda seen: 0.5 * seen),
            r"observed: dtype float64; expected booleans",
        ),
        "two dimensions": (
            changed("observed", lambda seen: np.stack([seen, seen], axis=1)),
            r"observed: shape \(\d+, 2\); expected \(frames,\)",
        ),
    },
    "joints": {
        "a joint too few": (
            changed("joints_m", lambda j: j[:, 1:]),
            r"joints_m: shape \(\d+, 21, 3\); expected \(frames, 22, 3\)",
        ),
        "image coordinates": (
            changed("joints_m", lambda j: j[..., :2]),
            r"joints_m: shape \(\d+, 22, 2\); expected \(frames, 22, 3\)",
        ),
        "no skeleton": ({"skeleton": None}, r"joints_m and skeleton: give both or neither"),
        "no joints": ({"joints_m": None}, r"joints_m and skeleton: give both or neither"),
        "no metres": (
            with_value("joints_m", (0, 0, 0), -1e7),
            r"joints_m: coordinates up to 1e\+07; expected metres",
        ),
    },
    "camera": {
        "no places": ({"camera_positions_m": None}, r"camera_.* and camera_.*: give both"),
        "Euler angles": (
            changed("camera_orientations_wxyz", lambda q: 40 * q),
            r"camera_orientations_wxyz: \d+ quaternions are not of length one",
        ),
    },
}
ALONE = [(what, name) for what, defects in DEFECTS.items() for name in defects]


# What is refused ---------------------------------------------------------------------------------


def test_good_arrays_are_a_motion():
    motion = Motion.from_arrays(**good_arrays())
    assert motion.frames == WALK.frames
    assert motion.observed.all()
    np.testing.assert_array_equal(motion.positions_m, WALK.positions_m)


@pytest.mark.parametrize(("what", "name"), ALONE, ids=lambda word: word.replace(" ", "_"))
def test_a_defect_is_named_and_nothing_else(what, name):
    change, said = DEFECTS[what][name]
    (line,) = problems_of({**good_arrays(), **change})
    assert re.match(said, line), line


@given(
    chosen=st.fixed_dictionaries(
        {what: st.none() | st.sampled_from(sorted(found)) for what, found in DEFECTS.items()}
    )
)
@settings(max_examples=150)
def test_all_defects_are_named_at_once(chosen):
    arrays = good_arrays()
    wanted = []
    for what, name in chosen.items():
        if name is not None:
            change, said = DEFECTS[what][name]
            arrays |= change
            wanted.append(said)
    lines = problems_of(arrays)
    for said in wanted:
        assert any(re.match(said, line) for line in lines), (said, lines)
    assert len(lines) == len(wanted)


@given(
    counts=st.fixed_dictionaries(
        {
            name: st.integers(30, 33)
            for name in ("orientations_wxyz", "positions_m", "times_s", "observed", "joints_m")
        }
    )
)
@settings(max_examples=50)
def test_frame_counts_that_differ_are_all_told(counts):
    arrays = {name: value for name, value in good_arrays().items() if "camera" not in name}
    arrays |= {name: arrays[name][:count] for name, count in counts.items()}
    lines = problems_of(arrays)
    if len(set(counts.values())) == 1:
        assert lines == []
    else:
        (line,) = lines
        assert line.startswith("frame counts differ: ")
        for name, count in counts.items():
            assert f"{name} {count}" in line


def test_an_empty_clip_is_refused():
    arrays = {
        name: value[:0] if isinstance(value, np.ndarray) else value
        for name, value in good_arrays().items()
    }
    assert problems_of(arrays) == ["no frames: expected at least one"]


def test_joints_in_pixels_or_millimetres_are_refused():
    """A body that is a thousand metres tall is measured in something else."""
    for scale in (1000.0, 500.0):
        lines = problems_of({**good_arrays(), "joints_m": scale * np.array(WALK.joints_m)})
        assert len(lines) == 1
        assert re.match(r"joints_m: .*expected metres", lines[0])


def test_the_clip_is_named_where_there_is_no_file():
    with pytest.raises(ValueError, match=r"^clip_8: not a motion\.\n  - fps: -1\.0"):
        Motion.from_arrays(
            orientations_wxyz=np.tile([1.0, 0, 0, 0], (3, 1)),
            positions_m=np.zeros((3, 3)),
            fps=-1.0,
            source=Source(clip="clip_8"),
        )


# What is not seen --------------------------------------------------------------------------------


HOLES = {
    "positions_m": (np.nan, np.inf, -np.inf),
    "orientations_wxyz": (np.nan, 0.0, 1e-9),
    "joints_m": (np.nan, np.inf),
}


@given(
    holes=st.dictionaries(
        st.integers(0, WALK.frames - 1),
        st.sampled_from([(name, value) for name, values in HOLES.items() for value in values]),
        max_size=WALK.frames,
    ),
    dtype=st.sampled_from(["float32", "float64"]),
)
@settings(max_examples=100)
def test_frames_without_a_value_count_as_not_seen(holes, dtype):
    arrays = good_arrays()
    for name in HOLES:
        arrays[name] = np.array(arrays[name], dtype=dtype)
    for frame, (name, value) in holes.items():
        arrays[name][frame] = value
    motion = Motion.from_arrays(**arrays)
    np.testing.assert_array_equal(
        motion.observed, [frame not in holes for frame in range(WALK.frames)]
    )
    for name in HOLES:
        track = getattr(motion, name)
        assert track.dtype == dtype
        assert np.isfinite(track).all()
        np.testing.assert_allclose(track[motion.observed], arrays[name][motion.observed], atol=1e-6)
    norms = np.linalg.norm(motion.orientations_wxyz, axis=1)
    np.testing.assert_allclose(norms, 1.0, atol=1e-6)


def test_a_hole_is_filled_with_what_was_seen_last():
    arrays = good_arrays()
    arrays["positions_m"][[0, 1, 7, 8]] = np.nan
    motion = Motion.from_arrays(**arrays)
    np.testing.assert_array_equal(motion.positions_m[[0, 1]], WALK.positions_m[[2, 2]])
    np.testing.assert_array_equal(motion.positions_m[[7, 8]], WALK.positions_m[[6, 6]])


def test_an_observed_mask_of_zeros_and_ones_is_one():
    motion = Motion.from_arrays(
        **good_arrays() | {"observed": np.minimum(np.arange(WALK.frames), 1)}
    )
    assert motion.observed.dtype == bool
    assert not motion.observed[0]
    assert motion.observed[1:].all()


def test_a_motion_does_not_change_with_the_arrays_it_was_made_from():
    arrays = good_arrays()
    motion = Motion.from_arrays(**arrays)
    for name in ("positions_m", "orientations_wxyz", "times_s", "observed", "joints_m"):
        before = np.array(getattr(motion, name))
        arrays[name][:] = 0
        np.testing.assert_array_equal(getattr(motion, name), before)
        with pytest.raises(ValueError, match="read-only"):
            getattr(motion, name)[:] = 0


# What becomes of it in the facts -----------------------------------------------------------------


def test_what_was_not_seen_is_told_by_the_coverage():
    """Every clip that is let through is measured, and its coverage says what was missing."""
    whole = {name: good_arrays()[name] for name in ("orientations_wxyz", "positions_m")}
    clips = {}
    for lost in (0.0, 0.2, 0.5, 1.0):
        arrays = {name: np.array(value) for name, value in whole.items()}
        arrays["positions_m"][: round(lost * WALK.frames)] = np.nan
        clips[lost] = Motion.from_arrays(**arrays, fps=30.0)
    single = Motion.from_arrays(**{name: value[:1] for name, value in whole.items()}, fps=30.0)
    *found, one = measurement.measure_all([*clips.values(), single])
    for lost, clip in zip(clips, found, strict=True):
        assert clip.coverage == pytest.approx(1 - lost, abs=1.5 / WALK.frames)
        assert clip.posture.heading_coverage == pytest.approx(1 - lost, abs=1.5 / WALK.frames)
    assert found[-1].coverage == 0.0
    assert found[-1].events == ()
    assert found[-1].whole.path_m == 0.0
    assert (one.frames, one.duration_s, one.events) == (1, 0.0, ())


def test_a_quaternion_too_long_to_have_a_length_is_named() -> None:
    arrays = good_arrays()
    wxyz = np.array(arrays["orientations_wxyz"], np.float64)
    wxyz[4:6] = 1e300
    (problem,) = problems_of(arrays | {"orientations_wxyz": wxyz})
    assert "2 quaternions are not of length one, first at frame 4 (length inf)" in problem
