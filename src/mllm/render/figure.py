"""A clothed figure of rounded cones on body points, whose four sides all look different.

In every outfit, left limbs have warm and right limbs cool colours. In front are a face with nose
and eyes, the brim of a cap and an emblem on the chest; behind are hair and a backpack.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from kinematics.skeleton import POINTS
from mllm.render.solids import Solids

USUAL_LEG_M = 0.795
"""Hip to ankle of the figure with the measures below; others are scaled by leg length."""

Places = Float[np.ndarray, "frames 3"]
Colour = tuple[float, float, float]


class Outfit(NamedTuple):
    """Colours of a figure. `words` distinguish it from others in a sentence."""

    words: str
    shirt: Colour
    trousers: Colour
    left_limbs: Colour
    right_limbs: Colour
    cap: Colour
    backpack: Colour
    emblem: Colour
    skin: Colour
    hair: Colour


_WARM = ((0.93, 0.16, 0.10), (0.98, 0.48, 0.05), (0.98, 0.72, 0.08))
_COOL = ((0.08, 0.28, 0.90), (0.02, 0.58, 0.62), (0.10, 0.55, 0.20))
_SHIRTS = (
    ("white", (0.92, 0.92, 0.90)),
    ("black", (0.10, 0.10, 0.12)),
    ("purple", (0.48, 0.20, 0.62)),
    ("grey", (0.52, 0.54, 0.57)),
    ("pink", (0.95, 0.55, 0.70)),
    ("brown", (0.45, 0.29, 0.17)),
)
_SKINS = ((0.98, 0.82, 0.70), (0.92, 0.72, 0.55), (0.76, 0.54, 0.37), (0.60, 0.40, 0.27))
_HAIR = ((0.12, 0.09, 0.07), (0.22, 0.13, 0.06), (0.05, 0.05, 0.06))
_PACKS = ((0.20, 0.24, 0.12), (0.16, 0.13, 0.30), (0.32, 0.10, 0.12))
_EMBLEM_ON_LIGHT, _EMBLEM_ON_DARK = (0.05, 0.05, 0.35), (1.0, 0.95, 0.25)


def outfit(draw: np.random.Generator, *, shirt: int) -> Outfit:
    """Clothes drawn at random to match shirt number `shirt`, modulo the number of shirts.

    >>> outfit(np.random.default_rng(3), shirt=0).words
    'the person in the white shirt'
    """
    words, colour = _SHIRTS[shirt % len(_SHIRTS)]
    light = sum(colour) > 1.5

    def pick(choices: Sequence[Colour]) -> Colour:
        return choices[int(draw.integers(len(choices)))]

    red, green, blue = (0.35 + 0.25 * share for share in colour)
    return Outfit(
        words=f"the person in the {words} shirt",
        shirt=colour,
        trousers=(red, green, blue),
        left_limbs=pick(_WARM),
        right_limbs=pick(_COOL),
        cap=pick(_WARM + _COOL),
        backpack=pick(_PACKS),
        emblem=_EMBLEM_ON_LIGHT if light else _EMBLEM_ON_DARK,
        skin=pick(_SKINS),
        hair=pick(_HAIR),
    )


class _Axes(NamedTuple):
    """Left, up and ahead of a body part, and the size of the body."""

    left: Places
    up: Places
    ahead: Places
    scale: float

    def at(self, origin: Places, left_m: float, up_m: float, ahead_m: float) -> Places:
        """The point at this offset from `origin`; offsets are those of a body of usual size."""
        return origin + self.scale * (left_m * self.left + up_m * self.up + ahead_m * self.ahead)


class _Piece(NamedTuple):
    start: Places
    end: Places
    start_radius: float
    end_radius: float
    colour: Colour


def dressed(points_m: Float[np.ndarray, "frames points 3"], clothes: Outfit) -> Solids:
    """The solids of a figure with the given body points, frame by frame.

    >>> from kinematics import synthetic
    >>> from mllm.render.pose import posed
    >>> motion = synthetic.perform(synthetic.stand(1.0)).motion
    >>> points_m = posed(motion, np.array([0.0, 0.5])).points_m
    >>> dressed(points_m, outfit(np.random.default_rng(0), shirt=0)).starts_m.shape[0]
    2
    """
    body = {name: points_m[:, index] for index, name in enumerate(POINTS)}
    scale = _scale(body)
    trunk_up = body["neck"] - body["pelvis"]
    shoulders = body["left_shoulder"] - body["right_shoulder"]
    hips = body["left_hip"] - body["right_hip"]
    chest = _axes(shoulders, trunk_up, scale)
    pelvis = _axes(hips, trunk_up, scale)
    head_up = _unit(body["head"] - body["neck"]) + 0.8 * chest.up
    head = _axes(_unit(shoulders) + 0.3 * _unit(hips), head_up, scale)
    pieces = [
        *_legs(body, pelvis, clothes),
        *_arms(body, clothes),
        *_torso(body, chest, pelvis, clothes),
        *_head(body, head, clothes),
    ]
    colours = np.array([piece.colour for piece in pieces])
    return Solids(
        starts_m=np.stack([piece.start for piece in pieces], axis=1),
        ends_m=np.stack([piece.end for piece in pieces], axis=1),
        start_radii_m=scale * np.array([piece.start_radius for piece in pieces]),
        end_radii_m=scale * np.array([piece.end_radius for piece in pieces]),
        colours=colours,
        band_colours=colours,
        bands=np.ones(len(pieces), int),
    )


def _unit(vectors: Places) -> Places:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def _axes(left: Places, up: Places, scale: float) -> _Axes:
    """Axes with the given `up`, whose left is as close to `left` as possible."""
    up = _unit(up)
    ahead = _unit(np.cross(left, up))
    return _Axes(np.cross(up, ahead), up, ahead, scale)


def _scale(body: dict[str, Places]) -> float:
    lengths = [
        np.linalg.norm(body[f"{side}_{upper}"] - body[f"{side}_{lower}"], axis=1)
        for side in ("left", "right")
        for upper, lower in (("hip", "knee"), ("knee", "ankle"))
    ]
    leg_m = 0.5 * float(np.median(np.sum(lengths, axis=0)))
    return float(np.clip(leg_m / USUAL_LEG_M, 0.4, 1.6))


def _legs(body: dict[str, Places], pelvis: _Axes, clothes: Outfit) -> list[_Piece]:
    pieces = []
    for side, colour in (("left", clothes.left_limbs), ("right", clothes.right_limbs)):
        hip, knee, ankle, foot = (
            body[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot")
        )
        forth = _unit(foot - ankle)
        heel = ankle - pelvis.scale * (0.02 * forth + np.array([0.0, 0.025, 0.0]))
        toes = foot + pelvis.scale * (0.05 * _unit(forth * [1.0, 0.3, 1.0]) + [0.0, 0.015, 0.0])
        pieces += [
            _Piece(hip, knee, 0.088, 0.062, colour),
            _Piece(knee, ankle, 0.060, 0.042, colour),
            _Piece(heel, toes, 0.046, 0.036, dark(colour)),
        ]
    return pieces


def dark(colour: Colour) -> Colour:
    """The colour of the shoe that matches a leg.

    >>> dark((0.8, 0.4, 0.0))
    (0.2, 0.1, 0.0)
    """
    red, green, blue = colour
    return 0.25 * red, 0.25 * green, 0.25 * blue


def _arms(body: dict[str, Places], clothes: Outfit) -> list[_Piece]:
    pieces = []
    for side, colour in (("left", clothes.left_limbs), ("right", clothes.right_limbs)):
        shoulder, elbow, wrist = (body[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist"))
        reach = wrist - elbow
        hand = wrist + 0.28 * reach
        pieces += [
            _Piece(shoulder, elbow, 0.066, 0.047, colour),
            _Piece(elbow, wrist, 0.045, 0.034, colour),
            _Piece(wrist + 0.12 * reach, hand, 0.042, 0.040, clothes.skin),
        ]
    return pieces


def _torso(body: dict[str, Places], chest: _Axes, pelvis: _Axes, clothes: Outfit) -> list[_Piece]:
    hip_line, neck = body["pelvis"], body["neck"]
    back = chest.at(neck, 0.0, -0.21, -0.15)
    packs = [
        _Piece(
            chest.at(back, sign * 0.06, 0.12, 0.0), chest.at(back, sign * 0.065, -0.14, -0.01),
            0.080, 0.095, clothes.backpack,
        )
        for sign in (1.0, -1.0)
    ]  # fmt: skip
    sides = [
        _Piece(
            pelvis.at(hip_line, sign * 0.065, 0.05, 0.0),
            chest.at(neck, sign * 0.085, -0.15, 0.0),
            0.095, 0.112, clothes.shirt,
        )
        for sign in (1.0, -1.0)
    ]  # fmt: skip
    yokes = [
        _Piece(
            body[f"{side}_shoulder"], chest.at(neck, 0.0, -0.06, 0.0), 0.070, 0.085, clothes.shirt
        )
        for side in ("left", "right")
    ]
    return [
        _Piece(body["left_hip"], body["right_hip"], 0.100, 0.100, clothes.trousers),
        *sides,
        *yokes,
        *packs,
        _Piece(
            chest.at(back, 0.10, -0.03, -0.072), chest.at(back, -0.10, -0.03, -0.072),
            0.024, 0.024, (0.95, 0.95, 0.95),
        ),
        _Piece(
            chest.at(neck, 0.0, -0.14, 0.004), pelvis.at(hip_line, 0.0, 0.08, 0.004),
            0.114, 0.100, clothes.shirt,
        ),
        _Piece(
            chest.at(neck, 0.0, -0.19, 0.040), chest.at(neck, 0.0, -0.22, 0.040),
            0.100, 0.100, clothes.emblem,
        ),
    ]  # fmt: skip


def _head(body: dict[str, Places], head: _Axes, clothes: Outfit) -> list[_Piece]:
    middle = head.at(body["head"], 0.0, 0.065, 0.0)
    white, dark = (0.97, 0.97, 0.97), (0.03, 0.03, 0.05)
    eyes = []
    for sign in (1.0, -1.0):
        eye = head.at(middle, sign * 0.043, 0.022, 0.100)
        pupil = head.at(middle, sign * 0.041, 0.020, 0.119)
        eyes += [_Piece(eye, eye, 0.026, 0.026, white), _Piece(pupil, pupil, 0.014, 0.014, dark)]
    brim = [
        _Piece(
            head.at(middle, 0.07, 0.062, out), head.at(middle, -0.07, 0.062, out),
            0.020, 0.020, clothes.cap,
        )
        for out in (0.105, 0.135, 0.165)
    ]  # fmt: skip
    return [
        _Piece(body["neck"], middle, 0.055, 0.055, clothes.skin),
        _Piece(head.at(middle, 0.0, -0.035, 0.022), head.at(middle, 0.0, 0.03, 0.008),
               0.098, 0.110, clothes.skin),
        _Piece(head.at(middle, 0.0, -0.035, -0.030), head.at(middle, 0.0, 0.02, -0.020),
               0.105, 0.118, clothes.hair),
        _Piece(head.at(middle, 0.0, 0.055, 0.0), head.at(middle, 0.0, 0.075, 0.0),
               0.116, 0.095, clothes.cap),
        *brim,
        *eyes,
        _Piece(head.at(middle, 0.0, 0.005, 0.115), head.at(middle, 0.0, -0.018, 0.150),
               0.016, 0.019, clothes.skin),
        _Piece(head.at(middle, 0.028, -0.062, 0.106), head.at(middle, -0.028, -0.062, 0.106),
               0.011, 0.011, (0.60, 0.10, 0.12)),
    ]  # fmt: skip
