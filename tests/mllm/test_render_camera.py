"""Cameras: projection against a textbook pinhole, paths, and the tracks beside videos."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import synthetic
from kinematics.geometry import anchor
from kinematics.motion import Motion
from mllm.render import track
from mllm.render.camera import Lens, Poses, looking, project
from mllm.render.film import Film, film
from mllm.render.folder import told
from mllm.render.paths import KINDS, MARGIN, CameraKind


@pytest.fixture(scope="module")
def walker() -> Motion:
    script = synthetic.walk(2.0).then(synthetic.turn(math.pi / 2))
    return synthetic.perform(script, start_position_m=(12.0, 0.3, -7.0)).motion


@pytest.fixture(scope="module")
def orbited(walker: Motion) -> Film:
    return film([walker], size_px=64, camera="orbit")


@given(seed=st.integers(0, 10_000))
def test_projection_is_that_of_a_pinhole(seed: int) -> None:
    """The textbook's K [R | t] with homogeneous coordinates, one point at a time."""
    draw = np.random.default_rng(seed)
    turned = Rotation.random(rng=draw).as_matrix()
    position_m = draw.uniform(-5, 5, 3)
    lens = Lens(200, float(draw.uniform(50, 400)))
    intrinsic = np.array([[lens.focal_px, 0, 99.5], [0, lens.focal_px, 99.5], [0, 0, 1]])
    extrinsic = np.column_stack([turned.T, -turned.T @ position_m])
    points_m = draw.uniform(-6, 6, (1, 5, 3))
    ours = project(Poses(position_m[None], turned[None]), lens, points_m)[0]
    for point_m, pixel in zip(points_m[0], ours, strict=True):
        u, v, w = intrinsic @ extrinsic @ [*point_m, 1.0]
        if w > 0:
            np.testing.assert_allclose(pixel, [u / w, v / w], rtol=1e-9, atol=1e-6)
        else:
            assert np.isnan(pixel).all()


@given(seed=st.integers(0, 10_000))
def test_a_camera_looks_at_its_target_and_stands_upright(seed: int) -> None:
    draw = np.random.default_rng(seed)
    positions_m, targets_m = draw.uniform(-5, 5, (2, 3, 3))
    poses = looking(positions_m, targets_m)
    turned = poses.world_from_camera
    np.testing.assert_allclose(
        turned.swapaxes(1, 2) @ turned, np.tile(np.eye(3), (3, 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(turned), 1.0)
    assert (np.abs(turned[:, 1, 0]) < 1e-9).all()
    assert (turned[:, 1, 1] < 0).all()  # down in the picture is down in the world
    lens = Lens(64, 60.0)
    np.testing.assert_allclose(project(poses, lens, targets_m), lens.centre_px, atol=1e-6)


def test_a_roll_turns_the_camera_clockwise() -> None:
    position_m, target_m = np.zeros((1, 3)), np.array([[0.0, 0.0, 2.0]])
    rolled = looking(position_m, target_m, rolls_rad=np.array([0.2]))
    above = project(rolled, Lens(65, 60.0), target_m + np.array([0.0, 0.5, 0.0]))[0]
    assert above[0] < 32  # the world appears turned counter-clockwise
    assert above[1] < 32


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_everybody_is_in_the_picture(walker: Motion, kind: CameraKind, seed: int) -> None:
    made = film([walker], size_px=64, camera=kind, seed=seed, things=0)
    ends_m = np.concatenate([made.people[0].starts_m, made.people[0].ends_m], axis=1)
    shares = project(made.shot.poses, made.shot.lens, ends_m + made.origin_m) / 63
    assert (shares > 0.3 * MARGIN).all()
    assert (shares < 1 - 0.3 * MARGIN).all()


def test_cameras_do_what_their_names_say(walker: Motion) -> None:
    made = {kind: film([walker], size_px=64, camera=kind).shot.poses for kind in KINDS}
    still = made["static"]
    assert np.ptp(still.positions_m, axis=0).max() == 0
    assert np.ptp(still.world_from_camera, axis=0).max() == 0
    heights_m = made["orbit"].positions_m[:, 1]
    assert np.ptp(heights_m) < 1e-9
    bearings = np.unwrap(np.arctan2(*made["orbit"].world_from_camera[:, [0, 2], 2].T))
    assert math.radians(59) < abs(bearings[-1] - bearings[0]) < math.radians(141)
    shaken = made["handheld"].positions_m
    assert 0.02 < np.linalg.norm(np.ptp(shaken, axis=0)) < 0.4
    gone_m = np.diff(made["follow"].positions_m[[0, -1]], axis=0)
    assert np.linalg.norm(gone_m) == pytest.approx(2.0, abs=0.5)


def test_tracks_survive_the_file(tmp_path: Path, orbited: Film) -> None:
    made = told(orbited, name="walk.mp4", fingerprint="abc")
    track.write(tmp_path / "a.json", made)
    again = track.read(tmp_path / "a.json")
    assert again == made
    np.testing.assert_allclose(
        again.poses.world_from_camera, orbited.shot.poses.world_from_camera, atol=1e-12
    )
    assert again.lens == orbited.shot.lens
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_an_attached_camera_sees_what_the_video_shows(walker: Motion, orbited: Film) -> None:
    """The motion's poses project joints to the same pixels as the film's camera."""
    filmed = track.attach(walker, told(orbited))
    turns = Rotation.from_quat(np.asarray(filmed.camera_orientations_wxyz), scalar_first=True)
    poses = Poses(np.asarray(filmed.camera_positions_m, float), turns.as_matrix())
    shown = project(poses, orbited.shot.lens, np.asarray(walker.joints_m, float))
    at = np.searchsorted(np.asarray(walker.times_s), orbited.times_s[::8]).clip(
        0, walker.frames - 1
    )
    near = np.abs(np.asarray(walker.times_s)[at] - orbited.times_s[::8]) < 1e-4
    assert near.sum() >= 3
    exact = project(
        Poses(*(part[::8][near] for part in orbited.shot.poses)),
        orbited.shot.lens,
        np.asarray(walker.joints_m, float)[at[near]],
    )
    np.testing.assert_allclose(shown[at[near]], exact, atol=0.02)
    assert anchor.to_camera(filmed).frame == "camera"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 2}, "schema version 1"),
        ({"times_s": (0.0, 0.0)}, "times_s: not ascending"),
        ({"positions_m": ((0.0, 0.0, 0.0),)}, "frame counts"),
        ({"orientations_wxyz": ((2.0, 0.0, 0.0, 0.0),)}, "not unit quaternions"),
        ({"focal_px": -1.0}, "focal_px"),
        ({"size_px": "wide"}, "size_px"),
    ],
)
def test_damaged_tracks_are_refused_by_name(
    tmp_path: Path, orbited: Film, change: dict[str, object], says: str
) -> None:
    fields = msgspec.to_builtins(told(orbited)) | change
    path = tmp_path / "odd.json"
    path.write_bytes(msgspec.json.encode(fields))
    with pytest.raises(ValueError, match=says) as caught:
        track.read(path)
    assert str(path) in str(caught.value)
    assert "render the video again" in str(caught.value)


@given(data=st.data())
@settings(max_examples=60)
def test_no_bytes_make_a_track_crash(data: st.DataObject, tmp_path_factory, orbited: Film) -> None:
    raw = bytearray(msgspec.json.encode(told(orbited)))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_bytes(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    said = str(path)
    try:
        assert len(track.read(path).poses.positions_m) > 0
    except ValueError as error:
        said = str(error)
    assert str(path) in said
