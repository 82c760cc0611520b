"""Samples of body parameters: what the SMPL family's data sets and trackers write."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from _walks import walk
from scipy.spatial.transform import Rotation

BETAS = np.zeros(10)


def _track(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Axis-angles and places of the root, Y up."""
    motion = walk(frames)
    turns = Rotation.from_quat(np.array(motion.orientations_wxyz), scalar_first=True)
    return turns.as_rotvec(), np.array(motion.positions_m, np.float64)


def _rooted(rotvecs: np.ndarray, columns: int) -> np.ndarray:
    """A pose whose root turns and whose other joints rest."""
    return np.pad(rotvecs, ((0, 0), (0, columns - 3)))


def _dumped(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value, protocol=2))
    return path


def amass_files(folder: Path, frames: int) -> list[Path]:
    """SMPL-H in one array, and SMPL-X in several, compressed."""
    rotvecs, places = _track(frames)
    np.savez(
        folder / "walk_poses.npz", poses=_rooted(rotvecs, 156), trans=places, betas=np.zeros(16),
        mocap_framerate=30.0,
    )  # fmt: skip
    np.savez_compressed(
        folder / "walk_stageii.npz", root_orient=rotvecs, pose_body=np.zeros((frames, 63)),
        trans=places, betas=np.zeros(16), mocap_frame_rate=30.0, surface_model_type="smplx",
    )  # fmt: skip
    return [folder / "walk_poses.npz", folder / "walk_stageii.npz"]


def humanml3d_files(folder: Path, frames: int) -> list[Path]:
    """Joints, and features of a body that stands."""
    joints = np.array(walk(frames).joints_m)
    np.save(folder / "000001.npy", joints)
    features = np.zeros((frames, 263), np.float32)
    features[:, 3] = joints[0, 0, 1]
    features[:, 4:67] = (joints[0, 1:] - joints[0, 0] * [1, 0, 1]).ravel()
    np.save(folder / "000002.npy", features)
    return [folder / "000001.npy", folder / "000002.npy"]


def prompthmr_files(folder: Path, frames: int) -> list[Path]:
    """A video's results with a camera, and one person's."""
    rotvecs, places = _track(frames)
    world = {"pose": _rooted(rotvecs, 165), "shape": np.zeros((frames, 10)), "trans": places}
    cameras = {"Rcw": np.tile(np.eye(3), (frames, 1, 1)), "Tcw": np.zeros((frames, 3))}
    people = {1: {"frames": np.arange(frames), "track_id": 1, "smplx_world": world}}
    whole = {"people": people, "camera_world": cameras}
    np.save(folder / "person_2.npy", {"frames": np.arange(frames), **world})
    return [_dumped(folder / "results.pkl", whole), folder / "person_2.npy"]


def gvhmr_files(folder: Path, frames: int) -> list[Path]:
    """A plain pickle, as `torch.load` takes it too."""
    rotvecs, places = _track(frames)
    world = {
        "global_orient": rotvecs, "transl": places, "body_pose": np.zeros((frames, 63)),
        "betas": np.zeros((frames, 10)),
    }  # fmt: skip
    return [_dumped(folder / "hmr4d_results.pt", {"smpl_params_global": world})]


def wham_files(folder: Path, frames: int) -> list[Path]:
    """Two people."""
    rotvecs, places = _track(frames)
    person = {
        "pose_world": _rooted(rotvecs, 72), "trans_world": places,
        "betas": np.zeros((frames, 10)), "frame_ids": np.arange(frames),
    }  # fmt: skip
    return [_dumped(folder / "wham_output.pkl", {0: person, 3: person})]


def tram_files(folder: Path, frames: int) -> list[Path]:
    """A track in the axes of its camera, and a video's folder of one with the camera's poses."""
    rotvecs, places = _track(frames)
    matrices = np.tile(np.eye(3), (frames, 24, 1, 1))
    matrices[:, 0] = Rotation.from_rotvec(rotvecs).as_matrix()
    track = {
        "pred_rotmat": matrices, "pred_shape": np.zeros((frames, 10)),
        "pred_trans": places[:, None], "frame": np.arange(frames),
    }  # fmt: skip
    np.save(folder / "hps_track_0.npy", track)
    video = folder / "video"
    (video / "hps").mkdir(parents=True)
    np.save(video / "hps" / "hps_track_1.npy", track)
    poses = {
        "world_cam_R": np.tile(np.eye(3), (frames, 1, 1)),
        "world_cam_T": np.zeros((frames, 3)),
    }
    np.save(video / "camera.npy", poses)
    return [folder / "hps_track_0.npy", video]


def emdb_files(folder: Path, frames: int) -> list[Path]:
    """A sequence with a moving camera."""
    rotvecs, places = _track(frames)
    smpl = {
        "poses_root": rotvecs, "poses_body": np.zeros((frames, 69)), "trans": places,
        "betas": BETAS,
    }  # fmt: skip
    whole = {
        "name": "P0_09_walk", "gender": "male", "n_frames": frames, "smpl": smpl,
        "good_frames_mask": np.ones(frames, bool),
        "camera": {"extrinsics": np.tile(np.eye(4), (frames, 1, 1))},
    }  # fmt: skip
    return [_dumped(folder / "P0_09_walk_data.pkl", whole)]


def rich_egobody_files(folder: Path, frames: int) -> list[Path]:
    """A take of each, of a few frames: every frame is a file."""
    rotvecs, places = _track(frames)
    rich = folder / "Gym_010_walk1"
    egobody = folder / "body_idx_1" / "results"
    for frame in range(min(frames, 8)):
        body = {
            "global_orient": rotvecs[frame][None], "transl": places[frame][None],
            "body_pose": np.zeros((1, 63)), "betas": BETAS[None],
        }  # fmt: skip
        _dumped(rich / f"{frame:05d}" / "010.pkl", body)
        _dumped(egobody / f"frame_{frame:05d}" / "000.pkl", {**body, "gender": "male"})
    return [rich, egobody]
