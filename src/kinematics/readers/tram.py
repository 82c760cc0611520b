"""TRAM results: `hps/hps_track_<k>.npy` of one person, and `camera.npy` of the video beside `hps`.

Checked against the tool's public source: numpy.save of a dictionary of torch tensors,
`pred_rotmat (N, 24, 3, 3)`, `pred_shape (N, 10)`, `pred_trans (N, 1, 3)` of SMPL in the camera of
each frame, and `frame (N,)`, the indices of the tracked frames in the video.
`camera.npy` is a dictionary with `world_cam_R (T, 3, 3)` and `world_cam_T (T, 3)`: camera to a
world with Y up. Without it the track stays in the camera's axes, and a note says so. The same
dictionaries are also read from `.pt`, `.pkl` and `.npz` files. None of them holds the frame rate.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Cameras, Fields, cameras_in_world, motion, refuse
from kinematics.readers.native import layouts, load_arrays
from kinematics.readers.smpl import (
    DEFAULT_FPS,
    WORLD_FROM_FILE,
    Parameters,
    model_for,
    place,
    rotvecs_from_matrices,
    turned,
)

_WHAT = "results of TRAM"
_KEYS = ("pred_rotmat", "pred_shape", "pred_trans", "frame")
_CAMERA_KEYS = ("world_cam_R", "world_cam_T")
_FILE = re.compile(r"(?:.*_)?(\d{1,9})")
_CAMERA_FILES = ("camera.npy", "camera.npz", "camera.pt", "camera.pkl")


def _held(path: Path, names: tuple[str, ...]) -> Any:
    """The dictionary of a file, pickled or an archive of arrays."""
    if pickled.recognise(path):
        return pickled.load(path)
    return load_arrays(path, names=names, skip_objects=True)


def recognise(path: Path | str) -> bool:
    """Whether a file holds a track of TRAM (example: `read`)."""
    path = Path(path)
    if pickled.recognise(path):
        return pickled.holds(path, *_KEYS)
    return not path.is_dir() and set(layouts(path, objects=True)) >= set(_KEYS)


def read(
    path: Path | str,
    *,
    fps: float = DEFAULT_FPS,
    camera: Path | str | None = None,
    smplx_model: Path | str | None = None,
) -> list[Motion]:
    """The person of a track, as a list of one motion, with the number in the file's name.

    `camera` is the file with the camera's poses; by default it is searched for in the folder above
    and beside the track.

    >>> import pickle, tempfile
    >>> still = {"pred_rotmat": np.tile(np.eye(3), (2, 24, 1, 1)), "pred_shape": np.zeros((2, 10)),
    ...          "pred_trans": np.zeros((2, 1, 3)), "frame": np.array([7, 9])}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "hps_track_3.pkl")
    ...     _ = path.write_bytes(pickle.dumps(still))
    ...     recognise(path), [(m.source.person, m.observed.tolist()) for m in read(path)]
    (True, [(3, [True, False, True])])
    """
    path = Path(path)
    named = _FILE.fullmatch(path.stem)
    if not named:
        refuse(path, ["file name: expected hps_track_<number>"], _WHAT)
    fields = Fields(path, _held(path, _KEYS), what=_WHAT)
    frames = fields.numbers("frame")
    matrices = fields.array("pred_rotmat", 24, 3, 3)[:, :22]
    translations_m, betas = fields.array("pred_trans", 3), fields.vector("pred_shape")
    fields.check()
    rotvecs = rotvecs_from_matrices(matrices.reshape(-1, 3, 3)).reshape(len(matrices), -1)
    body = Parameters(
        root_rotvecs_rad=rotvecs[:, :3],
        translations_m=translations_m,
        body_rotvecs_rad=rotvecs[:, 3:],
        betas=betas,
        family="smpl",
    )
    placed = place(body, model=model_for(path, "smpl", smplx_model))
    cameras = _cameras(path, camera)
    notes: tuple[str, ...] = ("TRAM track", f"{fps:g} fps taken for the video's")
    if cameras is None:
        placed = turned(placed, np.array(WORLD_FROM_FILE["-y"]))
        notes += ("no camera file: the moving camera's own axes are taken for the world",)
    else:
        if frames.max() >= (have := len(cameras.positions_m)):
            refuse(path, [f"frame {frames.max()}, but the camera has {have} frames"], _WHAT)
        placed = turned(
            placed, cameras.orientations_wxyz[frames], translation_m=cameras.positions_m[frames]
        )
    take = path.absolute().parents[1].name
    source = Source(
        clip=take,
        take=take,
        person=int(named[1]),
        path=str(path),
        shared_world=cameras is not None,  # one camera trajectory places everybody
        notes=notes,
    )
    return [motion(placed, source=source, fps=fps, frames=frames, cameras=cameras)]


def _cameras(path: Path, camera: Path | str | None) -> Cameras | None:
    """The cameras of the whole video, from the named file or one near the track."""
    if camera is None:
        files = (up / name for up in (path.parent.parent, path.parent) for name in _CAMERA_FILES)
        camera = next((file for file in files if file.is_file()), None)
    if camera is None:
        return None
    camera = Path(camera)
    fields = Fields(camera, _held(camera, _CAMERA_KEYS), what="cameras of TRAM")
    rotations, positions_m = fields.array("world_cam_R", 3, 3), fields.array("world_cam_T", 3)
    fields.check()
    return cameras_in_world(rotations, positions_m)
