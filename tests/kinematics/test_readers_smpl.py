"""Files of body parameters: a movement written in any format is read as the same movement."""

import json
import pickle
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import readers, synthetic
from kinematics.facts import MotionFacts
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.readers import amass, humanml3d, motionx, rich_egobody, tram

BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
Z_UP = Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
"""From our axes to those of a file whose Z is up."""
CAMERA = Rotation.from_matrix([[1, 0, 0], [0, -1, 0], [0, 0, -1]])
"""From our axes to those of a camera held level: Y down, Z ahead."""


class Track(NamedTuple):
    """A movement in our world."""

    turns: Rotation
    positions_m: np.ndarray
    motion: Motion

    @property
    def frames(self) -> int:
        return len(self.positions_m)


def track_of(motion: Motion) -> Track:
    turns = Rotation.from_quat(np.asarray(motion.orientations_wxyz), scalar_first=True)
    return Track(turns, np.asarray(motion.positions_m, np.float64), motion)


@pytest.fixture(scope="module")
def walk() -> Track:
    """Two metres, a quarter turn to the left, a metre and a half."""
    script = synthetic.walk(2.0).then(synthetic.turn(np.pi / 2), synthetic.walk(1.5))
    return track_of(synthetic.perform(script, fps=30.0, joints=False).motion)


def dumped(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value, protocol=2))
    return path


def zeros(track: Track, *shape: int) -> np.ndarray:
    return np.zeros((track.frames, *shape))


# One movement in every format ---------------------------------------------------------------------


def as_amass(track: Track, folder: Path) -> Path:
    poses = zeros(track, 156)
    poses[:, :3] = (Z_UP * track.turns).as_rotvec()
    path = folder / "walk_poses.npz"
    np.savez(path, poses=poses, trans=Z_UP.apply(track.positions_m), betas=np.zeros(16),
             mocap_framerate=30.0, gender="female", dmpls=zeros(track, 8))  # fmt: skip
    return path


def as_amass_smplx(track: Track, folder: Path) -> Path:
    path = folder / "walk_stageii.npz"
    np.savez(path, root_orient=(Z_UP * track.turns).as_rotvec(), pose_body=zeros(track, 63),
             trans=Z_UP.apply(track.positions_m), betas=np.zeros(16), mocap_frame_rate=30.0,
             surface_model_type="smplx",
             markers_latent_vids=np.array({"a": 1}, dtype=object))  # fmt: skip
    return path


def as_y_up(track: Track, folder: Path) -> Path:
    path = folder / "walk_y.npz"
    np.savez(path, global_orient=track.turns.as_rotvec(), body_pose=zeros(track, 69), fps=30,
             transl=track.positions_m)  # fmt: skip
    return path


def as_motionx(track: Track, folder: Path) -> Path:
    path = folder / "walk.npz"
    motionx.write(track.motion, path)
    return path


def as_promptHMR(track: Track, folder: Path) -> Path:  # noqa: N802 (the tool's name)
    pose = zeros(track, 165)
    pose[:, :3] = track.turns.as_rotvec()
    world = {"pose": pose, "shape": zeros(track, 10), "trans": track.positions_m}
    people = {1: {"frames": np.arange(track.frames), "track_id": 1, "smplx_world": world}}
    cameras = {"Rcw": np.tile(CAMERA.as_matrix(), (track.frames, 1, 1)), "Tcw": zeros(track, 3)}
    return dumped(folder / "video" / "results.pkl", {"people": people, "camera_world": cameras})


def as_person(track: Track, folder: Path) -> Path:
    pose = zeros(track, 165)
    pose[:, :3] = track.turns.as_rotvec()
    path = folder / "video" / "poses" / "world" / "person_2.npy"
    path.parent.mkdir(parents=True)
    np.save(path, {"frames": np.arange(track.frames), "pose": pose, "shape": zeros(track, 10),
                   "trans": track.positions_m}, allow_pickle=True)  # fmt: skip
    return path


def as_gvhmr(track: Track, folder: Path) -> Path:
    world = {"global_orient": track.turns.as_rotvec(), "transl": track.positions_m,
             "body_pose": zeros(track, 63), "betas": zeros(track, 10)}  # fmt: skip
    return dumped(folder / "video" / "hmr4d_results.pt", {"smpl_params_global": world})


def as_wham(track: Track, folder: Path) -> Path:
    pose = zeros(track, 72)
    pose[:, :3] = track.turns.as_rotvec()
    results: dict[int, dict[str, Any]] = defaultdict(dict)
    results[0] = {"pose_world": pose, "trans_world": track.positions_m, "betas": zeros(track, 10),
                  "frame_ids": np.arange(track.frames), "verts": zeros(track, 4, 3)}  # fmt: skip
    return dumped(folder / "video" / "wham_output.pkl", results)


def camera_path(frames: int) -> tuple[Rotation, np.ndarray]:
    """Orientations (camera axes to our world) and positions of a camera that turns and moves."""
    along = np.linspace(0, 1, frames)
    turn = np.stack([0.2 * along, 0.9 * along, 0.1 * np.sin(6 * along)], axis=1)
    positions = np.stack([2 * along, 1.5 + 0.2 * along, -4 + along], axis=1)
    return Rotation.from_rotvec(turn) * CAMERA.inv(), positions


def as_tram(track: Track, folder: Path) -> Path:
    world_from_camera, positions = camera_path(track.frames)
    matrices = np.tile(np.eye(3), (track.frames, 24, 1, 1))
    matrices[:, 0] = (world_from_camera.inv() * track.turns).as_matrix()
    seen = world_from_camera.inv().apply(track.positions_m - positions)
    path = folder / "video" / "hps" / "hps_track_0.npy"
    path.parent.mkdir(parents=True)
    np.save(path, {"pred_rotmat": matrices, "pred_shape": zeros(track, 10),
                   "pred_trans": seen[:, None], "frame": np.arange(track.frames)},
            allow_pickle=True)  # fmt: skip
    np.save(folder / "video" / "camera.npy", {"world_cam_R": world_from_camera.as_matrix(),
            "world_cam_T": positions, "img_focal": np.float32(600)}, allow_pickle=True)  # fmt: skip
    return path


def as_emdb(track: Track, folder: Path) -> Path:
    smpl = {"poses_root": track.turns.as_rotvec(), "poses_body": zeros(track, 69),
            "trans": track.positions_m, "betas": np.zeros(10)}  # fmt: skip
    whole = {"name": "P0_09_walk", "gender": "male", "n_frames": track.frames, "smpl": smpl,
             "good_frames_mask": np.ones(track.frames, bool)}  # fmt: skip
    return dumped(folder / "P0_09_walk_data.pkl", whole)


SCENE = Rotation.from_rotvec([2.0, 0.1, -0.2])
"""From a calibrated camera's axes to those of the scan, Z up."""


def body_of(rotvec: Any = (0, 0, 0), translation: Any = (0, 0, 0), **more: Any) -> dict[str, Any]:
    """The parameters of one frame of RICH or EgoBody."""
    return {"global_orient": np.array([rotvec], float), "transl": np.array([translation], float),
            "body_pose": np.zeros((1, 63)), "betas": np.zeros((1, 10)), **more}  # fmt: skip


def in_scene(track: Track, **more: Any) -> list[dict[str, Any]]:
    """The parameters of each frame in the axes of the calibrated camera."""
    turns = (SCENE.inv() * Z_UP * track.turns).as_rotvec()
    seen = SCENE.inv().apply(Z_UP.apply(track.positions_m) - [1, 2, 3])
    return [body_of(turn, position, **more) for turn, position in zip(turns, seen, strict=True)]


def as_rich(track: Track, folder: Path) -> Path:
    take = folder / "data" / "bodies" / "train" / "Gym_010_walk1"
    for frame, body in enumerate(in_scene(track)):
        dumped(take / f"{frame:05d}" / "010.pkl", body)
    calibration = folder / "data" / "multicam2world" / "Gym_multicam2world.json"
    calibration.parent.mkdir(parents=True)
    told = {"R": SCENE.inv().as_matrix().tolist(), "t": [1.0, 2.0, 3.0], "c": 1.0}
    calibration.write_text(json.dumps(told))
    return take


def as_egobody(track: Track, folder: Path) -> Path:
    take = folder / "smplx_interactee_train" / "recording_1" / "body_idx_1" / "results"
    for frame, body in enumerate(in_scene(track, gender="male")):
        dumped(take / f"frame_{frame:05d}" / "000.pkl", body)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = SCENE.as_matrix(), [1, 2, 3]
    beside = folder / "calibrations" / "recording_1" / "cal_trans" / "kinect12_to_world"
    beside.mkdir(parents=True)
    (beside / "lab.json").write_text(json.dumps({"trans": matrix.tolist()}))
    return take


WRITERS: dict[str, Callable[[Track, Path], Path]] = {
    name.removeprefix("as_"): value for name, value in globals().items() if name.startswith("as_")
}


@pytest.fixture(scope="module")
def read_back(walk: Track, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Motion]:
    motions = {}
    for name, write in WRITERS.items():
        path = write(walk, tmp_path_factory.mktemp(name))
        assert readers.find([path.parent]) == [path] or name in ("rich", "egobody", "tram")
        [motions[name]] = readers.read(path)
    return motions


@pytest.mark.parametrize("name", WRITERS)
def test_a_movement_comes_back_from_every_format(
    name: str, walk: Track, read_back: dict[str, Motion]
) -> None:
    motion = read_back[name]
    assert motion.observed.all()
    np.testing.assert_allclose(motion.times_s, np.arange(walk.frames) / 30, atol=1e-9)
    np.testing.assert_allclose(motion.positions_m, walk.positions_m, atol=2e-5)
    turned = Rotation.from_quat(np.asarray(motion.orientations_wxyz), scalar_first=True)
    assert (turned.inv() * walk.turns).magnitude().max() < 2e-5
    assert motion.joints_m is None
    if name != "motionx":
        assert any("not of the pelvis" in n or "hips" in n for n in motion.source.notes)


def rounded(facts: MotionFacts) -> list[tuple[str, float, float]]:
    return [(e.signal, round(e.start_s, 2), round(e.amount, 2)) for e in facts.events]


def test_every_format_gives_the_same_facts(walk: Track, read_back: dict[str, Motion]) -> None:
    named = [walk.motion.renamed(clip="original")]
    named += [motion.renamed(clip=name) for name, motion in read_back.items()]
    original, *others = measurement.measure_all(named)
    assert {signal for signal, _, _ in rounded(original)} >= {"forward", "heading"}
    for facts in others:
        assert rounded(facts) == rounded(original), facts.clip
        assert facts.whole.path_m == pytest.approx(original.whole.path_m, abs=1e-3)
        net, turn = original.whole.net_forward_m, original.posture.turn_left_rad
        assert facts.whole.net_forward_m == pytest.approx(net, abs=1e-3)
        assert facts.posture.turn_left_rad == pytest.approx(turn, abs=1e-3)


# Which way is up ----------------------------------------------------------------------------------


@pytest.mark.parametrize("facing", [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)])
def test_walking_ahead_in_a_z_up_file_is_walking_ahead(
    facing: tuple[int, int, int], tmp_path: Path
) -> None:
    """Left, up and ahead of the body are given by hand, in the file's axes."""
    ahead, up = np.array(facing, float), np.array([0.0, 0, 1])
    body = np.stack([np.cross(up, ahead), up, ahead], axis=1)
    frames = 20
    np.savez(
        tmp_path / "walk.npz",
        poses=np.tile(np.append(Rotation.from_matrix(body).as_rotvec(), np.zeros(69)), (frames, 1)),
        trans=np.linspace(0, 2, frames)[:, None] * ahead + [5.0, 6.0, 0.9],
        mocap_framerate=np.array(10),
    )
    [motion] = readers.read(tmp_path / "walk.npz")
    turned = Rotation.from_quat(np.asarray(motion.orientations_wxyz), scalar_first=True)
    step = motion.positions_m[-1] - motion.positions_m[0]
    np.testing.assert_allclose(turned[0].inv().apply(step), [0, 0, 2], atol=1e-5)
    np.testing.assert_allclose(turned.apply([0, 1, 0]), [[0, 1, 0]] * frames, atol=1e-6)
    assert motion.positions_m[0, 1] == pytest.approx(0.9)
    # seen from above, the file's X, Y are our X, -Z: a quarter turn left stays one
    np.testing.assert_allclose(step, [2 * facing[0], 0, -2 * facing[1]], atol=1e-5)


def test_the_up_axis_can_be_given_and_is_always_noted(walk: Track, tmp_path: Path) -> None:
    path = as_y_up(walk, tmp_path)
    [guessed] = amass.read(path)
    assert "up axis guessed: y" in guessed.source.notes[1]
    [told] = amass.read(path, up="z")
    assert "up axis z, as told" in told.source.notes
    np.testing.assert_allclose(told.positions_m[:, 1], walk.positions_m[:, 2], atol=1e-5)
    lying = {"poses": np.zeros((9, 72)), "trans": np.zeros((9, 3))}
    lying["poses"][:, 2] = np.pi / 2
    np.savez(tmp_path / "lying.npz", **lying)
    assert "up axis z, as usual" in amass.read(tmp_path / "lying.npz")[0].source.notes[2]


def test_without_calibration_the_cameras_axes_are_the_world(walk: Track, tmp_path: Path) -> None:
    take = as_rich(walk, tmp_path)
    for calibration in tmp_path.rglob("*.json"):
        calibration.unlink()
    [motion] = readers.read(take)
    assert "no calibration" in motion.source.notes[1]
    assert motion.camera_orientations_wxyz is not None
    tilt = (CAMERA.inv() * SCENE.inv() * Z_UP * walk.turns[0]).apply([0, 1, 0])
    turned = Rotation.from_quat(np.asarray(motion.orientations_wxyz), scalar_first=True)
    np.testing.assert_allclose(turned[0].apply([0, 1, 0]), tilt, atol=1e-5)


# People, frames, cameras --------------------------------------------------------------------------


@settings(max_examples=15)
@given(
    numbers=st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True),
    starts=st.lists(st.integers(0, 40), min_size=4, max_size=4),
    lost=st.sets(st.integers(1, 8), max_size=4),
    text=st.booleans(),
)
def test_people_keep_their_numbers_places_and_gaps(
    numbers: list[int], starts: list[int], lost: set[int], text: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Each person stands at x = its own number, so that a shifted number is noticed."""
    folder = tmp_path_factory.mktemp("people")
    prompt, wham = {}, {}
    for number, start in zip(numbers, starts, strict=False):
        frames = np.array([start + k for k in range(10) if k not in lost])
        at = np.tile([float(number), 1.0, 0.0], (len(frames), 1))
        world = {"pose": np.zeros((len(frames), 165)), "shape": np.zeros((len(frames), 10)),
                 "trans": at}  # fmt: skip
        key: Any = str(number) if text else np.int64(number)
        prompt[key] = {"frames": frames, "smplx_world": world}
        wham[key] = {"pose_world": np.zeros((len(frames), 72)), "trans_world": at,
                     "betas": np.zeros((len(frames), 10)), "frame_ids": frames}  # fmt: skip
    paths = (
        dumped(folder / "a" / "results.pkl", {"people": prompt, "camera_world": {}}),
        dumped(folder / "b" / "wham_output.pkl", wham),
    )
    for path in paths:
        motions = {motion.source.person: motion for motion in readers.read(path)}
        assert sorted(motions) == sorted(numbers)
        for number, start in zip(numbers, starts, strict=False):
            motion = motions[number]
            assert set(motion.positions_m[:, 0]) == {float(number)}
            seen = np.flatnonzero(motion.observed)
            assert np.round(motion.times_s[seen] * 30).astype(int).tolist() == [
                start + k for k in range(10) if k not in lost
            ]
            assert motion.frames == 10
            assert motion.source.shared_world == (path.stem == "results")


def test_the_number_of_a_file_is_that_of_its_name(walk: Track, tmp_path: Path) -> None:
    assert readers.read(as_person(walk, tmp_path))[0].source.person == 2
    first = as_tram(walk, tmp_path / "t")
    second = first.with_name("hps_track_11.npy")
    first.rename(second)
    assert readers.read(second)[0].source.person == 11
    assert readers.read(second)[0].source.clip == "video"
    other = first.with_name("somebody.npy")
    second.rename(other)
    with pytest.raises(ValueError, match="hps_track_<number>"):
        readers.read(other)


def test_several_subjects_of_a_take_are_several_people(walk: Track, tmp_path: Path) -> None:
    take = as_rich(walk, tmp_path)
    for frame in (3, 4, 6):
        dumped(take / f"{frame:05d}" / "021.pkl", body_of(translation=(2, 2, 2)))
    first, second = readers.read(take)
    assert (first.source.person, second.source.person) == (10, 21)
    assert second.observed.tolist() == [True, True, False, True]
    assert second.times_s[0] == pytest.approx(0.1)
    assert first.source.shared_world
    assert first.source.clip == "Gym_010_walk1"
    # the file of a frame selects its take, and a folder of takes is a list of takes
    assert len(readers.read(take / "00003" / "021.pkl")) == 2
    assert readers.find([tmp_path]) == [take]
    [ego] = readers.read(as_egobody(walk, tmp_path / "ego"))
    assert (ego.source.clip, ego.source.person) == ("recording_1", 1)


def test_cameras_are_kept_and_see_the_person_where_the_file_says(
    walk: Track, tmp_path: Path
) -> None:
    [motion] = readers.read(as_tram(walk, tmp_path))
    world_from_camera, positions = camera_path(walk.frames)
    np.testing.assert_allclose(motion.camera_positions_m, positions, atol=1e-5)
    held = Rotation.from_quat(np.asarray(motion.camera_orientations_wxyz), scalar_first=True)
    assert (held.inv() * world_from_camera).magnitude().max() < 1e-5
    # PromptHMR and EMDB store the inverse: world points to camera points
    inverse = world_from_camera.inv()
    shift = -inverse.apply(positions)
    path = as_promptHMR(walk, tmp_path / "p")
    whole = pickle.loads(path.read_bytes())
    whole["camera_world"] = {"Rcw": inverse.as_matrix(), "Tcw": shift, "Twc": shift + 9}
    dumped(path, whole)
    emdb_path = as_emdb(walk, tmp_path)
    emdb = pickle.loads(emdb_path.read_bytes())
    emdb["camera"] = {"extrinsics": np.tile(np.eye(4), (walk.frames, 1, 1))}
    emdb["camera"]["extrinsics"][:, :3, :3] = inverse.as_matrix()
    emdb["camera"]["extrinsics"][:, :3, 3] = shift
    emdb["good_frames_mask"][5:9] = False
    dumped(emdb_path, emdb)
    for source in (path, emdb_path):
        [motion] = readers.read(source)
        seen = motion.observed
        np.testing.assert_allclose(motion.camera_positions_m[seen], positions[seen], atol=1e-5)
        held = Rotation.from_quat(np.asarray(motion.camera_orientations_wxyz), scalar_first=True)
        assert (held.inv() * world_from_camera).magnitude()[seen].max() < 1e-5
    assert np.flatnonzero(~seen).tolist() == [5, 6, 7, 8]


def test_tram_without_its_camera_is_noted(walk: Track, tmp_path: Path) -> None:
    path = as_tram(walk, tmp_path)
    camera = tmp_path / "video" / "camera.npy"
    moved = camera.rename(tmp_path / "elsewhere.npy")
    [motion] = readers.read(path)
    assert any("moving camera" in note for note in motion.source.notes)
    assert not motion.source.shared_world
    [again] = tram.read(path, camera=moved)
    np.testing.assert_allclose(again.positions_m, walk.positions_m, atol=2e-5)
    short = {"world_cam_R": np.tile(np.eye(3), (5, 1, 1)), "world_cam_T": np.zeros((5, 3))}
    np.save(camera, short, allow_pickle=True)
    with pytest.raises(ValueError, match=r"hps_track_0.*\n.*the camera has 5 frames"):
        readers.read(path)


# Joints from a model file -------------------------------------------------------------------------


def model_file(folder: Path, joints: int) -> Path:
    """An invented body with the layout of a licensed model file."""
    offset = np.array([0.01, -0.35, 0.02])
    rest = offset + np.array([
        (0, 0, 0), (.1, -.1, 0), (-.1, -.1, 0), (0, .1, 0), (.1, -.5, 0), (-.1, -.5, 0),
        (0, .25, 0), (.1, -.9, 0), (-.1, -.9, 0), (0, .3, 0), (.1, -.95, .15), (-.1, -.95, .15),
        (0, .5, 0), (.08, .42, 0), (-.08, .42, 0), (0, .6, 0), (.18, .42, 0), (-.18, .42, 0),
        (.45, .42, 0), (-.45, .42, 0), (.7, .42, 0), (-.7, .42, 0),
    ])  # fmt: skip
    rest = np.concatenate([rest, np.tile(rest[15], (joints - 22, 1))])
    parents = np.array([*BODY_PARENTS, *[15] * (joints - 22)])
    path = folder / f"model_{joints}.npz"
    shapes = np.zeros((joints, 3, 10))
    shapes[:, :, 0] = 0.1 * rest
    np.savez(path, v_template=rest, shapedirs=shapes, J_regressor=np.eye(joints),
             kintree_table=np.stack([parents % 2**32, np.arange(joints)]))  # fmt: skip
    return path


MODELS = {"amass": 52, "amass_smplx": 55, "y_up": 24, "motionx": 55, "promptHMR": 55,
          "person": 55, "gvhmr": 55, "wham": 24, "tram": 24, "emdb": 24, "rich": 55,
          "egobody": 55}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_a_model_gives_pelvis_and_joints_in_our_world(
    name: str, walk: Track, tmp_path: Path
) -> None:
    """With zero pose and shape the body is the model's own, turned by the root about its pelvis."""
    short = Track(walk.turns[:20], walk.positions_m[:20], walk.motion)
    if name == "motionx":
        short = walk
    model = model_file(tmp_path, MODELS[name])
    path = WRITERS[name](short, tmp_path / name if (tmp_path / name).mkdir() is None else tmp_path)
    if name == "y_up":
        with np.load(path) as held:
            np.savez(path, **dict(held), betas=np.zeros(10))
    [motion] = readers.read(path, smplx_model=model)
    assert motion.joints_m is not None
    with np.load(model) as held:
        rest = held["v_template"][:22]
    # the file's translation plus the resting pelvis, rotated like the file's axes (for a moving
    # camera: like the camera in each frame)
    from_file = {"amass": Z_UP.inv(), "amass_smplx": Z_UP.inv(), "rich": Z_UP.inv() * SCENE,
                 "egobody": Z_UP.inv() * SCENE, "tram": camera_path(20)[0]}  # fmt: skip
    pelvis = short.positions_m + from_file.get(name, Rotation.identity()).apply(rest[0])
    if name == "wham":  # its positions are the hips'
        hips = rest[[1, 2]].mean(axis=0) - rest[0]
        pelvis = short.positions_m - short.turns.apply(hips)
    np.testing.assert_allclose(motion.positions_m, pelvis, atol=2e-5)
    for joint in (0, 4, 16, 21):
        expected = pelvis + short.turns.apply(rest[joint] - rest[0])
        np.testing.assert_allclose(motion.joints_m[:, joint], expected, atol=2e-5)
    assert motion.body is not None
    assert (motion.body.rotvecs_rad.shape, motion.body.model) == ((len(pelvis), 21, 3), str(model))


def test_the_pose_of_the_body_stays_with_its_frames(tmp_path: Path) -> None:
    """The pose of each frame encodes its number; missing frames are zero."""
    frames = np.array([4, 9, 5])
    pose = np.zeros((3, 165))
    pose[:, 3:66] = frames[:, None] / 10
    person = {"frames": frames, "pose": pose, "shape": np.full(10, 0.5), "trans": np.zeros((3, 3))}
    np.save(tmp_path / "person_4.npy", np.array(person), allow_pickle=True)
    model = model_file(tmp_path, 55)
    [motion] = readers.read(tmp_path / "person_4.npy", smplx_model=model)
    assert motion.body is not None
    expected = np.array([0.4, 0.5, 0, 0, 0, 0.9])
    np.testing.assert_allclose(motion.body.rotvecs_rad[:, 20, 2], expected, atol=1e-6)
    np.testing.assert_allclose(motion.body.betas, 0.5)
    [without] = readers.read(tmp_path / "person_4.npy")
    assert without.body is None


def test_a_folder_of_models_gives_the_model_of_the_body(tmp_path: Path, walk: Track) -> None:
    folder = tmp_path / "models"
    for name, joints in (("smplx/SMPLX_NEUTRAL", 55), ("smplh/male/model", 52),
                         ("smplh/neutral/model", 52), ("smpl/SMPL_FEMALE", 24)):  # fmt: skip
        path = folder / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        model_file(tmp_path, joints).rename(path)
    for gender, said in (("male", "male"), ("neutral", "neutral"), ("female", "neutral")):
        path = tmp_path / f"{gender}.npz"
        np.savez(path, poses=np.zeros((9, 156)), trans=np.zeros((9, 3)), betas=np.zeros(16),
                 gender=gender, mocap_framerate=30.0)  # fmt: skip
        [motion] = readers.read(path, smplx_model=folder)
        assert motion.body is not None
        assert Path(motion.body.model) == folder / "smplh" / said / "model.npz"
    (folder / "smpl" / "SMPL_FEMALE.npz").rename(folder / "female.npz")
    with pytest.raises(ValueError, match=r"models: no single model file for smpl; it holds female"):
        readers.read(as_wham(walk, tmp_path), smplx_model=folder)


def test_a_model_of_another_body_is_refused(walk: Track, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"wham_output.*parameters of smpl, but .*model of smplx"):
        readers.read(as_wham(walk, tmp_path), smplx_model=model_file(tmp_path, 55))


# HumanML3D ----------------------------------------------------------------------------------------


def features_of(joints: np.ndarray) -> np.ndarray:
    """The features of joints by their published definition (only the columns that are read)."""
    across = joints[:, 1] - joints[:, 2] + joints[:, 16] - joints[:, 17]
    heading = np.unwrap(np.arctan2(-across[:, 2], across[:, 0]))
    to_local = Rotation.from_rotvec(np.outer(-heading, [0, 1, 0]))
    features = np.zeros((len(joints), 263))
    features[:-1, 0] = -np.diff(heading) / 2  # theirs turns clockwise, by half the angle
    step = to_local[1:].apply(np.diff(joints[:, 0], axis=0))
    features[:-1, 1:3] = step[:, [0, 2]]
    features[:, 3] = joints[:, 0, 1]
    seen = joints[:, 1:] - joints[:, :1] * [1, 0, 1]
    for joint in range(21):
        features[:, 4 + 3 * joint : 7 + 3 * joint] = to_local.apply(seen[:, joint])
    return features


def test_features_give_the_joints_back_from_the_origin_ahead(tmp_path: Path) -> None:
    script = synthetic.walk(1.5).then(synthetic.turn(2.0), synthetic.walk(1.0))
    motion = synthetic.perform(script, fps=20.0, start_heading_rad=0.7).motion
    joints = np.asarray(motion.joints_m, np.float64)
    features = features_of(joints)
    np.save(tmp_path / "000001.npy", features)
    np.save(tmp_path / "000002.npy", motion.joints_m)
    [back], [plain] = (readers.read(tmp_path / f"00000{k}.npy") for k in (1, 2))
    first = joints[0, 1] - joints[0, 2] + joints[0, 16] - joints[0, 17]
    turn = Rotation.from_rotvec([0, -np.arctan2(-first[2], first[0]), 0])
    start = joints[0, 0] * [1, 0, 1]
    expected = turn.apply((joints - start).reshape(-1, 3)).reshape(joints.shape)
    np.testing.assert_allclose(back.joints_m, expected, atol=1e-6)
    assert back.times_s[1] == plain.times_s[1] == 0.05
    np.testing.assert_array_equal(plain.joints_m, motion.joints_m)
    given_root = Rotation.from_quat(np.asarray(motion.orientations_wxyz), scalar_first=True)
    estimated = Rotation.from_quat(np.asarray(plain.orientations_wxyz), scalar_first=True)
    assert (estimated.inv() * given_root).magnitude().max() < 1e-3


def test_joints_that_are_no_person_in_metres_are_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "normalised.npy", random.normal(size=(9, 263)).astype(np.float32))
    with pytest.raises(ValueError, match=r"normalised.*hips.*apart"):
        readers.read(tmp_path / "normalised.npy")
    np.save(tmp_path / "unknown.npy", np.full((9, 22, 3), np.nan))
    assert not humanml3d.read(tmp_path / "unknown.npy")[0].observed.any()


# Motion-X is written ------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(2, 40),
    fps=st.sampled_from([10.0, 24.0, 25.0, 29.97, 30.0, 59.94, 120.0]),
    wide=st.booleans(),
    lost=st.sets(st.integers(0, 39), max_size=5),
)
def test_motionx_keeps_the_root(
    seed: int, frames: int, fps: float, wide: bool, lost: set[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    random = np.random.default_rng(seed)
    dtype = np.float64 if wide else np.float32
    turns = Rotation.random(frames, rng=random)
    observed = np.array([frame not in lost for frame in range(frames)])
    motion = Motion.from_arrays(
        orientations_wxyz=turns.as_quat(scalar_first=True).astype(dtype),
        positions_m=random.normal(scale=30, size=(frames, 3)).astype(dtype),
        fps=fps,
        observed=observed,
    )
    path = tmp_path_factory.mktemp("motionx") / "any.npz"
    motionx.write(motion, path)
    [back] = readers.read(path)
    np.testing.assert_array_equal(back.observed, observed)
    np.testing.assert_array_equal(back.positions_m[observed], motion.positions_m[observed])
    assert back.positions_m.dtype == dtype
    np.testing.assert_allclose(back.times_s, motion.times_s, rtol=0, atol=1e-9)
    again = Rotation.from_quat(np.asarray(back.orientations_wxyz)[observed], scalar_first=True)
    if observed.any():
        assert (again.inv() * turns[observed]).magnitude().max() < (1e-12 if wide else 2e-6)


def test_uneven_times_are_not_written(tmp_path: Path) -> None:
    motion = Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (4, 1)),
        positions_m=np.zeros((4, 3)),
        times_s=np.array([0.0, 0.1, 0.35, 0.4]),
    )
    with pytest.raises(ValueError, match=r"uneven.*one rate"):
        motionx.write(motion, tmp_path / "uneven.npz")
    assert not list(tmp_path.iterdir())


# Bad input ----------------------------------------------------------------------------------------


def mutated(value: Any, random: np.random.Generator) -> Any:
    """The value with a random change: cut, widened, emptied, retyped, dropped, NaN, huge."""
    if isinstance(value, dict) and value:
        key = list(value)[random.integers(len(value))]
        if random.random() < 0.2:
            return {name: held for name, held in value.items() if name != key}
        return {**value, key: mutated(value[key], random)}
    if not isinstance(value, np.ndarray) or value.dtype.kind in "USO":
        return [None, "text", -1, {}, [1, "a"], np.zeros(3), 10**30][random.integers(7)]
    value = np.atleast_1d(value)
    bent = value.copy() if value.dtype.kind != "b" else value.astype(float)
    choices: list[Callable[[], Any]] = [
        lambda: value[:-1],
        lambda: value[..., :-1],
        lambda: value[:0],
        lambda: value.astype("U5"),
        lambda: np.full_like(bent, np.nan, dtype=float),
        lambda: np.full_like(bent, np.inf, dtype=float),
        lambda: bent.astype(float) * 1e200 + 1e200,
        lambda: -value.astype(float) - 3,
        lambda: value[None],
        lambda: np.array([value[:1].tolist(), None], dtype=object),
        lambda: value.tolist(),
        lambda: float(value.flat[0]) if value.size else None,
        lambda: np.stack([value, value], axis=-1),
    ]
    return choices[random.integers(len(choices))]()


CHANGED = ("amass", "promptHMR", "person", "gvhmr", "wham", "tram", "emdb")


@pytest.mark.parametrize("name", CHANGED)
def test_changed_files_are_read_or_refused_by_name(name: str, walk: Track, tmp_path: Path) -> None:
    short = Track(walk.turns[:12], walk.positions_m[:12], walk.motion)
    path = WRITERS[name](short, tmp_path)
    if path.suffix == ".npz":
        with np.load(path) as file:
            held = dict(file)
    elif path.suffix == ".npy":
        held = np.load(path, allow_pickle=True).item()
    else:
        held = pickle.loads(path.read_bytes())
    random, complaints = np.random.default_rng(7), []
    for _ in range(50):
        changed = mutated(held, random)
        if path.suffix == ".npz":
            np.savez(path, **{k: v for k, v in changed.items() if v is not None})
        elif path.suffix == ".npy":
            np.save(path, changed, allow_pickle=True)
        else:
            dumped(path, changed)
        try:
            motions = readers.read(path)
        except ValueError as error:
            complaints.append(str(error))
            continue
        for motion in motions:
            assert np.isfinite(motion.positions_m).all()
            assert np.isfinite(motion.orientations_wxyz).all()
    assert len(complaints) > (10 if name == "amass" else 15)
    assert all(path.name in complaint for complaint in complaints)


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    body = {"global_orient": np.zeros((9, 4)), "transl": np.zeros((8, 3)), "betas": "none"}
    path = dumped(tmp_path / "hmr4d_results.pt", {"smpl_params_global": body})
    with pytest.raises(ValueError, match="hmr4d_results") as caught:
        readers.read(path)
    for part in ("(9, 4); expected (frames, 3)", "body_pose: not there", "betas: a str",
                 "Write it again"):  # fmt: skip
        assert part in str(caught.value)


BAD_CALIBRATIONS = (b"{", b"[]", b"{}", b'{"trans": [[1]]}', b'{"R": 1, "t": 2, "c": 3}',
                    json.dumps({"trans": (-np.eye(4)).tolist()}).encode(), b"[" * 5000,
                    b'{"R": [[1,0,0],[0,1,0],[0,0,1]], "t": [0,0,0], "c": 1e9}')  # fmt: skip


@pytest.mark.parametrize("data", BAD_CALIBRATIONS)
def test_a_bad_calibration_is_one_value_error_that_names_it(data: bytes, tmp_path: Path) -> None:
    dumped(tmp_path / "Gym_010_a" / "00000" / "010.pkl", body_of())
    (tmp_path / "lab.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"lab\.json: expected a calibration"):
        rich_egobody.read(tmp_path / "Gym_010_a", calibration=tmp_path / "lab.json")
