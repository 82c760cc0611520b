"""Surfaces of the SMPL family of bodies, frame by frame: shape, pose correctives, skinning.

A `Motion` that was read with a model file has the body's pose; the root is that of the motion.
Hands are in the model's mean pose, faces neutral. All products are in double precision and the
results are rounded to `GRID_M`: the last bit of a BLAS product depends on its threads, and pictures
must not. The checks of model files make this module longer than most.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from kinematics.geometry.smpl_body import BodyModel
from kinematics.motion import Motion
from kinematics.readers import body_model
from kinematics.readers.native import load_arrays

GRID_M = 2.0**-16
"""Coordinates of vertices are multiples of this."""

LIMBS = 21
"""Joints after the root with known pose; hands and face follow them."""

MOST_VERTICES, MOST_FACES = 200_000, 400_000
"""Larger surfaces are refused; SMPL-X has 10,475 and 20,908."""

_TOGETHER = 8  # frames per batch
_NEEDED = ("v_template", "shapedirs", "weights", "f", "posedirs")
_CURE = "Use the original .npz model file of SMPL, SMPL-H or SMPL-X"

Matrices = Float[np.ndarray, "frames joints 3 3"]


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """A model's surface at rest, its shape and pose correctives, and its skinning weights."""

    template_m: Float[np.ndarray, "vertices 3"]
    shapes_m: Float[np.ndarray, "vertices 3 betas"]
    correctives_m: Float[np.ndarray, "numbers coordinates"]
    """A row per entry of the limbs' rotation matrices minus identity: all x, all y, all z."""
    weights: Float[np.ndarray, "joints vertices"]
    faces: Int[np.ndarray, "faces 3"]
    """Corners, counter-clockwise from outside."""
    bones: BodyModel
    digest: str
    """Fingerprint of the arrays."""


class Surface(NamedTuple):
    """The surface of a body in one frame."""

    vertices_m: Float[np.ndarray, "vertices 3"]
    normals: Float[np.ndarray, "vertices 3"]


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body at the times of a video, as input of `posed`, in the world of its motion."""

    mesh: Mesh
    rest_m: Float[np.ndarray, "vertices 3"]
    """The surface at rest, in the body's own shape."""
    rest_normals: Float[np.ndarray, "vertices 3"]
    joints_m: Float[np.ndarray, "joints 3"]
    """The joints at rest."""
    turns_wxyz: Float[np.ndarray, "frames limbs 4"]
    """The root in the world, then the limbs relative to their parents."""
    positions_m: Float[np.ndarray, "frames 3"]
    """Of the pelvis."""


def read(path: Path | str) -> Mesh:
    """The surface of a model file; the most recent few are cached.

    Raises a `ValueError` that names the file and all its problems.

    >>> import tempfile
    >>> tiny = {
    ...     "v_template": np.eye(3), "shapedirs": np.zeros((3, 3, 10)), "f": np.array([[0, 1, 2]]),
    ...     "J_regressor": np.full((24, 3), 1 / 3), "kintree_table": np.arange(-1, 23)[None],
    ...     "weights": np.eye(3, 24), "posedirs": np.zeros((3, 3, 207)),
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "SMPL_NEUTRAL.npz"), **tiny)
    ...     read(Path(folder, "SMPL_NEUTRAL.npz")).faces.tolist()
    [[0, 1, 2]]
    """
    path = Path(path)
    seen = path.stat()
    return _read(path, seen.st_size, seen.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _size: int, _changed_ns: int) -> Mesh:
    bones = body_model.read(path)
    arrays = load_arrays(path, names=_NEEDED)
    if missing := [name for name in _NEEDED if name not in arrays]:
        raise ValueError(f"{path}: no {', '.join(missing)}, so it has no surface. {_CURE}")
    if problems := _problems(arrays, len(bones.parents)):
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise ValueError(f"{path}: not the surface of a body. {_CURE}\n{listed}")
    template, shapes, weights = (arrays[name].astype(np.float64) for name in _NEEDED[:3])
    faces = arrays["f"].astype(np.int32)
    if _volume(template, faces) < 0:
        faces = faces[:, ::-1]
    correctives = arrays["posedirs"].astype(np.float64)
    vertices, _, numbers = correctives.shape
    flat = correctives.transpose(2, 1, 0).reshape(numbers, 3 * vertices)
    hands = Rotation.from_rotvec(bones.mean_pose_rad[1 + LIMBS :]).as_matrix() - np.eye(3)
    resting = hands.reshape(-1) @ flat[9 * LIMBS :]
    digest = hashlib.blake2b(digest_size=16)
    for name in _NEEDED:
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return Mesh(
        template_m=template + resting.reshape(3, vertices).T,
        shapes_m=shapes[..., : bones.shapes_m.shape[-1]],
        correctives_m=np.ascontiguousarray(flat[: 9 * LIMBS]),
        weights=np.ascontiguousarray((weights / weights.sum(axis=1, keepdims=True)).T),
        faces=np.ascontiguousarray(faces),
        bones=bones,
        digest=digest.hexdigest(),
    )


def _problems(arrays: dict[str, np.ndarray], joints: int) -> list[str]:
    """All problems of the arrays as a surface; the joints were checked before."""
    count = len(arrays["v_template"])
    numbers = 9 * (joints - 1)
    wanted = {"weights": (count, joints), "posedirs": (count, 3, numbers)}
    problems = [
        f"{name}: shape {arrays[name].shape}; expected {shape}"
        for name, shape in wanted.items()
        if arrays[name].shape != shape
    ]
    faces = arrays["f"]
    if count > MOST_VERTICES:
        problems.append(f"v_template: {count:,} vertices; expected at most {MOST_VERTICES:,}")
    if faces.ndim != 2 or faces.shape[1] != 3 or not 0 < len(faces) <= MOST_FACES:
        problems.append(f"f: shape {faces.shape}; expected (faces, 3), at most {MOST_FACES:,}")
    problems += [
        f"{name}: dtype {arrays[name].dtype}; expected numbers"
        for name in ("weights", "posedirs", "f")
        if arrays[name].dtype.kind not in ("iu" if name == "f" else "fiu")
    ]
    if problems:
        return problems
    if not (int(faces.min()) >= 0 and int(faces.max()) < count):
        problems.append(
            f"f: vertices {faces.min()} to {faces.max()}; expected 0 to {count - 1} of v_template"
        )
    problems += [
        f"{name}: {int((~np.isfinite(arrays[name])).sum()):,} values are not finite"
        for name in wanted
        if not np.isfinite(arrays[name]).all()
    ]
    weights = arrays["weights"]
    if not ((weights >= -1e-6).all() and (np.abs(weights.sum(axis=1) - 1) < 0.05).all()):
        problems.append("weights: rows are not shares; expected sums of 1")
    return problems


def _volume(places_m: np.ndarray, faces: np.ndarray) -> float:
    first, second, third = (places_m[faces[:, corner]] for corner in range(3))
    return float((first * np.cross(second, third)).sum())


def normals(
    places_m: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """Outward unit normals of vertices: means over faces by area, zero without a face.

    >>> corner = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    >>> normals(corner, np.array([[0, 1, 2]]))[0].tolist()
    [0.0, 0.0, 1.0]
    """
    first, second, third = (places_m[faces[:, corner]] for corner in range(3))
    across = np.cross(second - first, third - first)
    corners = faces.ravel()
    sums = [np.bincount(corners, np.repeat(axis, 3), minlength=len(places_m)) for axis in across.T]
    summed = np.stack(sums, axis=1)
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)


def body(motion: Motion, times_s: Float[np.ndarray, " times"]) -> Body | None:
    """The body of a motion at the given times; None if the motion's file had no pose.

    Between observed frames, each bone turns at a constant rate.
    """
    if motion.body is None or not np.asarray(motion.observed).any():
        return None
    mesh = read(motion.body.model)
    seen = np.flatnonzero(motion.observed)
    betas = np.asarray(motion.body.betas, np.float64)[: mesh.shapes_m.shape[-1]]
    rest = mesh.template_m + mesh.shapes_m[..., : len(betas)] @ betas
    joints = (
        np.asarray(mesh.bones.rest_m) + np.asarray(mesh.bones.shapes_m)[..., : len(betas)] @ betas
    )
    count = len(seen)
    rotvecs = np.asarray(motion.body.rotvecs_rad, np.float64)[seen].reshape(-1, 3)
    limbs = Rotation.from_rotvec(rotvecs).as_quat(scalar_first=True).reshape(count, LIMBS, 4)
    roots = np.asarray(motion.orientations_wxyz, np.float64)[seen, None]
    turns = np.concatenate([roots, limbs], axis=1)
    known_s = np.asarray(motion.times_s, np.float64)[seen]
    index = np.interp(times_s, known_s, np.arange(count))
    before = np.minimum(index.astype(int), max(count - 2, 0))
    after = np.minimum(before + 1, count - 1)
    share = index - before
    positions = np.asarray(motion.positions_m, np.float64)[seen]
    return Body(
        mesh=mesh,
        rest_m=rest,
        rest_normals=normals(rest, mesh.faces),
        joints_m=joints,
        turns_wxyz=_between(turns[before], turns[after], share[:, None, None]),
        positions_m=positions[before] + share[:, None] * (positions[after] - positions[before]),
    )


def _between(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Unit quaternions on the shorter chord, which is close to the arc between adjacent frames."""
    near = np.where((before * after).sum(axis=-1, keepdims=True) < 0, -after, after)
    mixed = before + share * (near - before)
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)


def bones(body: Body, frames: slice) -> tuple[Matrices, Float[np.ndarray, "frames joints 3"]]:
    """Orientations of bones and positions of joints, in the world of the motion."""
    model = body.mesh.bones
    count = len(body.positions_m[frames])
    own = np.empty((count, len(model.parents), 3, 3))
    turns = Rotation.from_quat(body.turns_wxyz[frames].reshape(-1, 4), scalar_first=True)
    own[:, : 1 + LIMBS] = turns.as_matrix().reshape(count, 1 + LIMBS, 3, 3)
    own[:, 1 + LIMBS :] = Rotation.from_rotvec(model.mean_pose_rad[1 + LIMBS :]).as_matrix()
    world, joints_m = own.copy(), np.empty((count, len(model.parents), 3))
    joints_m[:, 0] = body.positions_m[frames]
    for joint, parent in enumerate(model.parents[1:], start=1):
        reach = body.joints_m[joint] - body.joints_m[parent]
        joints_m[:, joint] = joints_m[:, parent] + (world[:, parent] * reach).sum(axis=-1)
        world[:, joint] = (world[:, parent, :, :, None] * own[:, joint, None]).sum(axis=2)
    return world, joints_m


def posed(body: Body, *, frames: slice = slice(None)) -> Iterator[Surface]:
    """The body's surface in each frame, in the world of its motion."""
    first, last, _ = frames.indices(len(body.positions_m))
    for start in range(first, last, _TOGETHER):
        yield from _posed(body, slice(start, min(start + _TOGETHER, last)))


def _posed(body: Body, frames: slice) -> Iterator[Surface]:
    mesh = body.mesh
    world, joints_m = bones(body, frames)
    limbs = Rotation.from_quat(body.turns_wxyz[frames, 1:].reshape(-1, 4), scalar_first=True)
    bent = limbs.as_matrix() - np.eye(3)
    moved = (bent.reshape(len(joints_m), -1) @ mesh.correctives_m).reshape(len(joints_m), 3, -1)
    moved += body.rest_m.T
    shifts = joints_m - (world * body.joints_m[:, None]).sum(axis=-1)
    carriers = np.concatenate([world, shifts[..., None]], axis=-1).reshape(*joints_m.shape[:2], 12)
    for (x, y, z), carrier in zip(moved, carriers, strict=True):
        carried = (carrier.T @ mesh.weights).reshape(3, 4, -1)
        across = carried[:, 0] * x + carried[:, 1] * y + carried[:, 2] * z + carried[:, 3]
        right, up, ahead = np.ascontiguousarray(body.rest_normals.T)
        outward = carried[:, 0] * right + carried[:, 1] * up + carried[:, 2] * ahead
        outward /= np.maximum(np.sqrt((outward * outward).sum(axis=0)), 1e-9)
        yield Surface(_rounded(across.T), _rounded(outward.T))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(values / GRID_M) * GRID_M


def floor_m(body: Body) -> float:
    """Height of the floor under a body: a low quantile of its lowest point in a few frames."""
    count = len(body.positions_m)
    chosen = np.unique(np.linspace(0, count - 1, min(count, 24)).astype(int))
    lowest = [
        surface.vertices_m[:, 1].min()
        for at in chosen
        for surface in _posed(body, slice(int(at), int(at) + 1))
    ]
    return float(np.quantile(lowest, 0.1))
