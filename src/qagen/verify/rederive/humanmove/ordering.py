"""In which order movements begin."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from qagen.language import phrases
from qagen.language.phrases import Speaker
from qagen.language.vocabulary import ORDER_BAND_S
from qagen.schema.question import Ask
from qagen.verify.findings import NOTHING, Finding
from qagen.verify.moves import Clip, Move
from qagen.verify.quantities import occurrence
from qagen.verify.rederive.kinds import Derivation, first_offered, movement_text


def _first(code: str, gaps_s: Iterable[float]) -> Finding:
    return Finding(code, min(gaps_s), "s", ORDER_BAND_S)


def _gaps_s(moves: Sequence[Move]) -> list[float]:
    """The times between consecutive starts."""
    return [abs(after.start_s - before.start_s) for before, after in pairwise(moves)]


def _in_order(clip: Clip, *, backwards: bool) -> list[Move]:
    return clip.sequence()[::-1] if backwards else clip.sequence()


def _neighbour(*, backwards: bool) -> Derivation:
    """The movement that begins next after an occurrence, or last before it."""

    def parted(clip: Clip, ask: Ask) -> tuple[list[Move], list[Move]]:
        """The movements up to the occurrence, and those beyond it."""
        moves = _in_order(clip, backwards=backwards)
        index = moves.index(occurrence(clip, ask)) + 1
        return moves[:index], moves[index:]

    def derive(clip: Clip, ask: Ask) -> Finding:
        before, beyond = parted(clip, ask)
        if not beyond:
            return NOTHING
        return _first(beyond[0].name, _gaps_s([*before[-2:], *beyond[:2]]))

    def choose(clip: Clip, ask: Ask, options: Sequence[str]) -> str:
        return first_offered(parted(clip, ask)[1], options)

    return Derivation(derive, movement_text, choose)


def _end(*, backwards: bool) -> Derivation:
    """The movement that begins first, or last, of all; the margin is to the nearest other one."""

    def derive(clip: Clip, _: Ask) -> Finding:
        moves = _in_order(clip, backwards=backwards)
        others = [move for move in moves if move.name != moves[0].name]
        if not others:
            return NOTHING
        return _first(moves[0].name, [abs(move.start_s - moves[0].start_s) for move in others])

    def choose(clip: Clip, _: Ask, options: Sequence[str]) -> str:
        return first_offered(_in_order(clip, backwards=backwards), options)

    return Derivation(derive, movement_text, choose)


def _order_of(clip: Clip, ask: Ask) -> Finding:
    """The order in which some movements begin for the first time."""
    firsts = sorted((clip.nth(name, 1) for name in ask.movements), key=lambda move: move.start_s)
    return _first(">".join(move.name for move in firsts), _gaps_s(firsts))


def _order_text(code: str, speaker: Speaker, *_: object) -> str:
    return phrases.capital(", then ".join(speaker.gerund(name) for name in code.split(">")))


RULES: dict[str, Derivation] = {
    "next_after": _neighbour(backwards=False),
    "last_before": _neighbour(backwards=True),
    "first_of": _end(backwards=False),
    "last_of": _end(backwards=True),
    "order_of": Derivation(_order_of, _order_text),
}
