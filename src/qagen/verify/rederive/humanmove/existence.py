"""Whether something happens at all."""

from kinematics import parts
from qagen.language.vocabulary import (
    LEAST_REPEATED,
    NEAR_BAND_M,
    NO_PATH_M,
    NO_SIDESTEP_M,
    SIDESTEP_M,
    WALK_PATH_M,
)
from qagen.schema.question import Ask
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip
from qagen.verify.quantities import movement_of, own_paths_m
from qagen.verify.rederive.kinds import Derivation, yes_no


def _walks(clip: Clip, ask: Ask) -> Finding:
    path_m = clip.window(ask.window).path_m
    return findings.threshold(path_m, "m", no=NO_PATH_M, yes=WALK_PATH_M)


def _returns(clip: Clip, _: Ask) -> Finding:
    finding = findings.returns(clip)
    return finding._replace(code="no" if finding.code == "0" else "yes")


def _sidesteps(clip: Clip, ask: Ask) -> Finding:
    path_m = own_paths_m(clip)[movement_of(ask)]
    return findings.threshold(path_m, "m", no=NO_SIDESTEP_M, yes=SIDESTEP_M)


def _near(clip: Clip, ask: Ask) -> Finding:
    """Whether a hand gets near to another part."""
    (near_m,) = (part.near_m for part in parts.PARTS if part.name == ask.part)
    least_m, _ = clip.part(ask.part).distance_range or (0.0, 0.0)
    return Finding("yes" if least_m < near_m else "no", abs(least_m - near_m), "m", NEAR_BAND_M)


def _repeats(clip: Clip, ask: Ask) -> Finding:
    """Whether a part moves to and fro several times in a row; twice is neither yes nor no."""
    cycles = clip.part(ask.part).repetitions
    code = "yes" if cycles >= LEAST_REPEATED else "" if cycles else "no"
    return Finding(code, float(abs(cycles - (LEAST_REPEATED - 1))), "count", 1.0)


RULES: dict[str, Derivation] = {
    "ever": yes_no(
        lambda clip, ask: findings.happens(clip, movement_of(ask), ask.window),
        holds=lambda clip, ask: findings.enough(clip, movement_of(ask), ask.window),
    ),
    "ever_walks": yes_no(_walks),
    "ever_returns": yes_no(_returns, holds=lambda clip, _: clip.facts.shape.returns > 0),
    "ever_sidesteps": yes_no(_sidesteps),
    "ever_near": yes_no(_near),
    "ever_repeats": yes_no(_repeats),
}
