"""Seeded corpora of random scripts, chosen so that most of their events are certain."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from kinematics.synthetic.body import Gait
from kinematics.synthetic.script import (
    Script,
    Toward,
    arc,
    bow,
    crouch,
    jump,
    lean,
    pause,
    run,
    sidestep,
    sit,
    stand,
    stand_up,
    straighten,
    then,
    turn,
    walk,
    walk_backward,
    wave,
)
from kinematics.synthetic.stage import Performance, generator, perform
from kinematics.synthetic.timeline import lay_out

LONGEST_CLIP_S = 30.0
"""Maximum duration of a clip; movements are dropped from longer scripts."""

FRAME_RATES = (10.0, 12.5, 15.0, 20.0, 24.0, 25.0, 30.0, 50.0, 60.0, 100.0, 120.0)
"""Frame rates of cameras and mocap systems."""


def corpus(
    clips: int,
    *,
    seed: int = 0,
    fps: float | None = None,
    jitter_m: float = 0.0,
    jitter_rad: float = 0.0,
    joints: bool = True,
) -> Iterator[Performance]:
    """Varied performances; clip `i` depends only on `seed` and `i`.

    Each clip has one to five movements, most with pauses between; any thirteen consecutive clips
    contain every kind. Positions are within 50 m of the world's origin, headings and gaits vary,
    the frame rate is 10 to 120 Hz unless given, and some clips begin or end in mid-stride.

    >>> [len(performance.script.movements) > 1 for performance in corpus(2)]
    [True, True]
    """
    for index in range(clips):
        draw = generator("corpus", seed, index)
        script, cut_s = _script(draw, index)
        rate = float(draw.choice(FRAME_RATES))
        angle, distance_m = draw.uniform(-math.pi, math.pi), 50 * math.sqrt(draw.random())
        yield perform(
            script,
            fps=fps or rate,
            seed=int(draw.integers(2**31)),
            gait=_gait(draw),
            start_position_m=(distance_m * math.sin(angle), 0.0, distance_m * math.cos(angle)),
            start_heading_rad=draw.uniform(-math.pi, math.pi),
            jitter_m=jitter_m,
            jitter_rad=jitter_rad,
            joints=joints,
            cut_s=cut_s,
            clip=f"synthetic_{seed}_{index:05d}",
        )


def _gait(draw: np.random.Generator) -> Gait:
    """A random gait within the range of recorded walks and runs."""
    return Gait(
        pelvis_yaw_rad=math.radians(draw.uniform(5, 30)),
        shoulder_share=draw.uniform(0.6, 1.0),
        roll_rad=math.radians(draw.uniform(3, 14)),
        pitch_rad=math.radians(draw.uniform(1, 6)),
        bob_m=draw.uniform(0.03, 0.05),
        run_bob_m=draw.uniform(0.13, 0.16),
        sway_m=draw.uniform(0.03, 0.05),
        arm_swing_rad=math.radians(draw.uniform(25, 60)),
        slip=draw.uniform(-0.02, 0.02),
    )


_TOWARDS: tuple[Toward, ...] = ("forward", "backward", "left", "right")


def _side(draw: np.random.Generator) -> float:
    return 1.0 if draw.random() < 0.5 else -1.0


def _hold_s(draw: np.random.Generator) -> float:
    """The duration of a hold; shorter holds might or might not be pauses."""
    return draw.uniform(0.8, 2.0)


def _random_lean(draw: np.random.Generator) -> Script:
    toward = _TOWARDS[draw.integers(len(_TOWARDS))]
    most = 45 if toward == "forward" else 32
    return lean(math.radians(draw.uniform(25, most)), toward=toward, hold_s=_hold_s(draw))


def _random_stoop(draw: np.random.Generator) -> Script:
    bent = lean(math.radians(draw.uniform(25, 45)), stay=True)
    return then(bent, stand(_hold_s(draw)), straighten())


def _random_crouch(draw: np.random.Generator) -> Script:
    return crouch(draw.uniform(0.27, 0.45), hold_s=draw.choice([0.0, 1.6]))


def _random_seat(draw: np.random.Generator) -> Script:
    return then(sit(draw.uniform(0.33, 0.45)), stand(draw.uniform(1.4, 3.0)), stand_up())


def _random_turn(draw: np.random.Generator) -> Script:
    degrees = draw.choice([20, 30, 45, 60, 90, 90, 120, 180, 180, 270, 360])
    angle = math.radians(degrees) * _side(draw)
    return turn(angle, duration_s=max(0.6, abs(angle) / math.radians(draw.uniform(45, 110))))


def _random_arc(draw: np.random.Generator) -> Script:
    """Tight bends by any angle, and wide bends, whose direction changes slowly, by small angles."""
    degrees = draw.choice([60, 90, 90, 135, 180, 270, 360])
    radius_m = draw.uniform(0.7, 1.2) if degrees > 90 else draw.uniform(0.7, 2.5)
    angle = math.radians(degrees) * _side(draw)
    return arc(radius_m, angle, speed_mps=draw.uniform(1.0, 1.4))


_KINDS: tuple[Callable[[np.random.Generator], Script], ...] = (
    lambda draw: walk(draw.uniform(1.2, 6.0), speed_mps=draw.uniform(0.5, 1.6)),
    _random_turn,
    _random_arc,
    lambda draw: run(draw.uniform(5.0, 12.0), speed_mps=draw.uniform(2.4, 3.8)),
    lambda draw: sidestep(
        draw.uniform(0.5, 2.0),
        to="left" if _side(draw) > 0 else "right",
        speed_mps=draw.uniform(0.35, 0.7),
    ),
    lambda draw: walk_backward(draw.uniform(0.8, 3.0), speed_mps=draw.uniform(0.4, 1.0)),
    _random_lean,
    lambda draw: bow(math.radians(draw.uniform(50, 105)), hold_s=_hold_s(draw)),
    _random_stoop,
    _random_crouch,
    _random_seat,
    lambda draw: jump(draw.uniform(0.2, 0.45)),
    lambda draw: wave(
        side="left" if _side(draw) > 0 else "right",
        cycles=int(draw.integers(2, 8)),
        rate_hz=draw.uniform(1.0, 2.0),
    ),
)
_TRAVELS = (0, 0, 0, 2, 3, 4, 5)  # mostly walks


def _script(draw: np.random.Generator, index: int) -> tuple[Script, tuple[float, float]]:
    """A script of a featured kind of movement among others, and the seconds cut at either end."""
    featured = _KINDS[index % len(_KINDS)](draw)
    before: list[Script] = []
    after: list[Script] = []
    for _ in range(draw.choice([0, 1, 1, 2, 3, 4])):
        kind = draw.choice(_TRAVELS) if draw.random() < 0.5 else draw.integers(len(_KINDS))
        (before if draw.random() < 0.5 else after).append(_KINDS[kind](draw))
    cut_s = [0.0, 0.0]
    opening, ending = stand(draw.uniform(0.2, 1.2)), stand(draw.uniform(0.2, 1.2))
    if draw.random() < 0.15:
        opening, cut_s[0] = _random_passage(draw), draw.uniform(1.2, 2.0)
    if draw.random() < 0.15:
        ending, cut_s[1] = _random_passage(draw), draw.uniform(1.2, 2.0)

    def assembled() -> Script:
        parts = [opening, *before, featured, *after, ending]
        return then(*(part for pair in zip(parts, pauses, strict=False) for part in pair), ending)

    rests = (pause(draw.uniform(0.6, 2.0)) for _ in range(len(before) + len(after) + 2))
    pauses = [rest if draw.random() < 0.8 else Script(()) for rest in rests]
    while lay_out(assembled()).duration_s - sum(cut_s) > LONGEST_CLIP_S:
        (before or after).pop()
    return assembled(), (cut_s[0], cut_s[1])


def _random_passage(draw: np.random.Generator) -> Script:
    """A walk long enough to be cut in mid-stride."""
    return walk(draw.uniform(4.0, 6.0), speed_mps=draw.uniform(1.0, 1.4))
