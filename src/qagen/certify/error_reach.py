"""How far a tracker's errors reach: answers whose margin is beyond that need not be tried.

Written down for the few rules whose answer follows from one amount, and generously: all errors are
taken at `SIGMAS` standard deviations and as if they all pushed one way. Every other answer is
tried on copies. Plain data.
"""

import math
from collections.abc import Callable
from itertools import pairwise

from kinematics import thresholds
from kinematics.errors.error_models import ErrorModel
from kinematics.facts import MotionFacts
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import Candidate, Evidence, Question

SIGMAS: float = 5.0
"""A normal error is larger in one case of two million."""

RESTING_S: float = 0.5
"""Whether something rests is judged by what it moves over so long a time."""


def spared(question: Candidate | Question, facts: MotionFacts, model: ErrorModel) -> bool:
    """Whether the margin is beyond what the model's errors can do to the answer.

    >>> from kinematics import measure, synthetic
    >>> from kinematics.errors.error_models import PRESETS
    >>> from qagen.rules import generate
    >>> facts = measure(synthetic.perform(synthetic.walk(5.0, speed_mps=1.2)).motion)
    >>> questions, _ = generate.ask_all(facts, categories=("existence",))
    >>> sure = [one for one in questions if spared(one, facts, PRESETS["prompthmr_emdb"])]
    >>> "ever(movements=forward)" in [one.ask.name for one in sure]
    True
    """
    if model.dropout_share or model.gaps_per_min or model.swaps_per_min:
        return False  # what is not seen, or seen on the other side, has no margin
    rule = _RULES.get(question.ask.rule)
    reach = rule(question, facts, model) if rule is not None else math.inf
    return question.margin.value > reach


def _ever(question: Candidate | Question, facts: MotionFacts, model: ErrorModel) -> float:
    """Of one movement that is large and quick enough to stay one."""
    happens = (question.key.code == "yes") != question.ask.negated
    row = MOVEMENTS[question.ask.movements[0]]
    if question.ask.window != "whole" or not happens or row.kind not in ("travel", "turn"):
        return math.inf
    largest = max(question.evidence, key=lambda item: item.value)
    still = thresholds.MOVEMENT[row.signal].still_speed
    seconds = max(largest.end_s - largest.start_s, 1e-9)
    jitter = model.jitter_rad if row.kind == "turn" else model.jitter_m
    pace = jitter / model.jitter_time_s
    if row.kind != "turn":
        pace = math.hypot(pace, model.shake_m / RESTING_S)
    shaken = SIGMAS * math.sqrt(2) * pace
    if largest.value / seconds < still + shaken:
        return math.inf  # jitter may let it rest, and cut it in two
    walk_rad = model.heading_walk_rad_per_sqrt_s * math.sqrt(facts.duration_s)
    if row.kind == "turn":
        return SIGMAS * math.hypot(math.sqrt(2) * model.jitter_rad, walk_rad)
    per_path = math.hypot(
        model.drift_share, model.scale_share, walk_rad, model.heading_offset_rad, model.jitter_rad
    )
    moved_m = math.sqrt(2) * math.hypot(model.jitter_m, model.shake_m)
    return SIGMAS * math.hypot(per_path * _path_m(facts, largest), moved_m)


def _path_m(facts: MotionFacts, during: Evidence) -> float:
    """The way that was walked during a movement, by the sampled path."""
    step_s = facts.samples[1].time_s if len(facts.samples) > 1 else 0.0
    inside = [
        one for one in facts.samples
        if during.start_s - step_s <= one.time_s <= during.end_s + step_s
    ]  # fmt: skip
    return math.fsum(
        math.hypot(then.left_m - one.left_m, then.forward_m - one.forward_m)
        for one, then in pairwise(inside)
    )


def _near(question: Candidate | Question, facts: MotionFacts, model: ErrorModel) -> float:
    """Of the distance between two points of the body."""
    (distance_m,) = (
        part.distance_range[0]
        for part in facts.parts
        if part.part == question.ask.part and part.distance_range is not None
    )
    scaled_m = model.body_scale_share * distance_m
    apart_m = math.sqrt(2) * math.hypot(model.joint_jitter_m, model.shake_m)
    return SIGMAS * math.hypot(apart_m, scaled_m)


_RULES: dict[str, Callable[[Candidate | Question, MotionFacts, ErrorModel], float]] = {
    "ever": _ever,
    "ever_near": _near,
}
"""By the names of the rules of asks."""
