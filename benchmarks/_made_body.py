"""A made-up body model in the layout of SMPL-X: capsules around the joints, nobody's licence."""

from pathlib import Path

import numpy as np
import trimesh

BODY = np.array([
    (0, 0, 0), (.06, -.09, 0), (-.06, -.09, 0), (0, .11, -.02), (.10, -.47, 0), (-.10, -.47, 0),
    (0, .25, -.01), (.09, -.87, -.03), (-.09, -.87, -.03), (0, .30, 0), (.11, -.93, .10),
    (-.11, -.93, .10), (0, .51, -.04), (.08, .42, -.02), (-.08, .42, -.02), (0, .60, -.01),
    (.17, .45, -.03), (-.17, .45, -.03), (.43, .44, -.05), (-.43, .44, -.05), (.69, .45, -.05),
    (-.69, .45, -.05),
])  # fmt: skip
"""The places of the first 22 joints, arms out to the sides; where SMPL-X has them, nearly."""

PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)

FLOATS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")
"""The arrays of a model that are no whole numbers."""

_FINGERS = ((0.0, 0.03), (0.0, 0.012), (0.0, -0.03), (0.0, -0.012), (-0.02, 0.035))


def skeleton(joints: int = 55) -> tuple[np.ndarray, np.ndarray]:
    """Places and parents of the joints of SMPL-X (55) or SMPL (24)."""
    places, parents = BODY.tolist(), list(PARENTS)
    if joints == 24:
        places += [(0.77, 0.45, -0.05), (-0.77, 0.45, -0.05)]
        return np.array(places), np.array([*parents, 20, 21])
    places += [(0, 0.60, 0.02), (0.032, 0.66, 0.07), (-0.032, 0.66, 0.07)]
    parents += [15, 15, 15]
    for side, wrist in ((1.0, 20), (-1.0, 21)):
        for down, ahead in _FINGERS:
            for link in range(3):
                out = side * (0.09 + 0.03 * link)
                places.append(BODY[wrist] + np.array([out, down, ahead]))
                parents.append(wrist if link == 0 else len(places) - 2)
    return np.array(places), np.array(parents)


def _parts(places: np.ndarray, parents: np.ndarray, fine: int) -> list[tuple[int, trimesh.Trimesh]]:
    """Closed pieces and the joint that carries each."""
    radii = {1: .085, 2: .085, 4: .06, 5: .06, 16: .06, 17: .06, 18: .045, 19: .045, 0: .11,
             3: .115, 6: .12, 9: .13, 12: .06, 13: .08, 14: .08, 7: .045, 8: .045, 20: .04,
             21: .04}  # fmt: skip
    pieces = []
    for joint, parent in enumerate(parents):
        if joint and radii.get(parent, 0.009) and not np.allclose(places[joint], places[parent]):
            ends = places[parent], places[joint]
            round_ = (fine, fine) if parent in radii and parent < 20 else (6, 6)
            piece = trimesh.creation.capsule(
                height=float(np.linalg.norm(ends[1] - ends[0])), radius=radii.get(parent, 0.011),
                count=round_,
            )  # fmt: skip
            piece.apply_transform(trimesh.geometry.align_vectors([0, 0, 1], ends[1] - ends[0]))
            piece.apply_translation(ends[0])
            pieces.append((int(parent), piece))
    for joint in (10, 11):
        foot = trimesh.creation.capsule(height=0.16, radius=0.04, count=(fine, fine))
        foot.apply_translation(places[joint] + [0, 0, -0.10])
        pieces.append((joint, foot))
    head = trimesh.creation.icosphere(subdivisions=3 if fine < 20 else 4, radius=1.0)
    head.apply_scale([0.078, 0.115, 0.098])
    head.apply_translation(places[15] + [0, 0.055, 0.02])
    return [*pieces, (15, head)]


def arrays(joints: int = 55, *, fine: int = 10) -> dict[str, np.ndarray]:
    """What a model file holds; with `fine=19` about as many faces as SMPL-X has.

    The first shape parameter makes the body larger; poses bulge it by some millimetres.
    """
    places, parents = skeleton(joints)
    parts = _parts(places, parents, fine)
    offset = np.array([0.003, -0.35, 0.012])  # as in SMPL, the pelvis is not at the origin
    vertices = np.concatenate([part.vertices for _, part in parts])
    carriers = np.concatenate([np.full(len(part.vertices), joint) for joint, part in parts])
    firsts = np.cumsum([0, *(len(part.vertices) for _, part in parts)])
    faces = np.concatenate([part.faces + at for (_, part), at in zip(parts, firsts, strict=False)])
    apart = np.linalg.norm(vertices[:, None] - places, axis=2)
    near = np.exp(-((apart / 0.05) ** 2))
    near[:, 22:] *= 0.0  # fingers and face are rigid
    weights = near / np.maximum(near.sum(axis=1, keepdims=True), 1e-12) * 0.4
    weights[np.arange(len(vertices)), carriers] += 1 - weights.sum(axis=1)
    regressor = np.zeros((joints, len(vertices)))
    for joint, place in enumerate(places):  # joints are affine in four vertices around them
        corners = _around(vertices, place)
        system = np.concatenate([vertices[corners].T, np.ones((1, len(corners)))])
        regressor[joint, corners] = np.linalg.lstsq(system, np.array([*place, 1.0]), rcond=None)[0]
    shapes = np.zeros((len(vertices), 3, 10))
    shapes[:, :, 0] = 0.05 * vertices
    bulges = np.random.default_rng(5).normal(0, 0.001, (len(vertices), 3, 9 * (joints - 1)))
    return {
        "v_template": vertices + offset,
        "f": faces.astype(np.uint32),
        "weights": weights,
        "shapedirs": shapes,
        "posedirs": bulges.astype(np.float32),
        "J_regressor": regressor,
        "kintree_table": np.stack([parents % 2**32, np.arange(joints)]),
        "hands_meanl": np.full(45, 0.05),
        "hands_meanr": np.full(45, -0.05),
    }


def _around(vertices: np.ndarray, place: np.ndarray) -> np.ndarray:
    return np.argsort(np.linalg.norm(vertices - place, axis=1))[:60]


def model_file(
    folder: Path, *, joints: int = 55, fine: int = 10, **changes: np.ndarray | None
) -> Path:
    """Writes the model, with some arrays changed or left out."""
    path = folder / {55: "SMPLX_NEUTRAL.npz", 24: "SMPL_NEUTRAL.npz"}[joints]
    held = {
        name: value
        for name, value in (arrays(joints, fine=fine) | changes).items()
        if value is not None
    }
    np.savez(path, **held)
    return path
