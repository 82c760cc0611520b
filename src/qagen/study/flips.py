"""Counts answers that flip between ground truth and an estimate, before and after certification.

Estimates come from a tracker, matched by clip and person, or are copies of the truth with errors
of an error model, drawn with a seed other than the certificates'.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinematics import readers, store
from kinematics.errors.error_models import ErrorModel
from kinematics.facts import Frame
from kinematics.geometry import resample
from kinematics.intake import read
from kinematics.movement import measurement
from qagen.build import intake
from qagen.certify import trials
from qagen.certify.trials import Asked
from qagen.rules import generate
from qagen.schema import certificates
from qagen.schema.certificates import Certification
from qagen.schema.suite import HUMANMOVE, tasks_of
from qagen.study.flip_report import Ledger, Report, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinematics.motion import Motion

TOGETHER: int = 16
"""Clips whose copies are measured together."""

HELD_BACK: int = 1_000_003
"""Added to the seed of the certificates, so that the copies are independent of theirs."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """The questions, their certification, and the errors that they are tried under."""

    policy: Certification
    tasks: tuple[str, ...] = tuple(tasks_of([HUMANMOVE]))
    frame: Frame = "first_heading"
    tried: ErrorModel | None = None
    """Error model where there are no estimates; None for that of the certificates."""
    tries: int = 16
    """Held-back copies of every clip."""


def study(
    truths: Path,
    estimates: Path | None,
    wanted: Study,
    *,
    progress: "Callable[[str, int, int], None] | None" = None,
) -> Report:
    """Asks about every true motion, certifies, and answers the same questions on the estimates.

    >>> from kinematics.errors import error_models
    >>> policy = Certification(model=error_models.PRESETS["mocap"])
    >>> study(Path("/nowhere"), None, Study(policy=policy))
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no such file or folder
    """
    _check(wanted)
    looked = intake.look_over(truths, frame=wanted.frame)
    if looked.kind == "facts":
        raise ValueError(f"{truths}: holds facts; expected the motions that they were measured of")
    found = None if estimates is None else _read(estimates)
    ledger, counts = Ledger(), {"clips": 0, "unmatched": 0, "unreadable": 0}
    for number in range(looked.chunks):
        taken = intake.take(looked, number, with_motions=True)
        counts["unreadable"] += len(taken.unreadable)
        for first in range(0, len(taken.measured), TOGETHER):
            some = [
                Asked(
                    one.motion,
                    one.facts,
                    generate.ask_all(one.facts, seed=wanted.policy.seed, categories=wanted.tasks)[
                        0
                    ],
                )
                for one in taken.measured[first : first + TOGETHER]
                if one.motion is not None
            ]
            kept = some if found is None else [one for one in some if _name(one.motion) in found]
            counts["unmatched"] += len(some) - len(kept)
            counts["clips"] += len(kept)
            _try(ledger, kept, wanted, found)
        if progress is not None:
            progress("trying", number + 1, looked.chunks)
    if not counts["clips"]:
        raise ValueError(_nothing(truths, estimates, counts["unmatched"]))
    return report(
        ledger,
        errors=_errors(wanted, estimates),
        certified_for=wanted.policy.model.name,
        copies=wanted.policy.copies,
        least=wanted.policy.least,
        **counts,
    )


def _check(wanted: Study) -> None:
    problems = certificates.problems(wanted.policy)
    if wanted.tries < 1:
        problems.append(f"tries {wanted.tries}: expected at least 1")
    if problems:
        raise ValueError("; ".join(problems))


def _nothing(truths: Path, estimates: Path | None, unmatched: int) -> str:
    if not unmatched:
        return f"{truths}: no motion could be read, so there is nothing to ask about"
    return (
        f"{estimates}: none of the {unmatched} clips of {truths} is in it; clips are matched by "
        "clip and person, so give the files the same names"
    )


def _errors(wanted: Study, estimates: Path | None) -> str:
    if estimates is not None:
        return "the tracker's own estimates"
    model = wanted.tried or wanted.policy.model
    return f"errors of {model.name}, {wanted.tries} held-back copies of each clip"


# Estimates ----------------------------------------------------------------------------------------


def _name(motion: "Motion") -> tuple[str, int]:
    return motion.source.clip, motion.source.person


def _read(path: Path) -> "dict[tuple[str, int], Motion]":
    """Every estimate by clip and person; one `ValueError` names duplicates."""
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    found: dict[tuple[str, int], Motion] = {}
    twice = []
    for motion in _motions(path):
        if _name(motion) in found:
            twice.append(f"{motion.source.clip}, person {motion.source.person}")
        found[_name(motion)] = motion
    if twice:
        raise ValueError(
            f"{path}: clips are matched by their names; twice there: {'; '.join(twice)}"
        )
    return found


def _motions(path: Path) -> "Iterator[Motion]":
    if path.is_dir() and store.recognise(path):
        yield from store.read(path)
        return
    for file in readers.find([path]):
        try:
            yield from read(file)
        except readers.UnknownFormatError:
            continue  # folders hold other files too


def at_the_same_times(estimate: "Motion", truth: "Motion") -> "Motion":
    """The estimate resampled to the truth's times by both clocks; frames it lacks are unobserved.

    >>> from kinematics import synthetic
    >>> from kinematics.movement import batch
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> at_the_same_times(walk, batch.sampled(walk)).frames == batch.sampled(walk).frames
    True
    """
    wanted_s = np.asarray(truth.times_s, dtype=np.float64) - float(estimate.times_s[0])
    return resample.to_times(estimate, wanted_s)


# Trying -------------------------------------------------------------------------------------------


def _try(
    ledger: Ledger,
    some: Sequence[Asked],
    wanted: Study,
    estimated: "dict[tuple[str, int], Motion] | None",
) -> None:
    """Certifies the questions of some clips, answers them again, and counts."""
    estimates = None
    if estimated is not None:
        made = [at_the_same_times(estimated[_name(one.motion)], one.motion) for one in some]
        estimates = measurement.measure_all(made, frame=wanted.frame)
    for one, given in zip(some, trials.certify(some, wanted.policy), strict=True):
        if estimates is not None:
            clip = trials.clip_of(next(estimates))
            answered = [trials.answers_of([clip], question) for question in one.questions]
        else:
            answered = trials.answers_on(
                one.motion,
                one.questions,
                wanted.tried or wanted.policy.model,
                copies=wanted.tries,
                seed=wanted.policy.seed + HELD_BACK,
            )
        name = f"{one.facts.clip}#{one.facts.person}"
        for question, answers, certificate in zip(one.questions, answered, given, strict=True):
            ledger.add(name, question, answers, certified=certificate is not None)
