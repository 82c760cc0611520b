"""Certificates checked: their form, and the answers of the second derivation on the copies.

The copies are the same, from the same seed, but measured by `qagen.verify.remeasure`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kinematics.errors import perturb
from kinematics.facts import Frame
from kinematics.motion import Motion
from kinematics.movement import batch
from qagen.schema import certificates
from qagen.schema.certificates import Certification
from qagen.schema.record import Record
from qagen.verify import moves
from qagen.verify.moves import Clip
from qagen.verify.rederive import table
from qagen.verify.remeasure import derive

SLACK_SHARE: float = 0.05
"""The second measurement may answer otherwise on this share of the copies, or on one copy: errors
leave some movements just as large as a movement has to be."""


class Wrong(NamedTuple):
    """A difference between a certificate and the second derivation."""

    what: str
    recorded: str
    derived: str


def form(record: Record, policy: Certification | None) -> Iterator[Wrong]:
    """The differences of a record's certificate from those that its data set's policy allows."""
    given = record.certificate
    if policy is None or given is None:
        if policy is not None:
            yield Wrong("certificate", "none", f"one for the errors of {policy.model.name}")
        elif given is not None:
            yield Wrong("certificate", f"for the errors of {given.model}", "none in this data set")
        return
    most = certificates.most_flips(policy.copies, policy.least)
    allowed = [certificates.certificate(policy, flips=flips) for flips in (None, *range(most + 1))]
    if given not in allowed:
        best = allowed[-1]
        yield Wrong(
            "certificate",
            f"{given.agreement:.4f} of {given.copies} copies, errors of {given.model} "
            f"({given.sizes}), seed {given.seed}, at least {given.at_least}",
            f"{best.agreement:.4f} or more of {best.copies} copies, errors of {best.model} "
            f"({best.sizes}), seed {best.seed}",
        )


def clips_of(motion: Motion, policy: Certification, *, frame: Frame, copies: int) -> list[Clip]:
    """The first of the copies that certified, as the second measurement sees them.

    >>> from kinematics import synthetic
    >>> from kinematics.errors.error_models import PRESETS
    >>> policy = Certification(model=PRESETS["mocap"])
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> len(clips_of(walk, policy, frame="first_heading", copies=2))
    2
    """
    made = perturb.copies(batch.sampled(motion), policy.model, count=copies, seed=policy.seed)
    return [moves.clip_of(derive.derived(copy, frame=frame)) for copy in made]


def held(record: Record, clips: Sequence[Clip], policy: Certification) -> Iterator[Wrong]:
    """A difference when too many copies have another answer than the record."""
    ask, options = record.ask, record.option_codes
    key = options[record.answer_index]
    flips = sum(table.answer(clip, ask, options) != key for clip in clips)
    most = certificates.most_flips(policy.copies, policy.least)
    allowed = most + max(1, int(SLACK_SHARE * len(clips)))
    if flips > allowed:
        yield Wrong(
            "certificate",
            f"another answer in at most {most} of {policy.copies} copies",
            f"in {flips} of {len(clips)}",
        )
