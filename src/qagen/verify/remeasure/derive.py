"""The second derivation of `MotionFacts`, from a motion to the facts, on one screen."""

from typing import NamedTuple

from kinematics import thresholds
from kinematics.facts import Frame, MotionFacts, PartFacts
from qagen.verify.remeasure import events as events_of
from qagen.verify.remeasure import grid, heights, limbs, movements, paths, reference, windows
from qagen.verify.remeasure import signals as signals_of


class Derived(NamedTuple):
    """The facts, and what they were read off."""

    facts: MotionFacts
    signals: signals_of.Signals
    found: list[movements.Movement]
    """The movements behind `facts.events`, one each."""


def facts_of(motion: grid.SourcedTrack, *, frame: Frame = "first_heading") -> MotionFacts:
    """What the first measurement should have found, unrounded.

    >>> from kinematics import synthetic
    >>> facts = facts_of(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> [(event.signal, round(event.amount, 1)) for event in facts.events_on("forward")]
    [('forward', 3.0)]
    """
    return derived(motion, frame=frame).facts


def derived(motion: grid.SourcedTrack, *, frame: Frame = "first_heading") -> Derived:
    """The facts together with the signals, for questions that facts alone do not settle.

    >>> from kinematics import synthetic
    >>> one = derived(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> len(one.found) == len(one.facts.events)
    True
    """
    source = motion.source
    samples = grid.sample(motion)
    anchored = reference.anchored(samples, frame=frame)
    signals = signals_of.read(samples, anchored, frame=frame)
    found = movements.find(samples, signals)
    events = [events_of.as_event(movement, samples, signals) for movement in found]
    quarters, whole = windows.quarters_and_whole(samples, signals, events)
    first, second, third, fourth = quarters
    parts: tuple[PartFacts, ...] = ()
    if anchored.points_m is not None:
        parts = limbs.part_facts(
            anchored.points_m, samples.times_s, samples.usable, present=samples.present
        )
    facts = MotionFacts(
        clip=source.clip,
        take=source.take,
        person=source.person,
        path=source.path,
        shared_world=source.shared_world,
        notes=source.notes,
        frame=frame,
        thresholds=thresholds.fingerprint(),
        frames=samples.frames,
        duration_s=whole.end_s,
        fps=samples.fps,
        coverage=whole.coverage,
        has_joints=anchored.points_m is not None,
        events=tuple(events),
        episodes=tuple(heights.find(samples, anchored, signals, found)),
        whole=whole,
        quarters=(first, second, third, fourth),
        shape=paths.shape(samples, signals, whole),
        posture=paths.posture(samples, anchored, signals, whole),
        parts=parts,
        samples=paths.path_samples(samples, signals),
    )
    return Derived(facts, signals, found)
