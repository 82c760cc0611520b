"""Calibration of the presets of `error_models`: published figures, and synthetic walks.

No published set of videos comes with this library. A preset is calibrated so that its errors,
applied to the synthetic walks below and measured by `compare`, give the figures of a paper.
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

Setting = Literal["street", "room"]
"""Setting of the walks: some 60 m along streets as in EMDB 2, or some 9 m to and fro, with rests,
as in RICH."""

FPS: float = 30.0
"""The frame rate of the published figures."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Published figures of a tracker; None where not published."""

    setting: Setting
    rte_percent: float | None = None
    w_mpjpe_m: float | None = None
    wa_mpjpe_m: float | None = None
    pose_error_m: float | None = None
    ate_mean_m: float | None = None
    jitter_10mps3: float | None = None
    foot_sliding_m: float | None = None


TARGETS: dict[str, Target] = {
    "prompthmr_emdb": Target(
        setting="street",
        rte_percent=1.3,
        w_mpjpe_m=0.2165,
        wa_mpjpe_m=0.0710,
        jitter_10mps3=16.7,
        foot_sliding_m=0.0035,
    ),
    "wham_emdb": Target(
        setting="street",
        rte_percent=6.0,
        w_mpjpe_m=0.3548,
        wa_mpjpe_m=0.1356,
        jitter_10mps3=22.5,
        foot_sliding_m=0.0044,
    ),
    "gvhmr_rich": Target(
        setting="room",
        rte_percent=2.4,
        w_mpjpe_m=0.1263,
        wa_mpjpe_m=0.0788,
        jitter_10mps3=12.8,
        foot_sliding_m=0.0030,
    ),
    "mocap": Target(setting="room", pose_error_m=0.023, ate_mean_m=0.051),
}
"""By preset: PromptHMR-Vid and WHAM on EMDB 2, GVHMR on RICH, and the accuracy that EMDB states for
its ground truth. Jitter and foot sliding of the first are those of GVHMR on EMDB 2, because its own
are not published."""

OUT_OF_REACH: frozenset[str] = frozenset({"prompthmr_emdb", "wham_emdb"})
"""Presets whose feet slide further than published, at any pace of jitter: trackers fix feet in
contact with the ground, and an error model does not. Drift of the path, and turns of the body
against its path, make feet slide."""


def walks(setting: Setting, *, clips: int = 8, seed: int = 0) -> Iterator[Motion]:
    """Walks in a setting; clip `i` depends on the seed and `i` alone.

    >>> [street] = walks("street", clips=1)
    >>> 45 < street.duration_s < 80
    True
    """
    for index in range(clips):
        draw = generator("calibration", setting, seed, index)
        legs, low_m, high_m = (5, 10.0, 14.0) if setting == "street" else (4, 1.5, 3.0)
        script = Script(())
        for _ in range(legs):
            angle = math.radians(draw.uniform(60, 180)) * (1 if draw.random() < 0.5 else -1)
            speed_mps = draw.uniform(1.0, 1.4)
            script = script.then(walk(draw.uniform(low_m, high_m), speed_mps=speed_mps))
            rest_s = draw.uniform(0.3, 1.0) if setting == "street" else draw.uniform(1.0, 4.0)
            script = script.then(pause(rest_s), turn(angle))
        heading_rad = draw.uniform(-math.pi, math.pi)
        name = f"{setting}_{seed}_{index}"
        yield perform(script, fps=FPS, seed=index, start_heading_rad=heading_rad, clip=name).motion


def measured(
    model: ErrorModel, setting: Setting, *, clips: int = 8, copies: int = 8, seed: int = 0
) -> Comparison:
    """The pooled `compare` measures of the model's errors on the walks of a setting.

    >>> from kinematics.errors.error_models import PRESETS
    >>> errors = measured(PRESETS["mocap"], "room", clips=2, copies=2)
    >>> 0.03 < errors.ate_mean_m < 0.08
    True
    """
    return compare.pooled(
        compare.compare(copy, truth)
        for truth in walks(setting, clips=clips, seed=seed)
        for copy in perturb.copies(truth, model, count=copies, seed=seed)
    )
