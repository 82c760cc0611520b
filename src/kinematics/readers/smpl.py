"""Tracks in our world from the parameters of SMPL-family bodies, for all their readers.

`trans` is not the position of the pelvis: the body turns about its pelvis, which is at `trans` plus
the resting pelvis of its shape, about 0.2 to 0.4 m away. A model file gives that pelvis and the 22
joints of the body. Without one the track is that of the translation, and a note says so: paths and
turns are right, heights are off by a fixed amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import jax
import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from kinematics.geometry import smpl_body
from kinematics.geometry.smpl_body import BodyModel, Family
from kinematics.motion import BodyPose
from kinematics.readers import body_model
from kinematics.skeleton import SMPL_22

Up = Literal["y", "z", "-y"]
"""The axis of a file that points up; cameras look along +Z with -Y up."""

_HALF = float(np.sqrt(0.5))
WORLD_FROM_FILE: dict[Up, tuple[float, float, float, float]] = {
    "y": (1.0, 0.0, 0.0, 0.0),
    "z": (_HALF, -_HALF, 0.0, 0.0),
    "-y": (0.0, 1.0, 0.0, 0.0),
}
"""Quaternions that take a file's axes to ours: turns about its X, so that left stays left."""

BODY_JOINTS = 22
"""Pelvis and 21 more, the same in SMPL, SMPL-H and SMPL-X."""

CLEARLY_UP = 0.8
"""An unusual axis is up if the mean cosine between it and the body's own up is at least this."""

DEFAULT_FPS: float = 30.0
"""Assumed frame rate of files that do not contain it."""

_CHUNK = 256  # frames per compiled call: one shape for every length

NO_MODEL = (
    "positions are those of the body model's translation, not of the pelvis; name a model file "
    "(smplx_model) for pelvis and joints"
)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The parameters of one body over time, in the axes of its file."""

    root_rotvecs_rad: Float[np.ndarray, "frames 3"]
    translations_m: Float[np.ndarray, "frames 3"]
    body_rotvecs_rad: Float[np.ndarray, "frames 63"] | None = None
    betas: Float[np.ndarray, " betas"] | None = None
    family: Family | None = None
    """None if the file does not name the body model."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A body over time, in some world; `notes` say how its positions were derived."""

    orientations_wxyz: Float[np.ndarray, "frames 4"]
    positions_m: Float[np.ndarray, "frames 3"]
    joints_m: Float[np.ndarray, "frames 22 3"] | None
    notes: tuple[str, ...]
    body: BodyPose | None = None
    """Pose and shape for drawing the surface, in any world; needs a model and a pose."""


def quaternions_from_rotvecs(
    rotvecs_rad: Float[np.ndarray, "frames 3"],
) -> Float[np.ndarray, "frames 4"]:
    """Unit quaternions (scalar first) from axis-angles of any length, computed in float64.

    Rows with values that are not finite become NaN.

    >>> quaternions_from_rotvecs(np.array([[0.0, 0, 0], [0, np.pi, 0]])).round(3) + 0.0
    array([[1., 0., 0., 0.],
           [0., 0., 1., 0.]])
    """
    with np.errstate(over="ignore", invalid="ignore"):  # angles that overflow become NaN too
        rotvecs = np.where(np.isfinite(rotvecs_rad), rotvecs_rad, np.nan).astype(np.float64)
        half_rad = np.linalg.norm(rotvecs, axis=1, keepdims=True) / 2
        vector = rotvecs / 2 * np.sinc(half_rad / np.pi)  # sinc is finite where the angle is zero
        return np.concatenate([np.cos(half_rad), vector], axis=1)


def are_rotations(matrices: Float[np.ndarray, "frames 3 3"]) -> Bool[np.ndarray, " frames"]:
    """Which matrices are rotations: finite, orthonormal within 0.05, and not mirrored.

    >>> mirror = np.diag([1.0, 1.0, -1.0])
    >>> are_rotations(np.stack([np.eye(3), mirror, 2 * np.eye(3), np.full((3, 3), np.nan)]))
    array([ True, False, False, False])
    """
    with np.errstate(invalid="ignore", over="ignore"):
        wide = matrices.astype(np.float64)
        good = np.abs(wide @ wide.swapaxes(1, 2) - np.eye(3)).max(axis=(1, 2)) < 0.05
    good[good] = np.linalg.det(wide[good]) > 0
    return good


def rotvecs_from_matrices(
    matrices: Float[np.ndarray, "frames 3 3"],
) -> Float[np.ndarray, "frames 3"]:
    """Axis-angles of rotation matrices; NaN for matrices that are not rotations.

    >>> rotvecs_from_matrices(np.stack([np.eye(3), np.full((3, 3), np.nan)]))
    array([[ 0.,  0.,  0.],
           [nan, nan, nan]])
    """
    good = are_rotations(matrices)
    rotvecs = np.full((len(matrices), 3), np.nan)
    if good.any():
        rotvecs[good] = Rotation.from_matrix(matrices[good].astype(np.float64)).as_rotvec()
    return rotvecs


def model_for(
    path: Path, family: Family | None, smplx_model: Path | str | None, *, gender: str = ""
) -> BodyModel | None:
    """The named model, checked to be of the family of the file's parameters.

    From a folder of models, the model of that family is chosen and, if there is one, that gender.
    """
    if smplx_model is None:
        return None
    if Path(smplx_model).is_dir():
        smplx_model = body_model.choose(Path(smplx_model), family, gender=gender)
    model = body_model.read(smplx_model)
    if family is not None and model.family != family:
        raise ValueError(
            f"{path}: holds parameters of {family}, but {smplx_model} is a model of "
            f"{model.family}; expected a {family} model. Name that, or leave the option out"
        )
    return model


def place(parameters: Parameters, *, model: BodyModel | None = None) -> Placed:
    """The body in the axes of its file; with a model, its pelvis and 22 joints.

    >>> turned = np.zeros((2, 3))
    >>> place(Parameters(root_rotvecs_rad=turned, translations_m=turned)).joints_m is None
    True
    """
    orientations = quaternions_from_rotvecs(parameters.root_rotvecs_rad)
    translations = parameters.translations_m.astype(np.float64)
    body = parameters.body_rotvecs_rad
    placed = Placed(
        orientations_wxyz=orientations, positions_m=translations, joints_m=None, notes=(NO_MODEL,)
    )
    if model is None:
        return placed
    if parameters.betas is None:
        return replace(placed, notes=("no shape in the file: " + NO_MODEL,))
    count = 1 if body is None else BODY_JOINTS
    small = model.first(count)
    betas = parameters.betas[: small.shapes_m.shape[-1]].astype(np.float64)
    with jax.enable_x64(True):
        rest = np.asarray(smpl_body.rest_joints_m(small, jax.numpy.asarray(betas)))
    pelvis = translations + rest[0]
    shape = f"{np.count_nonzero(betas)} of {len(parameters.betas)} shape parameters"
    if body is None:
        notes = (f"pelvis from the {model.family} model with {shape}; no pose in the file",)
        return replace(placed, positions_m=pelvis, notes=notes)
    rotvecs = np.concatenate([parameters.root_rotvecs_rad, body], axis=1, dtype=np.float64)
    joints = _posed_m(rotvecs.reshape(-1, BODY_JOINTS, 3), rest, small.parents)
    limbs = np.nan_to_num(body.reshape(-1, BODY_JOINTS - 1, 3), posinf=0.0, neginf=0.0)
    return replace(
        placed,
        positions_m=pelvis,
        joints_m=joints + translations[:, None],
        body=BodyPose(limbs.astype(np.float32), betas.astype(np.float32), model=model.path),
        notes=(f"pelvis and joints from the {model.family} model with {shape}",),
    )


def _posed_m(
    rotvecs_rad: Float[np.ndarray, "frames joints 3"],
    rest_m: Float[np.ndarray, "joints 3"],
    parents: tuple[int, ...],
) -> Float[np.ndarray, "frames joints 3"]:
    """The joints of every frame in float64, in chunks of one length."""
    frames = len(rotvecs_rad)
    padded = np.zeros((-(-frames // _CHUNK) * _CHUNK, *rotvecs_rad.shape[1:]))
    padded[:frames] = rotvecs_rad
    with jax.enable_x64(True):
        chunks = [
            np.asarray(_POSED(padded[at : at + _CHUNK], rest_m, parents))
            for at in range(0, len(padded), _CHUNK)
        ]
    return np.concatenate(chunks)[:frames] if chunks else rotvecs_rad


_POSED = jax.jit(
    jax.vmap(
        lambda rotvecs_rad, rest_m, parents: (
            smpl_body.pose(rotvecs_rad, rest_m, parents=parents).joints_m
        ),
        in_axes=(0, None, None),
    ),
    static_argnums=2,
)


def turned(
    placed: Placed,
    world_from_file_wxyz: Float[np.ndarray, "*frames 4"],
    *,
    translation_m: Float[np.ndarray, "*frames 3"] | None = None,
) -> Placed:
    """The body in another world: one rotation and translation for all frames, or one per frame.

    Frames with an unknown rotation become NaN.

    >>> standing = np.array([[np.pi / 2, 0.0, 0.0]])
    >>> up = place(Parameters(root_rotvecs_rad=standing, translations_m=np.eye(3)[2:]))
    >>> up = turned(up, np.array(WORLD_FROM_FILE["z"]))
    >>> up.orientations_wxyz.round(6) + 0.0, up.positions_m.round(6) + 0.0
    (array([[1., 0., 0., 0.]]), array([[0., 1., 0.]]))
    """
    frames = len(placed.positions_m)
    each = np.broadcast_to(world_from_file_wxyz, (frames, 4)).astype(np.float64)
    moved = np.zeros(3) if translation_m is None else translation_m
    moved = np.broadcast_to(moved, (frames, 3)).astype(np.float64)
    good = np.isfinite(each).all(axis=1) & np.isfinite(placed.orientations_wxyz).all(axis=1)
    good &= np.isfinite(moved).all(axis=1)
    world = Rotation.from_quat(each[good], scalar_first=True)
    orientations = np.full((frames, 4), np.nan)
    positions = np.full((frames, 3), np.nan)
    joints = None if placed.joints_m is None else np.full((frames, BODY_JOINTS, 3), np.nan)
    if good.any():
        own = Rotation.from_quat(placed.orientations_wxyz[good], scalar_first=True)
        orientations[good] = (world * own).as_quat(scalar_first=True)
        matrices = world.as_matrix()
        positions[good] = np.einsum("fij,fj->fi", matrices, placed.positions_m[good]) + moved[good]
        if joints is not None and placed.joints_m is not None:
            by_frame = np.einsum("fij,fkj->fki", matrices, placed.joints_m[good])
            joints[good] = by_frame + moved[good][:, None]
    return replace(placed, orientations_wxyz=orientations, positions_m=positions, joints_m=joints)


def guessed_up(orientations_wxyz: Float[np.ndarray, "frames 4"], *, usual: Up) -> tuple[Up, str]:
    """The axis that points up, from the direction of the body's own up, and a note on the guess.

    It is the usual axis of the format unless people clearly stand along another axis.

    >>> guessed_up(np.tile([0.70711, 0.70711, 0.0, 0.0], (9, 1)), usual="y")
    ('z', 'up axis guessed: z (the body stands 1.00 along it, 0.00 along y)')
    """
    good = np.isfinite(orientations_wxyz).all(axis=1)
    if not good.any():
        return usual, f"up axis {usual}: no frame to guess it from"
    own = Rotation.from_quat(orientations_wxyz[good], scalar_first=True)
    _, y, z = own.apply([0.0, 1.0, 0.0]).mean(axis=0)
    along: dict[Up, float] = {"y": float(y), "z": float(z), "-y": -float(y)}
    best = max(along, key=along.__getitem__)
    if best == usual or along[best] < CLEARLY_UP:
        return usual, f"up axis {usual}, as usual (the body stands {along[usual]:.2f} along it)"
    told = f"the body stands {along[best]:.2f} along it, {along[usual]:.2f} along {usual}"
    return best, f"up axis guessed: {best} ({told})"


def frame_rate(
    path: Path, arrays: Mapping[str, np.ndarray], names: Sequence[str]
) -> tuple[float, tuple[str, ...]]:
    """The frame rate in the first of the named arrays; without any, 30 fps and a note.

    >>> frame_rate(Path("walk.npz"), {"fps": np.array(60)}, ("mocap_framerate", "fps"))
    (60.0, ())
    """
    for name in names:
        if (value := arrays.get(name)) is not None:
            if value.size != 1 or value.dtype.kind not in "fiu":
                raise ValueError(
                    f"{path}: {name} has shape {value.shape} and dtype {value.dtype}; expected "
                    "one number. Give fps as an option instead"
                )
            return float(value.reshape(())), ()
    return DEFAULT_FPS, (f"fps not given, {DEFAULT_FPS:g} assumed",)


BODY_SKELETON = SMPL_22
"""The joints that `place` gives."""
