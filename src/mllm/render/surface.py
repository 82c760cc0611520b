"""Surfaces of the SMPL family of bodies, frame by frame: shape, pose correctives, skinning.

A `Motion` that was read with a model file carries the body's pose; its root is the motion's own.
Hands rest as the model has them and faces are neutral. All products are in double precision and
the places are rounded to `GRID_M`: what a library for matrices makes of the last bit depends on
its threads, and no picture may. The checks of model files make this one longer than most.
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
"""Places of vertices are whole numbers of this."""

LIMBS = 21
"""Joints after the root whose pose is known; hands and face follow them."""

MOST_VERTICES, MOST_FACES = 200_000, 400_000
"""Larger surfaces are refused; SMPL-X has 10,475 and 20,908."""

_TOGETHER = 8  # frames that are posed at once
_NEEDED = ("v_template", "shapedirs", "weights", "f", "posedirs")
_CURE = "Name the .npz model file of SMPL, SMPL-H or SMPL-X as its authors hand it out"

Matrices = Float[np.ndarray, "frames joints 3 3"]


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """A model's surface: at rest, how shape and pose move it, which bones carry it."""

    template_m: Float[np.ndarray, "vertices 3"]
    shapes_m: Float[np.ndarray, "vertices 3 betas"]
    correctives_m: Float[np.ndarray, "numbers coordinates"]
    """For every number of the limbs' rotation matrices less the identity: all x, all y, all z."""
    weights: Float[np.ndarray, "joints vertices"]
    faces: Int[np.ndarray, "faces 3"]
    """Corners, counter-clockwise from outside."""
    bones: BodyModel
    digest: str
    """Fingerprint of the arrays."""


class Surface(NamedTuple):
    """One body in one frame."""

    vertices_m: Float[np.ndarray, "vertices 3"]
    normals: Float[np.ndarray, "vertices 3"]


@dataclass(frozen=True, kw_only=True)
class Body:
    """One body at the times of a video: what `posed` needs, in the world of its motion."""

    mesh: Mesh
    rest_m: Float[np.ndarray, "vertices 3"]
    """The surface of the body's own shape."""
    rest_normals: Float[np.ndarray, "vertices 3"]
    joints_m: Float[np.ndarray, "joints 3"]
    """Its joints at rest."""
    turns_wxyz: Float[np.ndarray, "frames limbs 4"]
    """The root in the world, then the limbs relative to their parents."""
    positions_m: Float[np.ndarray, "frames 3"]
    """Where the pelvis is."""


def read(path: Path | str) -> Mesh:
    """The surface of a model file; the last few stay in memory.

    Raises one `ValueError` that names the file and everything that is wrong with it.

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
    """Everything that keeps the arrays from being a surface; the joints were checked before."""
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
    """Outward unit normals of vertices: those of their faces by area, zero where there is none.

    >>> corner = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    >>> normals(corner, np.array([[0, 1, 2]]))[0].tolist()
    [0.0, 0.0, 1.0]
    """
    first, second, third = (places_m[faces[:, corner]] for corner in range(3))
    across = np.cross(second - first, third - first)
    summed = np.stack(
        [
            np.bincount(faces.ravel(), np.repeat(axis, 3), minlength=len(places_m))
            for axis in across.T
        ],
        axis=1,
    )
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)


def body(motion: Motion, times_s: Float[np.ndarray, " times"]) -> Body | None:
    """The body of a motion at the given times; none where the motion's file had no pose.

    Between frames that were seen each bone turns evenly.

    >>> from kinematics import synthetic
    >>> body(synthetic.perform(synthetic.walk(1.0)).motion, np.zeros(1)) is None
    True
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
    limbs = np.asarray(motion.body.rotvecs_rad, np.float64)[seen]
    count = len(seen)
    turns = np.concatenate(
        [
            np.asarray(motion.orientations_wxyz, np.float64)[seen, None],
            Rotation.from_rotvec(limbs.reshape(-1, 3))
            .as_quat(scalar_first=True)
            .reshape(count, LIMBS, 4),
        ],
        axis=1,
    )
    known_s = np.asarray(motion.times_s, np.float64)[seen]
    place = np.interp(times_s, known_s, np.arange(count))
    before = np.minimum(place.astype(int), max(count - 2, 0))
    after = np.minimum(before + 1, count - 1)
    share = place - before
    positions = np.asarray(motion.positions_m, np.float64)[seen]
    return Body(
        mesh=mesh,
        rest_m=rest,
        rest_normals=normals(rest, mesh.faces),
        joints_m=joints,
        turns_wxyz=_between(turns[before], turns[after], share[:, None, None]),
        positions_m=positions[before] + share[:, None] * (positions[after] - positions[before]),
    )


def _between(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Unit quaternions on the shorter way between two; frames are near, so a chord will do."""
    near = np.where((one * other).sum(axis=-1, keepdims=True) < 0, -other, other)
    mixed = one + share * (near - one)
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)


def bones(one: Body, frames: slice) -> tuple[Matrices, Float[np.ndarray, "frames joints 3"]]:
    """Every bone's orientation and every joint's place, in the world of the motion."""
    model = one.mesh.bones
    count = len(one.positions_m[frames])
    own = np.empty((count, len(model.parents), 3, 3))
    turns = Rotation.from_quat(one.turns_wxyz[frames].reshape(-1, 4), scalar_first=True)
    own[:, : 1 + LIMBS] = turns.as_matrix().reshape(count, 1 + LIMBS, 3, 3)
    own[:, 1 + LIMBS :] = Rotation.from_rotvec(model.mean_pose_rad[1 + LIMBS :]).as_matrix()
    world, places = own.copy(), np.empty((count, len(model.parents), 3))
    places[:, 0] = one.positions_m[frames]
    for joint, parent in enumerate(model.parents[1:], start=1):
        reach = one.joints_m[joint] - one.joints_m[parent]
        places[:, joint] = places[:, parent] + (world[:, parent] * reach).sum(axis=-1)
        world[:, joint] = (world[:, parent, :, :, None] * own[:, joint, None]).sum(axis=2)
    return world, places


def posed(one: Body, *, frames: slice = slice(None)) -> Iterator[Surface]:
    """The body's surface in each frame, in the world of its motion."""
    first, last, _ = frames.indices(len(one.positions_m))
    for start in range(first, last, _TOGETHER):
        yield from _posed(one, slice(start, min(start + _TOGETHER, last)))


def _posed(one: Body, frames: slice) -> Iterator[Surface]:
    mesh = one.mesh
    world, places = bones(one, frames)
    limbs = Rotation.from_quat(one.turns_wxyz[frames, 1:].reshape(-1, 4), scalar_first=True)
    bent = limbs.as_matrix() - np.eye(3)
    moved = (bent.reshape(len(places), -1) @ mesh.correctives_m).reshape(len(places), 3, -1)
    moved += one.rest_m.T
    shifts = places - (world * one.joints_m[:, None]).sum(axis=-1)
    carriers = np.concatenate([world, shifts[..., None]], axis=-1).reshape(*places.shape[:2], 12)
    for (x, y, z), carrier in zip(moved, carriers, strict=True):
        carried = (carrier.T @ mesh.weights).reshape(3, 4, -1)
        across = carried[:, 0] * x + carried[:, 1] * y + carried[:, 2] * z + carried[:, 3]
        right, up, ahead = np.ascontiguousarray(one.rest_normals.T)
        outward = carried[:, 0] * right + carried[:, 1] * up + carried[:, 2] * ahead
        outward /= np.maximum(np.sqrt((outward * outward).sum(axis=0)), 1e-9)
        yield Surface(_rounded(across.T), _rounded(outward.T))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(values / GRID_M) * GRID_M


def floor_m(one: Body) -> float:
    """Height of the floor under a body: where its lowest place usually is, over a few frames."""
    count = len(one.positions_m)
    chosen = np.unique(np.linspace(0, count - 1, min(count, 24)).astype(int))
    lowest = [
        surface.vertices_m[:, 1].min()
        for at in chosen
        for surface in _posed(one, slice(int(at), int(at) + 1))
    ]
    return float(np.quantile(lowest, 0.1))
