"""What the presets of `error_models` stand on: published figures, and the walks that stand in.

No published set of videos comes with this library. A preset is calibrated so that its errors, put
on the synthetic walks below and measured by `compare`, give the figures that a paper reports.
"""

import math
from collections.abc import Iterator
from typing import Literal

import msgspec

from kinematics.errors import compare, perturb
from kinematics.errors.compare import Comparison
from kinematics.errors.error_models import ErrorModel
from kinematics.motion import Motion
from kinematics.synthetic import Script, generator, pause, perform, turn, walk

Place = Literal["street", "room"]
"""Where people walk: some 60 m along streets as in EMDB 2, or some 9 m to and fro, with rests, as
in RICH."""

FPS: float = 30.0
"""The frame rate of the published figures."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Published figures of one tracker; none where none is published."""

    place: Place
    rte_percent: float | None = None
    w_mpjpe_m: float | None = None
    wa_mpjpe_m: float | None = None
    pose_error_m: float | None = None
    ate_mean_m: float | None = None
    jitter_10mps3: float | None = None
    foot_sliding_m: float | None = None


TARGETS: dict[str, Target] = {
    "prompthmr_emdb": Target(
        place="street",
        rte_percent=1.3,
        w_mpjpe_m=0.2165,
        wa_mpjpe_m=0.0710,
        jitter_10mps3=16.7,
        foot_sliding_m=0.0035,
    ),
    "wham_emdb": Target(
        place="street",
        rte_percent=6.0,
        w_mpjpe_m=0.3548,
        wa_mpjpe_m=0.1356,
        jitter_10mps3=22.5,
        foot_sliding_m=0.0044,
    ),
    "gvhmr_rich": Target(
        place="room",
        rte_percent=2.4,
        w_mpjpe_m=0.1263,
        wa_mpjpe_m=0.0788,
        jitter_10mps3=12.8,
        foot_sliding_m=0.0030,
    ),
    "mocap": Target(place="room", pose_error_m=0.023, ate_mean_m=0.051),
}
"""By preset. PromptHMR-Vid and WHAM on EMDB 2, GVHMR on RICH, and the accuracy that EMDB states of
its own ground truth. Jitter and foot sliding of the first are those of GVHMR on EMDB 2, for want
of its own."""

OUT_OF_REACH: frozenset[str] = frozenset({"prompthmr_emdb", "wham_emdb"})
"""Presets whose feet slide further than published, at any pace of jitter: trackers put feet where
they stand, and an error model knows no feet. Paths that drift under a body slide them, and bodies
that are turned against their path."""


def walks(place: Place, *, clips: int = 8, seed: int = 0) -> Iterator[Motion]:
    """The walks that stand for a place; clip `i` depends on the seed and `i` alone.

    >>> [street] = walks("street", clips=1)
    >>> 45 < street.duration_s < 80
    True
    """
    for index in range(clips):
        draw = generator("calibration", place, seed, index)
        legs, low_m, high_m = (5, 10.0, 14.0) if place == "street" else (4, 1.5, 3.0)
        script = Script(())
        for _ in range(legs):
            angle = math.radians(draw.uniform(60, 180)) * (1 if draw.random() < 0.5 else -1)
            speed_mps = draw.uniform(1.0, 1.4)
            script = script.then(walk(draw.uniform(low_m, high_m), speed_mps=speed_mps))
            rest_s = draw.uniform(0.3, 1.0) if place == "street" else draw.uniform(1.0, 4.0)
            script = script.then(pause(rest_s), turn(angle))
        heading_rad = draw.uniform(-math.pi, math.pi)
        name = f"{place}_{seed}_{index}"
        yield perform(script, fps=FPS, seed=index, start_heading_rad=heading_rad, clip=name).motion


def measured(
    model: ErrorModel, place: Place, *, clips: int = 8, copies: int = 8, seed: int = 0
) -> Comparison:
    """What `compare` finds of the model's errors on the walks of a place, over all frames.

    >>> from kinematics.errors.error_models import PRESETS
    >>> errors = measured(PRESETS["mocap"], "room", clips=2, copies=2)
    >>> 0.03 < errors.ate_mean_m < 0.08
    True
    """
    return compare.pooled(
        compare.compare(copy, truth)
        for truth in walks(place, clips=clips, seed=seed)
        for copy in perturb.copies(truth, model, count=copies, seed=seed)
    )
