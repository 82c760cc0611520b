"""The seven signals that movements are found on, and the speeds that say when they rest."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics import thresholds
from kinematics.facts import SIGNALS, Frame
from kinematics.skeleton import POINTS
from qagen.verify.remeasure.grid import Samples
from qagen.verify.remeasure.reference import UP, Anchored, about_up, twist_rad
from qagen.verify.remeasure.smoothing import STRIDE_SAMPLES, light, mean_rate, ramp, without_gait

REST_REACH = 8
"""Resting is judged over half a second around each sample,"""
SPEED_REACH = 3
"""speeds over a fifth."""

SWAYING = frozenset({"up", "heading", "forward_lean", "left_lean"})
"""Signals that gait moves to and fro, and that it is taken out of."""


class Signals(NamedTuple):
    """What a clip's facts are read off, sample by sample."""

    values: Float[np.ndarray, "samples signals"]
    """In the order of `facts.SIGNALS`."""
    speed: Float[np.ndarray, "samples signals"]
    rest_speed: Float[np.ndarray, "samples signals"]
    place_m: Float[np.ndarray, "samples 3"]
    """The root, lightly smoothed."""
    height_m: Float[np.ndarray, " samples"]
    """Of the root, not smoothed."""
    velocity_mps: Float[np.ndarray, "samples 3"]
    facing_rad: Float[np.ndarray, " samples"]
    """Which way the body faces in the axes of `place_m`: its heading, and always straight ahead in
    the frame `body`, whose axes turn with it."""
    tilt_rad: Float[np.ndarray, " samples"]
    heading_defined: Bool[np.ndarray, " samples"]

    @property
    def ground_speed_mps(self) -> Float[np.ndarray, " samples"]:
        """How fast the root travels, up and down left out."""
        return np.hypot(self.velocity_mps[:, 0], self.velocity_mps[:, 2])

    def of(self, signal: str) -> Float[np.ndarray, " samples"]:
        """The values of one signal."""
        return self.values[:, SIGNALS.index(signal)]


class _Leaning(NamedTuple):
    tilt_rad: Float[np.ndarray, " samples"]
    forward_rad: Float[np.ndarray, " samples"]
    left_rad: Float[np.ndarray, " samples"]


def leaning(upward: Float[np.ndarray, "samples 3"]) -> _Leaning:
    """Tilt of the directions given in heading axes, and its parts forward and to the left.

    >>> bow = leaning(np.array([[0.0, 0.0, 2.0]]))
    >>> [round(math.degrees(part[0])) for part in bow]
    [90, 90, 0]
    """
    left, up, forward = upward.T
    level = np.hypot(left, forward)
    tilt = np.arctan2(level, up)
    towards = np.where(level > 0, level, 1.0)
    return _Leaning(tilt, tilt * forward / towards, tilt * left / towards)


def unwrapped_rad(
    wrapped_rad: Float[np.ndarray, " samples"], defined: Bool[np.ndarray, " samples"]
) -> Float[np.ndarray, " samples"]:
    """Defined angles made continuous; the others repeat the last one before (or the first).

    >>> unwrapped_rad(np.array([3.0, 9.0, -3.0]), np.array([True, False, True])).round(3).tolist()
    [3.0, 3.0, 3.283]
    """
    places = np.flatnonzero(defined)
    if not len(places):
        return np.full(len(wrapped_rad), wrapped_rad[0])
    last = np.maximum(np.searchsorted(places, np.arange(len(wrapped_rad)), side="right") - 1, 0)
    return np.unwrap(wrapped_rad[places])[last]


class _Body(NamedTuple):
    """Which way the body faces and leans."""

    pelvis_rad: Float[np.ndarray, " samples"]
    """Heading of the pelvis."""
    body_rad: Float[np.ndarray, " samples"]
    """Mean heading of pelvis and shoulders, which gait turns against each other."""
    heading_defined: Bool[np.ndarray, " samples"]
    leans: _Leaning
    sways: Float[np.ndarray, "swaying"]
    """How far gait moves height, heading, lean forward and left, and tilt to either side."""


def _body(samples: Samples, anchored: Anchored) -> _Body:
    """Read off the pelvis, and off shoulders and trunk where there are joints."""
    headings_rad = twist_rad(anchored.rotations)
    leans = leaning(about_up(-headings_rad).apply(anchored.rotations.apply(UP)))
    defined = samples.usable & (leans.tilt_rad < math.pi - thresholds.UPSIDE_DOWN_RAD)
    pelvis_rad = unwrapped_rad(headings_rad, defined)
    body_rad, sway_rad = pelvis_rad, thresholds.SWAY_HEADING_RAD
    if anchored.points_m is not None:
        of = {name: anchored.points_m[:, place] for place, name in enumerate(POINTS)}
        has = dict(zip(POINTS, samples.present, strict=True))
        if has["left_shoulder"] and has["right_shoulder"]:
            across = of["left_shoulder"] - of["right_shoulder"]
            body_rad = pelvis_rad + 0.5 * np.arctan2(-across[:, 2], across[:, 0])
            sway_rad = thresholds.SWAY_TRUNK_HEADING_RAD
        if has["pelvis"] and has["neck"]:
            leans = leaning(of["neck"] - of["pelvis"])
    sways = np.array([thresholds.SWAY_UP_M, sway_rad, *3 * [thresholds.SWAY_LEAN_RAD]])
    return _Body(pelvis_rad, body_rad, defined, leans, sways)


def _travelling(place_m: Float[np.ndarray, "samples 3"], step_s: float) -> np.ndarray:
    """0 in place, 1 while the root gets on over a stride."""
    stride_mps = mean_rate(place_m, reach=STRIDE_SAMPLES // 2, step_s=step_s)
    ground_mps = np.hypot(stride_mps[:, 0], stride_mps[:, 2])
    return ramp(ground_mps, thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS)


def read(samples: Samples, anchored: Anchored, *, frame: Frame = "first_heading") -> Signals:
    """The signals of one clip.

    While the person travels, gait is taken out: what remains is the mean over a stride, and what
    is further from it than ordinary gait gets. In place nothing is taken out.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import grid, reference
    >>> samples = grid.sample(synthetic.perform(synthetic.walk(2.0)).motion)
    >>> round(float(read(samples, reference.anchored(samples)).of("forward")[-1]), 1)
    2.0
    """
    body, step_s = _body(samples, anchored), samples.step_s
    height_m, leans = anchored.positions_m[:, 1], body.leans
    swaying = np.stack(
        [height_m, body.body_rad, leans.forward_rad, leans.left_rad, leans.tilt_rad], axis=1
    )
    place_m, steady = light(anchored.positions_m), light(swaying)
    in_place = steady.copy()
    in_place[:, 1] = light(body.pelvis_rad[:, None])[:, 0]
    stride = without_gait(swaying)
    off = steady - stride
    on_foot = stride + np.sign(off) * np.maximum(np.abs(off) - body.sways, 0)
    travelling = _travelling(place_m, step_s)[:, None]
    mixed = (1 - travelling) * in_place + travelling * on_foot
    columns = {
        "left": place_m[:, 0],
        "up": mixed[:, 0],
        "forward": place_m[:, 2],
        "start_distance": np.hypot(*light(anchored.from_start_m)[:, [0, 2]].T),
        "heading": mixed[:, 1],
        "forward_lean": mixed[:, 2],
        "left_lean": mixed[:, 3],
    }
    values = np.stack([columns[name] for name in SIGNALS], axis=1)
    return Signals(
        values=values,
        speed=np.abs(mean_rate(values, reach=SPEED_REACH, step_s=step_s)),
        rest_speed=np.abs(mean_rate(values, reach=REST_REACH, step_s=step_s)),
        place_m=place_m,
        height_m=height_m,
        velocity_mps=mean_rate(place_m, reach=REST_REACH, step_s=step_s),
        facing_rad=0 * mixed[:, 1] if frame == "body" else mixed[:, 1],
        tilt_rad=mixed[:, 4],
        heading_defined=body.heading_defined,
    )
