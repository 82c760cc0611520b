"""HumanML3D arrays (`.npy`): joints (frames, 22, 3) or features (frames, 263); 20 fps, Y up.

The first 67 columns of a feature vector are used: half the turn to the next frame about the
vertical, the step to the next frame, the root's height, and 21 joints relative to the root, all in
the heading of the frame. Their sums give the joints (checked against the published recovery, in
which the first frame is at the origin and faces +Z).

The files do not contain the root's orientation; it is estimated from the joints: left points from
the right hip to the left hip, up from between the hips to the lowest joint of the spine. (On the
published sample clip that leans 5 degrees back on average; from the pelvis joint it is 11.)
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from kinematics.motion import Motion, Source
from kinematics.readers.axes import quaternions
from kinematics.readers.native import layouts, load_arrays
from kinematics.skeleton import SMPL_22

FPS: float = 20.0
"""Frame rate of HumanML3D, which its files do not contain."""

JOINTS, COLUMNS = 22, 263
"""Joints per frame of joint files, columns of feature files."""

HIPS_M = (0.05, 0.6)
"""Range of the distance between a person's hips in metres; normalised features fall outside."""

_LEFT_HIP, _RIGHT_HIP, _SPINE = (
    SMPL_22.joints.index(name) for name in ("left_hip", "right_hip", "spine1")
)


def recognise(path: Path | str) -> bool:
    """Whether an `.npy` is an array of 22 joints or of 263 features (example: `read`)."""
    layout = layouts(path, objects=True).get("")
    tails = ((JOINTS, 3), (COLUMNS,))
    return layout is not None and layout.dtype.kind == "f" and layout.shape[1:] in tails


def joints_from_features(
    features: Float[np.ndarray, "frames 263"],
) -> Float[np.ndarray, "frames 22 3"]:
    """The joints of feature vectors, in float64; NaN after a row that is not finite.

    >>> ahead = np.zeros((3, 263))
    >>> ahead[:, 2] = 0.5
    >>> joints_from_features(ahead)[:, 0].tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.5], [0.0, 0.0, 1.0]]
    """
    wide = np.where(np.isfinite(features), features, np.nan).astype(np.float64)
    turned = np.zeros(len(wide))  # the angle from the first frame, clockwise from above
    turned[1:] = np.cumsum(wide[:-1, 0]) * 2
    cosine, sine = np.cos(turned), np.sin(turned)

    def unturned(x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shape = (-1,) + (1,) * (x.ndim - 1)
        across, along = cosine.reshape(shape), sine.reshape(shape)
        return x * across - z * along, x * along + z * across

    steps = np.zeros((len(wide), 2))
    steps[1:] = wide[:-1, 1:3]
    root_x, root_z = (np.cumsum(step) for step in unturned(steps[:, 0], steps[:, 1]))
    seen = wide[:, 4 : 4 + 3 * (JOINTS - 1)].reshape(-1, JOINTS - 1, 3)
    x, z = unturned(seen[..., 0], seen[..., 2])
    joints = np.empty((len(wide), JOINTS, 3))
    joints[:, 0] = np.stack([root_x, wide[:, 3], root_z], axis=1)
    joints[:, 1:] = np.stack([x + root_x[:, None], seen[..., 1], z + root_z[:, None]], axis=-1)
    return joints


def root_from_joints(joints_m: Float[np.ndarray, "frames 22 3"]) -> Float[np.ndarray, "frames 4"]:
    """The pelvis' orientation from hips and lower spine; NaN where they coincide or are unknown.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0), start_heading_rad=1.0).motion
    >>> wxyz = root_from_joints(np.asarray(walk.joints_m))
    >>> bool(np.allclose(np.abs((wxyz * walk.orientations_wxyz).sum(axis=1)), 1.0, atol=1e-4))
    True
    """
    wide = np.where(np.isfinite(joints_m), joints_m, np.nan).astype(np.float64)
    left = wide[:, _LEFT_HIP] - wide[:, _RIGHT_HIP]
    up = wide[:, _SPINE] - (wide[:, _LEFT_HIP] + wide[:, _RIGHT_HIP]) / 2
    with np.errstate(invalid="ignore", over="ignore"):
        ahead = np.cross(left, up)
        lengths = [np.linalg.norm(axis, axis=1) for axis in (left, ahead)]
        good = np.isfinite(lengths[1]) & (lengths[0] > 1e-4) & (lengths[1] > 1e-6)
    x, z = (
        axis / np.where(good, length, np.nan)[:, None]
        for axis, length in zip((left, ahead), lengths, strict=True)
    )
    return quaternions(np.stack([x, np.cross(z, x), z], axis=-1))


@np.errstate(invalid="ignore", over="ignore")  # values that are not finite are reported later
def read(path: Path | str, *, fps: float = FPS) -> list[Motion]:
    """The joints of a HumanML3D file and the root estimated from them, as a list of one motion.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0), fps=20.0).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "000001.npy"), walk.joints_m)
    ...     recognise(Path(folder, "000001.npy"))
    ...     [back] = read(Path(folder, "000001.npy"))
    True
    >>> bool(np.allclose(back.positions_m, walk.positions_m)), back.times_s.tolist()[:2]
    (True, [0.0, 0.05])
    """
    path = Path(path)
    if not recognise(path):
        held = ", ".join(f"{x.shape} of {x.dtype}" for x in layouts(path, objects=True).values())
        raise ValueError(
            f"{path}: holds {held}; expected HumanML3D joints (frames, {JOINTS}, 3) or features "
            f"(frames, {COLUMNS}) as an .npy file"
        )
    values = load_arrays(path, names=("",))[""]
    kind = "features" if values.shape[1:] == (COLUMNS,) else "joints"
    joints = joints_from_features(values) if kind == "features" else values.astype(np.float64)
    _check(path, values, joints)
    notes = (f"HumanML3D {kind}", "root orientation estimated from hips and lower spine")
    dtype = np.float64 if values.dtype == np.float64 else np.float32
    return [
        Motion.from_arrays(
            orientations_wxyz=root_from_joints(joints).astype(dtype),
            positions_m=joints[:, 0].astype(dtype),
            joints_m=joints.astype(dtype),
            fps=fps,
            skeleton=SMPL_22,
            source=Source(clip=path.stem, take=path.stem, path=str(path), notes=notes),
        )
    ]


def _check(path: Path, values: np.ndarray, joints: np.ndarray) -> None:
    """Raises `ValueError` if the joints are not those of a person in metres."""
    hips = joints[:, _LEFT_HIP] - joints[:, _RIGHT_HIP]
    good = np.isfinite(hips).all(axis=1)
    apart = float(np.median(np.linalg.norm(hips[good], axis=1))) if good.any() else np.nan
    if good.any() and not HIPS_M[0] <= apart <= HIPS_M[1]:
        raise ValueError(
            f"{path}: holds {values.shape}, in which the hips are {apart:.3g} apart; expected "
            f"HumanML3D in metres, {HIPS_M[0]:g} to {HIPS_M[1]:g}. Undo a normalisation "
            "(features * Std + Mean) and save the result"
        )
