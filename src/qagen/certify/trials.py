"""Which answers survive the errors of a tracker: every motion copied with errors, and asked again.

"Asked again" is: the copy is measured, and of the question's own options the right one is chosen by
its facts and the second derivation (`verify.rederive`), which knows no band of doubt. The copy
agrees when that is the key. Whether the rule would still have dared to ask, or would have offered
the same, does not matter; that no option is right any more, because the movement that is spoken of
is gone, counts as another answer.

Facts of copies depend on the clip, the model and the seed alone, so certificates are the same
whoever makes them and in whatever company.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from kinematics.errors import perturb
from kinematics.errors.error_models import ErrorModel
from kinematics.facts import MotionFacts
from kinematics.motion import Motion
from kinematics.movement import batch, measurement
from qagen.certify import error_reach
from qagen.reading import clip
from qagen.schema import certificates
from qagen.schema.certificates import Certification
from qagen.schema.question import Ask, Candidate, Question
from qagen.schema.record import Certificate
from qagen.verify.moves import Clip, Move
from qagen.verify.rederive import table

_TURNED = {"yes": "no", "no": "yes"}

_Options = tuple[str, ...]


class Asked(NamedTuple):
    """One motion with the questions about it."""

    motion: Motion
    facts: MotionFacts
    questions: Sequence[Candidate | Question]


def certify(
    clips: Iterable[Asked], policy: Certification
) -> Iterator[tuple[Certificate | None, ...]]:
    """For every clip and each of its questions the certificate, or none where it is withheld.

    >>> from kinematics import measure, synthetic
    >>> from kinematics.errors.error_models import PRESETS
    >>> from qagen.rules import generate
    >>> motion = synthetic.perform(synthetic.walk(5.0, speed_mps=1.2)).motion
    >>> facts = measure(motion)
    >>> questions, _ = generate.ask_all(facts, categories=("comparative",))
    >>> policy = Certification(model=PRESETS["prompthmr_emdb"])
    >>> [found] = certify([Asked(motion, facts, questions)], policy)
    >>> {one.agreement for one in found if one is not None}
    {1.0}
    """
    if problems := certificates.problems(policy):
        raise ValueError("; ".join(problems))
    most = certificates.most_flips(policy.copies, policy.least)
    trials = [_Trial(asked, policy) for asked in clips]
    under_way = [trial for trial in trials if trial.open]
    made = (copy for trial in under_way for copy in trial.copies(policy))
    # clips of one input are all asked about in one frame
    frame = trials[0].frame if trials else "first_heading"
    measured = measurement.measure_all(made, frame=frame)
    for trial in under_way:
        for _ in range(policy.copies):
            trial.hear(next(measured), most=most)
    for trial in trials:
        yield trial.verdicts(policy)


class _Trial:
    """One clip's answers, and on how many copies each was another."""

    def __init__(self, asked: Asked, policy: Certification) -> None:
        self.questions = asked.questions
        self.frame = asked.facts.frame
        self._motion = batch.sampled(asked.motion)
        self.spared = {
            one.ask.name
            for one in asked.questions
            if error_reach.spared(one, asked.facts, policy.model)
        }  # fmt: skip
        self.open: dict[Ask, _Options] = {}
        """What is still tried, and its options, the answer first."""
        self.flips: dict[Ask, int] = {}
        for one in asked.questions:
            if one.ask.name not in self.spared:
                plain, answer = plainly(one.ask, one.key.code)
                self.open[plain] = _options(one, answer)
                self.flips[plain] = 0

    def copies(self, policy: Certification) -> tuple[Motion, ...]:
        return perturb.copies(self._motion, policy.model, count=policy.copies, seed=policy.seed)

    def hear(self, facts: MotionFacts, *, most: int) -> None:
        """Asks one copy; what was answered otherwise too often is asked no more."""
        if not self.open:
            return
        clip = clip_of(facts)
        for ask, options in list(self.open.items()):
            if table.answer(clip, ask, options) != options[0]:
                self.flips[ask] += 1
                if self.flips[ask] > most:
                    del self.open[ask]

    def verdicts(self, policy: Certification) -> tuple[Certificate | None, ...]:
        return tuple(self._verdict(one, policy) for one in self.questions)

    def _verdict(self, question: Candidate | Question, policy: Certification) -> Certificate | None:
        if question.ask.name in self.spared:
            return certificates.certificate(policy, flips=None)
        plain, _ = plainly(question.ask, question.key.code)
        if plain not in self.open:
            return None
        return certificates.certificate(policy, flips=self.flips[plain])


# Asking again -------------------------------------------------------------------------------------


def plainly(ask: Ask, code: str) -> tuple[Ask, str]:
    """A question that is turned round, with its answer, the plain way; others as they are.

    >>> plainly(Ask(rule="ever", movements=("left",), negated=True), "no")[1]
    'yes'
    """
    if not ask.negated:
        return ask, code
    return msgspec.structs.replace(ask, negated=False), _TURNED[code]


def _options(question: Candidate | Question, answer: str) -> _Options:
    """The codes of the options, the answer first."""
    if answer in _TURNED:
        return answer, _TURNED[answer]
    return answer, *[option.code for option in question.distractors]


def clip_of(facts: MotionFacts) -> Clip:
    """First-hand facts as the second writing of the rules reads them.

    >>> from kinematics import measure, synthetic
    >>> walk = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> [name for name, moves in clip_of(walk).moves.items() if moves]
    ['forward', 'away']
    """
    read = clip.read(facts)
    times_s, distances_m = zip(*read.distances, strict=True)
    return Clip(
        facts=facts,
        moves={
            name: tuple(
                Move(
                    name,
                    one.start_s,
                    one.end_s,
                    one.amount,
                    one.mean_speed,
                    one.peak_speed,
                    one.parts,
                )
                for one in ones
            )
            for name, ones in read.occurrences.items()
        },
        unexplained=read.almost,
        times_s=np.array(times_s),
        distance_m=np.array(distances_m),
    )


def answers_on(
    motion: Motion,
    questions: Sequence[Candidate | Question],
    model: ErrorModel,
    *,
    copies: int,
    seed: int,
) -> list[list[str]]:
    """For every question its answers on each of some copies; nobody is spared.

    >>> from kinematics import synthetic
    >>> from kinematics.errors.error_models import PRESETS
    >>> motion = synthetic.perform(synthetic.walk(3.0)).motion
    >>> answers_on(motion, [], PRESETS["mocap"], copies=2, seed=1)
    []
    """
    if not questions:
        return []
    made = perturb.copies(batch.sampled(motion), model, count=copies, seed=seed)
    clips = [clip_of(facts) for facts in measurement.measure_all(made, frame=questions[0].frame)]
    return [answers_of(clips, one) for one in questions]


def answers_of(clips: Iterable[Clip], question: Candidate | Question) -> list[str]:
    """The answers to one question on each of several clips.

    >>> from kinematics import measure, synthetic
    >>> from qagen.rules import generate
    >>> walk = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> questions, _ = generate.ask_all(walk, categories=("ordering", "numerical"))
    >>> all(answers_of([clip_of(walk)], one) == [one.key.code] for one in questions)
    True
    """
    plain, _ = plainly(question.ask, "yes")
    options = _options(question, question.key.code)
    found = [table.answer(clip, plain, options) for clip in clips]
    return [_TURNED.get(code, code) for code in found] if question.ask.negated else found
