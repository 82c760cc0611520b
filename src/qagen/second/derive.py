"""The second derivation of `MotionFacts`, from a motion to the facts, on one screen."""

from kinematics import thresholds
from kinematics.facts import Frame, MotionFacts, PartFacts
from qagen.second import events as events_of
from qagen.second import grid, heights, limbs, movements, paths, reference, windows
from qagen.second import signals as signals_of


def facts_of(motion: grid.SourcedTrack, *, frame: Frame = "first_heading") -> MotionFacts:
    """What the first measurement should have found, unrounded.

    >>> from kinematics import synthetic
    >>> facts = facts_of(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> [(event.signal, round(event.amount, 1)) for event in facts.events_on("forward")]
    [('forward', 3.0)]
    """
    source = motion.source
    samples = grid.sample(motion)
    anchored = reference.anchored(samples, frame=frame)
    signals = signals_of.read(samples, anchored)
    found = movements.find(samples, signals)
    events = [events_of.as_event(movement, samples, signals) for movement in found]
    quarters, whole = windows.quarters_and_whole(samples, signals, events)
    first, second, third, fourth = quarters
    parts: tuple[PartFacts, ...] = ()
    if anchored.points_m is not None:
        parts = limbs.part_facts(
            anchored.points_m, samples.times_s, samples.usable, present=samples.present
        )
    return MotionFacts(
        clip=source.clip,
        take=source.take,
        person=source.person,
        path=source.path,
        shared_world=source.shared_world,
        notes=source.notes,
        frame=frame,
        thresholds=thresholds.fingerprint(),
        frames=len(motion.times_s),
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
