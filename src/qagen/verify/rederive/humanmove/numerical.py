"""How often, how far and for how long."""

from qagen.language.vocabulary import MOVEMENTS, STRENGTHS
from qagen.schema.question import Ask
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip
from qagen.verify.quantities import movement_of, occurrence, unit_of
from qagen.verify.rederive.kinds import Derivation, count_text, if_offered, number


def _count(clip: Clip, ask: Ask) -> Finding:
    moves = clip.moves[movement_of(ask)]
    return findings.counted(clip, str(len(moves)), ask.movements)


def _count_strength(clip: Clip, ask: Ask) -> Finding:
    """How often a movement of one class of sizes happens; the margin is that of the classes."""
    movement = movement_of(ask)
    classes = STRENGTHS[MOVEMENTS[movement].kind]
    amounts = [move.amount for move in clip.moves[movement]]
    strengths = [findings.class_of(amount, classes, "m").code for amount in amounts]
    margin = min(abs(amount / bound - 1) for amount in amounts for bound in classes.bounds)
    return Finding(str(strengths.count(ask.strength)), margin, "share", classes.band_share)


def _count_repetitions(clip: Clip, ask: Ask) -> Finding:
    """How many cycles a to-and-fro movement has."""
    cycles = clip.part(ask.part).repetitions
    return Finding(str(cycles), max(2, round(0.3 * cycles)) / 2, "count", 1.0)


RULES: dict[str, Derivation] = {
    "count": Derivation(_count, count_text, every_move=True),
    "count_strength": Derivation(_count_strength, count_text, every_move=True),
    "count_returns": Derivation(
        lambda clip, _: findings.returns(clip),
        count_text,
        if_offered(lambda clip, _: str(clip.facts.shape.returns)),
    ),
    "count_repetitions": Derivation(_count_repetitions, count_text),
    "total": number(
        lambda clip, ask: (clip.total(movement_of(ask), ask.window), unit_of(movement_of(ask)))
    ),
    "amount": number(lambda clip, ask: (occurrence(clip, ask).amount, unit_of(movement_of(ask)))),
    "duration": number(
        lambda clip, ask: (occurrence(clip, ask).end_s - occurrence(clip, ask).start_s, "s")
    ),
    "path_length": number(lambda clip, ask: (clip.window(ask.window).path_m, "m")),
    "furthest_distance": number(lambda clip, _: (clip.facts.whole.furthest_m, "m")),
    "end_distance": number(lambda clip, _: (clip.facts.whole.end_distance_m, "m")),
}
