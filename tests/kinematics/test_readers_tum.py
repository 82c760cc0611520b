"""TUM trajectories: written tracks are read back in any axes; broken files are refused."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import readers, synthetic
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.readers import tum
from kinematics.readers.axes import UP_AXES


@pytest.fixture(scope="module")
def performed() -> Motion:
    script = synthetic.walk(2.0).then(synthetic.turn(math.pi / 2), synthetic.walk(1.0))
    return synthetic.perform(script, joints=False, dtype=np.float64).motion


def save(folder: Path, text: str | bytes, name: str = "take.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# Round trips


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 8),
    start_s=st.sampled_from([0.0, -2.0, 1305031102.160407]),
    pose_of=st.sampled_from(tum.POSES),
    up=st.sampled_from(UP_AXES),
    gap=st.booleans(),
)
def test_a_written_track_is_read_back(
    seed: int,
    frames: int,
    start_s: float,
    pose_of: str,
    up: str,
    gap: bool,
    folder: Path,
    apart_rad,
) -> None:
    noise = np.random.default_rng(seed)
    observed = np.ones(frames, bool)
    observed[1::2] = not gap
    motion = Motion.from_arrays(
        orientations_wxyz=Rotation.random(frames, rng=noise).as_quat(scalar_first=True),
        positions_m=noise.uniform(-50, 50, (frames, 3)),
        times_s=start_s + np.cumsum(noise.uniform(0.01, 0.2, frames)),
        observed=observed,
    )
    path = folder / "round.tum"
    tum.write(motion, path, pose_of=pose_of, up=up)
    [back] = readers.read(path)
    np.testing.assert_allclose(back.times_s, motion.times_s[observed], rtol=0, atol=5e-7)
    np.testing.assert_allclose(back.positions_m, motion.positions_m[observed], atol=1e-8)
    assert apart_rad(back.orientations_wxyz, motion.orientations_wxyz[observed]) < 1e-8
    assert back.source.notes[1] == f"pose of a {pose_of}, as the file says"


def test_facts_do_not_depend_on_the_axes(performed: Motion, folder: Path, same_story) -> None:
    motions = [performed]
    for pose_of, up in (("camera", "z"), ("robot", "z"), ("body", "-y")):
        tum.write(performed, folder / "facts.txt", pose_of=pose_of, up=up)
        motions += readers.read(folder / "facts.txt")
    original, *copies = measurement.measure_all(motions)
    assert len(copies) == 3
    for facts in copies:
        same_story(facts, original)


# Known by construction


def test_a_camera_held_level_faces_where_it_looks(folder: Path) -> None:
    """In a Z-up world, an optical axis along Y and an image whose down is -Z."""
    right, down, ahead = [1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]
    x, y, z, w = Rotation.from_matrix(np.array([right, down, ahead]).T).as_quat()
    path = save(folder, f"#c\n0 1 2 3 {x} {y} {z} {w}\n 0.5\t1 3 3 {x} {y} {z} {w}  # end\n\n")
    [motion] = readers.read(path)
    axes = Rotation.from_quat(np.array(motion.orientations_wxyz[0]), scalar_first=True).as_matrix()
    np.testing.assert_allclose(axes[:, 1], [0, 1, 0], atol=1e-12)  # level
    step = motion.positions_m[1] - motion.positions_m[0]
    np.testing.assert_allclose(axes[:, 2], step, atol=1e-12)  # it moved where it looks
    assert motion.positions_m[0].tolist() == [1.0, 3.0, -2.0]
    assert motion.source.notes[1:] == (
        "pose of a camera, assumed, as TUM defines it",
        "Z up, assumed, as TUM defines it",
    )
    [told] = tum.read(path, pose_of="robot", up="y", dtype=np.float32)
    assert told.positions_m.tolist() == [[1, 2, 3], [1, 3, 3]]
    assert told.positions_m.dtype == np.float32
    assert told.source.notes[1:] == ("pose of a robot, as told", "Y up, as told")


def test_robot_axes_go_ahead_left_and_up(folder: Path) -> None:
    path = save(folder, "0 0 0 0 0 0 0 1\n1 0 0 0 0 0 0 1\n")
    [motion] = tum.read(path, pose_of="robot", up="z")
    axes = Rotation.from_quat(np.array(motion.orientations_wxyz[0]), scalar_first=True).as_matrix()
    np.testing.assert_allclose(axes[:, 2], [1, 0, 0], atol=1e-12)  # ahead is the file's X
    np.testing.assert_allclose(axes[:, 0], [0, 0, -1], atol=1e-12)  # left is the file's Y


def test_repeated_lines_are_left_out_and_lost_frames_are_unobserved(folder: Path) -> None:
    [motion] = tum.read(
        save(folder, "0 0 0 0 0 0 0 1\n0 0 0 0 0 0 0 1\n1 0 0 0 0 0 0 0\n2 1 0 0 0 0 0 1\n")
    )
    assert motion.times_s.tolist() == [0.0, 1.0, 2.0]
    assert motion.observed.tolist() == [True, False, True]
    assert motion.source.notes[-1] == "1 lines that repeat the one before are left out"


# Broken files

LINES = [f"{0.1 * i:.1f} {i} 0 0 0 0 0 1" for i in range(5)]
BROKEN = {
    "empty": ([], "no line of numbers"),
    "comments only": (["# nothing"], "no line of numbers"),
    "cut": ([*LINES[:4], "0.4 4 0 0 0"], "line 5: 5 numbers"),
    "nine": ([*LINES[:2], "0.2 2 0 0 0 0 0 1 1", "0.3 3 0 0 0 0 0"], "line 3: 9 numbers"),
    "word": ([*LINES[:2], "0.2 2 0 x 0 0 0 1"], "line 3: 'x' is no number"),
    "NaN": ([*LINES[:2], "0.2 2 0 nan 0 0 0 1"], "line 3: 'nan' is not finite"),
    "infinite": ([*LINES[:2], "0.2 2 0 1e400 0 0 0 1"], "line 3: '1e400' is not finite"),
    "commas": ([line.replace(" ", ",") for line in LINES], "is no number"),
    "backwards": ([*LINES, "0.2 9 0 0 0 0 0 1"], "1 of 6 do not increase, first at frame 5"),
    "same time, other place": ([*LINES, "0.4 9 0 0 0 0 0 1"], "sort the frames"),
    "nanoseconds": ([f"{i}00000000{line[3:]}" for i, line in enumerate(LINES)], "nanoseconds"),
    "Euler angles": (
        [f"{line[:-8]} 9 9 9 9" for line in LINES],
        "5 quaternions are not of length one",
    ),
    "one odd quaternion": ([*LINES, "0.5 0 0 0 3 0 0 1"], "not of length one, first at pose 5"),
    "far": ([*LINES, "0.5 1e9 0 0 0 0 0 1"], "expected metres"),
    "unknown pose": (["# pose of: hat, up: y", *LINES], "expected one of camera, body, robot"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_error_with_the_cause(name: str, tmp_path: Path) -> None:
    lines, cause = BROKEN[name]
    with pytest.raises(ValueError, match=r"bad_file\.tum") as caught:
        readers.read(save(tmp_path, "\n".join(lines), "bad_file.tum"))
    assert cause in str(caught.value)


@settings(max_examples=150)
@given(data=st.data())
def test_damage_anywhere_is_harmless_or_refused(
    data: st.DataObject, folder: Path, read_damaged
) -> None:
    for motion in read_damaged(data, "\n".join(LINES).encode(), folder / "mutated.tum", tum.read):
        assert np.isfinite(motion.positions_m).all()


def test_formats_are_recognised_by_their_contents(tmp_path: Path) -> None:
    assert tum.recognise(save(tmp_path, "# a\n\n" + LINES[0], "a.txt"))
    assert tum.recognise(save(tmp_path, b"\x00junk", "a.TUM"))
    for other in ("", "# only\n", "1 2 3\n", "a b c d e f g h\n", b"\xff\xfe" * 20):
        assert not tum.recognise(save(tmp_path, other, "a.txt"))


# Recorded trajectories


def test_a_hand_held_camera_stays_level_and_near_its_height(real_motions: Path) -> None:
    path = real_motions / "trajectories" / "freiburg1_xyz-groundtruth.txt"
    [truth] = readers.read(path)
    [drift] = readers.read(path.with_name("freiburg1_xyz-rgbdslam_drift.txt"))
    theirs = np.loadtxt(path)
    assert truth.frames == len(theirs) == 3000
    np.testing.assert_allclose(truth.positions_m, theirs[:, [1, 3, 2]] * [1, 1, -1])
    np.testing.assert_array_equal(truth.times_s, theirs[:, 0])
    body_from_world = Rotation.from_quat(np.array(truth.orientations_wxyz), scalar_first=True)
    tilt = np.degrees(np.arccos(body_from_world.as_matrix()[:, 1, 1]))
    assert tilt.max() < 75  # the camera looks down at a desk and is never upside down
    assert 0.8 < truth.positions_m[:, 1].min() < truth.positions_m[:, 1].max() < 2.2
    near = np.searchsorted(truth.times_s, drift.times_s)
    apart_m = np.linalg.norm(truth.positions_m[near] - drift.positions_m, axis=1)
    assert np.median(apart_m) < 0.2  # it drifts, in the same world
