"""Estimates against ground truth: laws, errors put in by hand, two references, bad input."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from kinematics import synthetic
from kinematics.commands import app
from kinematics.errors import compare, pairing
from kinematics.errors.compare import Comparison
from kinematics.geometry import alignment
from kinematics.motion import Motion
from kinematics.skeleton import COCO_17, from_names

NAMES = (
    "ate_rmse_m", "rte_percent", "rpe_rmse_m", "rpe_rmse_rad", "w_mpjpe_m", "wa_mpjpe_m",
    "w_root_error_m", "wa_root_error_m", "pose_error_m", "heading_error_rad",
    "anchor_heading_error_rad", "end_drift_m", "end_drift_rad",
)  # fmt: skip
"""The errors that are zero where nothing is wrong."""


@pytest.fixture(scope="module")
def walk() -> Motion:
    """Eight seconds with a turn: two chunks and a rest."""
    script = synthetic.walk(4.0).then(synthetic.turn(1.2), synthetic.walk(4.0))
    return synthetic.perform(script, start_heading_rad=0.7, dtype=np.float64).motion


def changed(motion: Motion, **arrays: np.ndarray | None) -> Motion:
    """The motion with other arrays; without joints it has no skeleton either."""
    names = ("orientations_wxyz", "positions_m", "times_s", "observed", "joints_m")
    given = {name: getattr(motion, name) for name in names} | arrays
    skeleton = None if given["joints_m"] is None else motion.skeleton
    return Motion.from_arrays(**given, skeleton=skeleton, source=motion.source)


def erring(motion: Motion, seed: int = 0, *, size_m: float = 0.1) -> Motion:
    """A motion with errors of every kind: slow and quick, of place, orientation and pose."""
    draw = synthetic.generator("erring", seed)
    frames, joints, _ = motion.joints_m.shape
    slow_m = np.cumsum(draw.normal(size=(frames, 3)), axis=0) * size_m / math.sqrt(frames)
    turns = Rotation.from_rotvec(draw.normal(size=(frames, 3)) * 0.05)
    old = Rotation.from_quat(motion.orientations_wxyz, scalar_first=True)
    return changed(
        motion,
        positions_m=motion.positions_m + slow_m,
        joints_m=motion.joints_m + slow_m[:, None] + draw.normal(size=(frames, joints, 3)) * 0.03,
        orientations_wxyz=(turns * old).as_quat(scalar_first=True),
    )


def values(result: Comparison) -> dict[str, float]:
    return {name: getattr(result, name) for name in NAMES}


# Laws


def test_nothing_differs_from_itself(walk: Motion) -> None:
    result = compare.compare(walk, walk)
    assert values(result) == pytest.approx(dict.fromkeys(NAMES, 0.0), abs=1e-7)
    assert result.compared_on == "joints"
    assert (result.joints, result.frames, result.coverage) == (22, walk.frames, 1.0)
    assert result.jitter_10mps3 == pytest.approx(result.truth_jitter_10mps3)
    assert max(sample.position_m for sample in result.drift_by_time) < 1e-9
    assert [round(sample.time_s) for sample in result.drift_by_time] == list(
        range(1, 1 + int(result.duration_s))
    )
    assert len(result.drift_by_path) == int(result.path_m)


@settings(max_examples=15)
@given(
    turn_rad=st.floats(-3.1, 3.1),
    shift_m=st.tuples(*[st.floats(-50.0, 50.0)] * 3),
    seed=st.integers(0, 99),
)
def test_where_the_estimates_world_lies_changes_nothing(
    walk: Motion, turn_rad: float, shift_m: tuple[float, float, float], seed: int
) -> None:
    estimate = erring(walk, seed)
    there = synthetic.moved(estimate, turn_rad=turn_rad, shift_m=shift_m)
    before, after = (compare.compare(one, walk) for one in (estimate, there))
    for name in Comparison.__struct_fields__:
        one, other = getattr(before, name), getattr(after, name)
        if isinstance(one, float):
            assert other == pytest.approx(one, abs=1e-6), name
    assert before.w_mpjpe_m > 0.01


@settings(max_examples=10)
@given(factor=st.floats(0.5, 2.0), seed=st.integers(0, 99))
def test_chunks_forgive_scale_and_the_path_does_not(walk: Motion, factor: float, seed: int) -> None:
    estimate = erring(walk, seed)
    larger = changed(
        estimate,
        positions_m=estimate.positions_m * factor,
        joints_m=estimate.joints_m * factor,
    )
    before, after = (compare.compare(one, walk) for one in (estimate, larger))
    for name in ("w_mpjpe_m", "wa_mpjpe_m", "wa_root_error_m", "heading_error_rad"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-7), name
    assert after.jitter_10mps3 == pytest.approx(factor * before.jitter_10mps3)
    scaled = changed(walk, positions_m=walk.positions_m * factor, joints_m=walk.joints_m * factor)
    off_m = walk.positions_m - walk.positions_m.mean(axis=0)
    rms_m = math.sqrt((off_m**2).sum(axis=1).mean())
    exact = compare.compare(scaled, walk)
    assert exact.ate_rmse_m == pytest.approx(abs(factor - 1) * rms_m, abs=1e-9)
    assert exact.w_mpjpe_m == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=10)
@given(offset_s=st.floats(-100.0, 100.0), seed=st.integers(0, 99))
def test_clocks_may_differ_by_a_known_time(walk: Motion, offset_s: float, seed: int) -> None:
    estimate = erring(walk, seed)
    later = changed(estimate, times_s=estimate.times_s - offset_s)
    result = compare.compare(later, walk, offset_s=offset_s)
    expected = values(compare.compare(estimate, walk))
    # the last frame may fall out by rounding of the clock
    assert values(result) == pytest.approx(expected, rel=0.02, abs=1e-4)


# Errors of known size


def test_a_shift_of_half_the_frames_has_known_errors(walk: Motion) -> None:
    frames = walk.frames - walk.frames % 2
    walk = changed(walk, **{n: getattr(walk, n)[:frames] for n in (
        "orientations_wxyz", "positions_m", "times_s", "observed", "joints_m")})  # fmt: skip
    up_m = np.zeros((frames, 3))
    up_m[::2, 1] = 0.2
    estimate = changed(
        walk, positions_m=walk.positions_m + up_m, joints_m=walk.joints_m + up_m[:, None]
    )
    result = compare.compare(estimate, walk)
    assert result.ate_rmse_m == pytest.approx(0.1, abs=1e-4)  # aligned to the middle
    assert result.rte_percent == pytest.approx(100 * 0.1 / result.path_m, rel=1e-3)
    assert result.pose_error_m == pytest.approx(0.0, abs=1e-3)
    # a zigzag of 0.2 m: third differences of 8 times the 0.1 m about its middle
    bare = compare.compare(changed(still(frames), positions_m=up_m), still(frames), on="root")
    assert bare.root_jitter_10mps3 == pytest.approx(0.8 * 30**3 / 10, rel=1e-6)


def still(frames: int) -> Motion:
    return Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (frames, 1)),
        positions_m=np.zeros((frames, 3)),
        fps=30.0,
    )


@settings(max_examples=10)
@given(angle=st.floats(-2.5, 2.5))
def test_a_wrong_facing_is_an_error_of_the_anchor_alone(walk: Motion, angle: float) -> None:
    turn = Rotation.from_rotvec([0.0, angle, 0.0])
    old = Rotation.from_quat(walk.orientations_wxyz, scalar_first=True)
    estimate = changed(walk, orientations_wxyz=(turn * old).as_quat(scalar_first=True))
    result = compare.compare(estimate, walk)
    assert result.anchor_heading_error_rad == pytest.approx(angle, abs=1e-6)
    assert result.heading_error_rad == pytest.approx(0.0, abs=1e-6)
    assert result.ate_rmse_m == pytest.approx(0.0, abs=1e-6)
    net_m = np.linalg.norm(walk.positions_m[-1] - walk.positions_m[0])
    assert result.end_drift_m == pytest.approx(2 * net_m * abs(math.sin(angle / 2)), abs=1e-6)


def test_heading_drift_is_read_off_second_by_second(walk: Motion) -> None:
    since_s = walk.times_s - walk.times_s[0]
    turn = Rotation.from_rotvec(np.outer(since_s, [0.0, 0.9, 0.0]))  # more than half a turn
    old = Rotation.from_quat(walk.orientations_wxyz, scalar_first=True)
    estimate = changed(walk, orientations_wxyz=(turn * old).as_quat(scalar_first=True))
    result = compare.compare(estimate, walk)
    for sample in result.drift_by_time:
        assert sample.heading_rad == pytest.approx(0.9 * sample.time_s, abs=1e-6)
    assert result.end_drift_rad == pytest.approx(0.9 * since_s[-1])


def test_a_foot_that_slides_by_a_known_speed() -> None:
    standing = synthetic.perform(synthetic.stand(3.0), dtype=np.float64).motion
    slip_m = np.outer(standing.times_s, [0.06, 0.0, 0.0])
    estimate = changed(
        standing,
        positions_m=standing.positions_m + slip_m,
        joints_m=standing.joints_m + slip_m[:, None],
    )
    result = compare.compare(estimate, standing)
    assert result.foot_sliding_m == pytest.approx(0.06 / 30)
    assert result.stance_steps == 4 * (standing.frames - 1)
    walking = synthetic.perform(synthetic.walk(6.0), dtype=np.float64).motion
    swung = compare.compare(walking, walking)  # a swinging foot does not slide
    assert swung.foot_sliding_m < 0.01
    assert 0 < swung.stance_steps < 3 * (walking.frames - 1)
    assert result.rte_percent is None  # no path
    assert result.anchor_heading_error_rad is None


def test_what_the_estimate_lost_is_left_out_and_counted(walk: Motion) -> None:
    observed = np.ones(walk.frames, dtype=bool)
    observed[60:90] = False
    positions_m = walk.positions_m.copy()
    positions_m[60:90] = 99.0
    result = compare.compare(changed(walk, observed=observed, positions_m=positions_m), walk)
    assert result.coverage == pytest.approx(1 - 30 / walk.frames)
    assert result.frames == walk.frames - 30
    assert result.ate_rmse_m == pytest.approx(0.0, abs=1e-9)
    assert result.jitter_10mps3 == pytest.approx(
        compare.compare(walk, walk).jitter_10mps3, rel=0.2
    )  # nothing jumps across the gap
    single = observed | True
    single[100] = False
    assert compare.compare(changed(walk, observed=single), walk).frames == walk.frames - 1


def test_the_frame_rate_matters_little() -> None:
    """Chunks, jitter and sliding are those of their time, not of so many frames."""
    script = synthetic.walk(8.0)
    results = []
    for fps in (30.0, 60.0):
        motion = synthetic.perform(script, fps=fps, dtype=np.float64).motion
        share = (motion.times_s / 8.0)[:, None]
        bent = np.concatenate([share**2, 0 * share, 0 * share], axis=1)
        estimate = changed(
            motion,
            positions_m=motion.positions_m + bent,
            joints_m=motion.joints_m + bent[:, None],
        )
        results.append(compare.compare(estimate, motion))
    for name in ("w_mpjpe_m", "wa_mpjpe_m", "rte_percent", "foot_sliding_m", "rpe_rmse_m"):
        one, other = (getattr(result, name) for result in results)
        assert other == pytest.approx(one, rel=0.1), name


# References


def reference_errors(given_m: np.ndarray, true_m: np.ndarray, length: int) -> tuple[float, float]:
    """W- and WA-MPJPE by another road: SciPy's rotation fit, and the scale that follows."""
    found = {"w": [], "wa": []}
    for start in range(0, len(given_m), length):
        given, true = given_m[start : start + length], true_m[start : start + length]
        for name, rows in (("w", 2), ("wa", len(given))):
            a, b = given[:rows].reshape(-1, 3), true[:rows].reshape(-1, 3)
            a0, b0 = a - a.mean(axis=0), b - b.mean(axis=0)
            turn, _ = Rotation.align_vectors(b0, a0)
            scale = (b0 * turn.apply(a0)).sum() / (a0**2).sum()
            mapped = scale * turn.apply(given.reshape(-1, 3) - a.mean(axis=0)) + b.mean(axis=0)
            apart = np.linalg.norm(mapped - true.reshape(-1, 3), axis=1)
            found[name].append(apart.reshape(len(given), -1).mean(axis=1))
    return tuple(float(np.concatenate(rows).mean()) for rows in found.values())


@pytest.mark.filterwarnings("ignore:Optimal rotation is not uniquely")
@pytest.mark.parametrize("seed", range(3))
def test_chunk_errors_and_rte_agree_with_scipy(walk: Motion, seed: int) -> None:
    estimate = erring(walk, seed)
    result = compare.compare(estimate, walk)
    w_m, wa_m = reference_errors(estimate.joints_m, walk.joints_m, 100)
    assert result.w_mpjpe_m == pytest.approx(w_m, rel=1e-6)
    assert result.wa_mpjpe_m == pytest.approx(wa_m, rel=1e-6)
    a, b = (m.positions_m - m.positions_m.mean(axis=0) for m in (estimate, walk))
    turn, _ = Rotation.align_vectors(b, a)
    apart = np.linalg.norm(turn.apply(a) - b, axis=1)
    path_m = np.linalg.norm(np.diff(walk.positions_m, axis=0), axis=1).sum()
    assert result.ate_rmse_m == pytest.approx(math.sqrt((apart**2).mean()), rel=1e-6)
    assert result.rte_percent == pytest.approx(100 * apart.mean() / path_m, rel=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_ate_and_rpe_agree_with_evo(walk: Motion) -> None:
    metrics = pytest.importorskip("evo.core.metrics", reason="evo is GPL: an oracle, never ours")
    trajectory = pytest.importorskip("evo.core.trajectory")
    estimate = erring(walk, 5)
    tracks = [
        trajectory.PoseTrajectory3D(
            positions_xyz=motion.positions_m,
            orientations_quat_wxyz=motion.orientations_wxyz,
            timestamps=motion.times_s,
        )
        for motion in (walk, estimate)
    ]
    result = compare.compare(estimate, walk)
    for relation, expected in (
        (metrics.PoseRelation.translation_part, result.rpe_rmse_m),
        (metrics.PoseRelation.rotation_angle_rad, result.rpe_rmse_rad),
    ):
        rpe = metrics.RPE(relation, delta=30, delta_unit=metrics.Unit.frames, all_pairs=True)
        rpe.process_data(tuple(tracks))
        assert expected == pytest.approx(rpe.get_statistic(metrics.StatisticsType.rmse), rel=1e-6)
    tracks[1].align(tracks[0])
    ape = metrics.APE(metrics.PoseRelation.translation_part)
    ape.process_data(tuple(tracks))
    statistics = ape.get_all_statistics()
    assert result.ate_rmse_m == pytest.approx(statistics["rmse"], rel=1e-6)
    assert result.ate_mean_m == pytest.approx(statistics["mean"], rel=1e-6)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), scaled=st.booleans(), flat=st.booleans())
def test_alignment_recovers_a_map_and_never_mirrors(seed: int, scaled: bool, flat: bool) -> None:
    draw = synthetic.generator("alignment", seed)
    points_m = draw.normal(size=(8, 3)) * ([1.0, 1.0, 0.0] if flat else [1.0, 1.0, 1.0])
    turn = Rotation.random(rng=draw).as_matrix()
    scale = float(draw.uniform(0.3, 3.0)) if scaled else 1.0
    known = alignment.Alignment(turn, draw.normal(size=3) * 10, scale)
    found = alignment.fit(points_m, alignment.applied(known, points_m), scaled=scaled)
    np.testing.assert_allclose(found.rotation, turn, atol=1e-7)
    np.testing.assert_allclose(found.shift_m, known.shift_m, atol=1e-6)
    assert found.scale == pytest.approx(scale)
    mirrored = alignment.fit(points_m, points_m * [-1.0, 1.0, 1.0], scaled=scaled)
    assert np.linalg.det(mirrored.rotation) == pytest.approx(1.0)


# What can be compared


def test_joints_are_matched_by_name_and_the_root_says_its_name(walk: Motion) -> None:
    draw = np.random.default_rng(0).permutation(22)
    shuffled = Motion.from_arrays(
        orientations_wxyz=walk.orientations_wxyz,
        positions_m=walk.positions_m,
        times_s=walk.times_s,
        joints_m=walk.joints_m[:, draw],
        skeleton=from_names([walk.skeleton.joints[i] for i in draw]),
    )
    assert compare.compare(shuffled, walk).w_mpjpe_m == pytest.approx(0.0, abs=1e-9)
    rootless = compare.compare(changed(walk, joints_m=None), walk)
    assert rootless.compared_on == "root"
    assert rootless.w_mpjpe_m is None
    assert rootless.foot_sliding_m is None
    assert rootless.w_root_error_m == pytest.approx(0.0, abs=1e-9)


def test_clips_are_matched_by_clip_and_person(walk: Motion) -> None:
    a, b, c = (walk.renamed(clip=name) for name in "abc")
    found = pairing.match([c, a, a.renamed(person=1)], [b, a, c])
    assert [(one.source.clip, other.source.clip) for one, other in found.pairs] == [
        ("a", "a"),
        ("c", "c"),
    ]
    assert found.only_estimates == ("a, person 1",)
    assert found.only_truths == ("b, person 0",)
    assert len(pairing.match([a], [b]).pairs) == 1
    with pytest.raises(ValueError, match="estimates: a, person 0 is there twice"):
        pairing.match([a, a], [b, c])


def test_means_are_weighted_by_frames(walk: Motion) -> None:
    short = synthetic.perform(synthetic.walk(2.0), dtype=np.float64).motion
    results = [compare.compare(erring(one), one) for one in (walk, short)]
    pooled = compare.pooled(results)
    frames = sum(result.frames for result in results)
    expected = sum(result.w_mpjpe_m * result.frames for result in results) / frames
    assert pooled.w_mpjpe_m == pytest.approx(expected)
    assert (pooled.frames, pooled.drift_by_time) == (frames, ())
    with pytest.raises(ValueError, match="no comparisons"):
        compare.pooled([])


# Bad input


def test_one_error_says_all_that_prevents_a_comparison(walk: Motion) -> None:
    strange = Motion.from_arrays(
        orientations_wxyz=walk.orientations_wxyz,
        positions_m=walk.positions_m,
        times_s=walk.times_s + 1000.0,
        joints_m=walk.joints_m[:, :3],
        skeleton=from_names(["one", "two", "three"], name="odd"),
    )
    with pytest.raises(ValueError, match="cannot be compared") as error:
        compare.compare(strange, walk)
    text = str(error.value)
    assert "0 names in common" in text
    assert "'odd' has one two three" in text
    assert "0 frames seen by both; estimate 1000 to" in text
    assert "offset_s" in text
    unseen = changed(walk, observed=np.zeros(walk.frames, dtype=bool))
    with pytest.raises(ValueError, match="estimate: none of its") as error:
        compare.compare(unseen, unseen)
    assert "truth: none of its" in str(error.value)
    assert "times" not in str(error.value)
    with pytest.raises(ValueError, match="the estimate has none; compare on the root"):
        compare.compare(changed(walk, joints_m=None), walk, on="joints")
    assert COCO_17.joints != walk.skeleton.joints


# The command


def test_the_command_writes_a_table_and_a_report(walk: Motion, tmp_path: Path) -> None:
    folders = [tmp_path / "estimates", tmp_path / "truths"]
    for folder in folders:
        folder.mkdir()
    for name in ("first", "second"):
        truth = walk.renamed(clip=name)
        erring(truth).save(folders[0] / f"{name}.npz")
        truth.save(folders[1] / f"{name}_truth.npz")
    out = tmp_path / "report.json"
    arguments = ["compare", *map(str, folders), "--out", str(out)]
    result = CliRunner().invoke(app.app, arguments)
    assert result.exit_code == 0, result.output
    assert "first" in result.output
    assert "all clips" in result.output
    report = msgspec.json.decode(out.read_bytes(), type=compare.Report)
    assert report.clips[0] == compare.compare(
        erring(walk.renamed(clip="first")), walk.renamed(clip="first")
    )
    assert f"{1000 * report.pooled.w_mpjpe_m:.1f}" in result.output
    walk.renamed(clip="third").save(folders[0] / "third.npz")
    result = CliRunner().invoke(app.app, arguments)
    assert result.exit_code == 1
    assert "third, person 0: no ground truth" in result.stderr
    result = CliRunner().invoke(
        app.app, ["compare", str(folders[0]), str(folders[1] / "first_truth.npz"), "--on", "root"]
    )
    assert "root" in result.output
    other = tmp_path / "other"
    other.mkdir()
    for name in "ab":
        walk.renamed(clip=name).save(other / f"{name}.npz")
    result = CliRunner().invoke(app.app, ["compare", str(folders[0]), str(other)])
    assert result.exit_code == 2
    assert "no clip and person in common" in result.stderr
