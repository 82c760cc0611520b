"""Clothes for body surfaces: faces in the colours of the cone figures, a brim and a backpack.

The bone with the largest weight on a face gives its body part; its position at rest says whether
it is on the front or the back. Sides and facing are as recognisable as on cone figures.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics.skeleton import SMPL_22
from mllm.render.figure import USUAL_LEG_M, Colour, Outfit, dark
from mllm.render.picture import Figure
from mllm.render.solids import Solids
from mllm.render.surface import Body, bones, posed

_JOINT = {name: number for number, name in enumerate(SMPL_22.joints)}
_SHIRT = ("spine1", "spine2", "spine3", "left_collar", "right_collar")
_HEAD = _JOINT["head"]
_EYES = (23, 24)  # of SMPL-X
_EYE_LEVEL = 0.39  # of other bodies, between the head's joint and its top
_BROW_M, _MOUTH_M = 0.038, -0.066  # above the eyes
_WHITE, _DARK, _RED = (0.97, 0.97, 0.97), (0.03, 0.03, 0.05), (0.60, 0.10, 0.12)


class Clad(NamedTuple):
    """A clothed body at the times of a video, in the world of its motion."""

    body: Body
    colours: Float[np.ndarray, "faces 3"]
    worn: Solids
    """Brim and backpack, frame by frame."""


def clad(body: Body, clothes: Outfit) -> Clad:
    """A body in its clothes."""
    return Clad(body, _painted(body, clothes), _worn(body, clothes))


def figures(
    clothed: Clad, shadows: Solids, *, shown: Bool[np.ndarray, " frames"], origin_m: np.ndarray
) -> Iterator[Figure | None]:
    """The figure of a body in each frame of a scene with the given origin; None if not shown.

    `shadows` are the solids, in scene coordinates, that cast its shadow.
    """
    worn = clothed.worn.moved(-origin_m)
    for i, surface in enumerate(posed(clothed.body)):
        figure = Figure(
            vertices_m=surface.vertices_m - origin_m,
            normals=surface.normals,
            faces=clothed.body.mesh.faces,
            colours=clothed.colours,
            worn=worn.at(i),
            shadow=shadows.at(i),
        )
        yield figure if shown[i] else None


def _painted(body: Body, clothes: Outfit) -> Float[np.ndarray, "faces 3"]:
    """The colour of every face of a body."""
    faces = body.mesh.faces
    bone = body.mesh.weights[:, faces].sum(axis=2).argmax(axis=0)
    at = body.rest_m[faces].mean(axis=1)
    facing = body.rest_normals[faces].mean(axis=1)
    colours = np.array(_by_bone(len(body.joints_m), clothes))[bone]
    torso = np.isin(bone, [_JOINT[name] for name in ("pelvis", *_SHIRT)])
    for where, colour in (*_torso(body, at, facing, clothes), *_behind(body, at, facing, clothes)):
        colours[torso & where] = colour
    parents = np.array(body.mesh.bones.parents)
    head = (bone == _HEAD) | (bone >= len(SMPL_22.joints)) & (parents[bone] == _HEAD)
    for where, colour in _head(body, at, facing, head, clothes):
        colours[head & where] = colour
    return colours


def _by_bone(joints: int, clothes: Outfit) -> list[Colour]:
    """The colour of the faces on each bone; hands and face are skin."""
    colours = [clothes.skin] * joints
    for name in _SHIRT:
        colours[_JOINT[name]] = clothes.shirt
    colours[_JOINT["pelvis"]] = clothes.trousers
    for side, colour in (("left", clothes.left_limbs), ("right", clothes.right_limbs)):
        for name in ("hip", "knee", "shoulder", "elbow"):
            colours[_JOINT[f"{side}_{name}"]] = colour
        for name in ("ankle", "foot"):
            colours[_JOINT[f"{side}_{name}"]] = dark(colour)
    return colours


def _scale(body: Body) -> float:
    """Size of a body relative to the usual figure, by leg length."""
    chain = body.joints_m[[_JOINT["left_hip"], _JOINT["left_knee"], _JOINT["left_ankle"]]]
    leg_m = float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum())
    return float(np.clip(leg_m / USUAL_LEG_M, 0.4, 1.6))


Painted = list[tuple[Bool[np.ndarray, " faces"], Colour]]


def _torso(body: Body, at: np.ndarray, facing: np.ndarray, clothes: Outfit) -> Painted:
    """An emblem on the chest."""
    scale, chest_m = _scale(body), body.joints_m[_JOINT["neck"]] - [0.0, 0.19 * _scale(body), 0.0]
    away = (at - chest_m) / scale
    return [((np.hypot(away[:, 0], away[:, 1]) < 0.085) & (facing[:, 2] > 0.2), clothes.emblem)]


def _behind(body: Body, at: np.ndarray, facing: np.ndarray, clothes: Outfit) -> Painted:
    """The area under the backpack, which may show at its edges."""
    away = (at - body.joints_m[_JOINT["neck"]]) / _scale(body)
    there = (np.abs(away[:, 0]) < 0.13) & (away[:, 1] > -0.38) & (away[:, 1] < -0.06)
    return [(there & (facing[:, 2] < -0.3), clothes.backpack)]


def _head(
    body: Body,
    at: np.ndarray,
    facing: np.ndarray,
    head: Bool[np.ndarray, " faces"],
    clothes: Outfit,
) -> Painted:
    """Hair behind, a cap on top, eyes and a mouth in front."""
    if not head.any():
        return []
    scale, (apart_m, level_m) = _scale(body), _eyes(body)
    middle_m = 0.5 * (at[head].min(axis=0) + at[head].max(axis=0))
    x, y = (at[:, 0] - middle_m[0]) / scale, (at[:, 1] - level_m) / scale
    front = facing[:, 2] > 0.2
    behind = (at[:, 2] < middle_m[2] + 0.02 * scale) & (y > -0.08) & ~(facing[:, 2] > 0.5)
    eyes = np.hypot(np.abs(x) - apart_m / scale, y)
    mouth = (np.abs(x) < 0.028) & (np.abs(y - _MOUTH_M) < 0.010)
    return [
        (behind, clothes.hair),
        (y > _BROW_M, clothes.cap),
        (front & (eyes < 0.022), _WHITE),
        (front & (eyes < 0.010), _DARK),
        (front & mouth, _RED),
    ]


def _eyes(body: Body) -> tuple[float, float]:
    """Distance of the eyes from the middle of the face, and their height at rest."""
    if body.mesh.bones.family == "smplx":
        left_m, right_m = body.joints_m[list(_EYES)]
        return 0.5 * float(left_m[0] - right_m[0]), 0.5 * float(left_m[1] + right_m[1])
    joint_m = float(body.joints_m[_HEAD, 1])
    top_m = float(body.rest_m[body.mesh.weights.argmax(axis=0) == _HEAD, 1].max(initial=joint_m))
    return 0.033 * _scale(body), joint_m + _EYE_LEVEL * (top_m - joint_m)


def _worn(body: Body, clothes: Outfit) -> Solids:
    """The brim of a cap and a backpack, attached to the bones of head and chest."""
    pieces = [*_brim(body, clothes), *_pack(body, clothes)]
    world, joints_m = bones(body, slice(None))
    carriers = [_JOINT[bone] for bone, *_ in pieces]

    def carried(rest: list[np.ndarray]) -> np.ndarray:
        away = np.stack(rest) - body.joints_m[carriers]
        return joints_m[:, carriers] + (world[:, carriers] * away[:, None]).sum(axis=-1)

    colours = np.array([colour for *_, colour in pieces])
    radii_m = np.array([radius for _, _, _, radius, _ in pieces])
    return Solids(
        starts_m=carried([start for _, start, _, _, _ in pieces]),
        ends_m=carried([end for _, _, end, _, _ in pieces]),
        start_radii_m=radii_m,
        end_radii_m=radii_m,
        colours=colours,
        band_colours=colours,
        bands=np.ones(len(pieces), int),
    )


_Worn = tuple[str, np.ndarray, np.ndarray, float, Colour]


def _brim(body: Body, clothes: Outfit) -> list[_Worn]:
    """Three bars before the forehead."""
    scale, joint_m = _scale(body), body.joints_m[_HEAD]
    head = body.mesh.weights.argmax(axis=0) == _HEAD
    level_m = _eyes(body)[1] + (_BROW_M + 0.008) * scale
    at_level = head & (np.abs(body.rest_m[:, 1] - level_m) < 0.03 * scale)
    ahead_m = float(body.rest_m[at_level, 2].max()) if at_level.any() else joint_m[2] + 0.1 * scale
    return [
        (
            "head",
            np.array([0.06 * scale, level_m, ahead_m + out * scale]),
            np.array([-0.06 * scale, level_m, ahead_m + out * scale]),
            0.018 * scale,
            clothes.cap,
        )
        for out in (0.0, 0.03, 0.06)
    ]


def _pack(body: Body, clothes: Outfit) -> list[_Worn]:
    """Two upright rolls on the back, and a white bar across them."""
    scale, neck_m = _scale(body), body.joints_m[_JOINT["neck"]]
    away = body.rest_m - neck_m
    back = (np.abs(away[:, 0]) < 0.12 * scale) & (np.abs(away[:, 1] / scale + 0.2) < 0.12)
    back_m = float(away[back, 2].min()) if back.any() else -0.12 * scale

    def at(left_m: float, up_m: float, behind_m: float) -> np.ndarray:
        return neck_m + np.array([left_m * scale, up_m * scale, back_m - behind_m * scale])

    rolls: list[_Worn] = [
        ("spine3", at(side, -0.10, 0.03), at(side, -0.34, 0.04), 0.085 * scale, clothes.backpack)
        for side in (0.062, -0.062)
    ]
    bar = at(0.10, -0.24, 0.105), at(-0.10, -0.24, 0.105)
    return [*rolls, ("spine3", *bar, 0.024 * scale, (0.95, 0.95, 0.95))]
