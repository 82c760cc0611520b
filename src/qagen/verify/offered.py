"""Which of the options of a question is right, whatever the margin.

A rule answers from all there is: every movement, every number of a ladder, every direction. Whoever
reads a question chooses among its options. Where facts err, that is another thing: a movement that
nobody made and that is not offered leaves the answer as it is. So certificates ask here.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from qagen.language.vocabulary import MOVEMENTS, SECTORS
from qagen.schema.question import WINDOWS, Ask, Window
from qagen.verify.moves import Clip, Move
from qagen.verify.rederive import amounts, route, table

Options = Sequence[str]
"""The codes that are offered."""


def answer(clip: Clip, ask: Ask, options: Options) -> str:
    """The code of the option that is right; empty when none of them is.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> clip = moves.clip_of(derive.derived(synthetic.perform(synthetic.walk(4.4)).motion))
    >>> asked = Ask(rule="end_distance")
    >>> table.RULES["end_distance"].derive(clip, asked).code
    '4.5'
    >>> answer(clip, asked, ("2", "2.6", "3.4", "1.5"))
    '3.4'
    """
    choose = _CHOICES.get(ask.rule, _derived)
    try:
        return choose(clip, ask, options)
    except (KeyError, ValueError):
        return ""


def _derived(clip: Clip, ask: Ask, options: Options) -> str:
    """What the rule finds, if it is offered."""
    code = table.RULES[ask.rule].derive(clip, ask).code
    return code if code in options else ""


def _happens(clip: Clip, movement: str, window: Window) -> bool:
    """Whether there is enough of a movement in a window."""
    least, place = MOVEMENTS[movement].least, _PLACES[window]
    if place:
        return any(one.parts[place - 1] >= least for one in clip.moves[movement])
    return any(one.amount >= least for one in clip.moves[movement])


_PLACES = {window: place for place, window in enumerate(WINDOWS)}


def _ever(clip: Clip, ask: Ask, options: Options) -> str:
    """As the rule has it; its margin is not wanted, and no question is more frequent."""
    del options
    (movement,) = ask.movements
    return "yes" if _happens(clip, movement, ask.window) != ask.negated else "no"


def _happens_in(clip: Clip, ask: Ask, options: Options) -> str:
    """The same of two movements."""
    del options
    one, other = ask.movements
    if _happens(clip, one, ask.window):
        return "both" if _happens(clip, other, ask.window) else one
    return other if _happens(clip, other, ask.window) else "neither"


def _nearest(clip: Clip, ask: Ask, options: Options) -> str:
    """The number that is nearest to the measured one."""
    value = amounts.measured(clip, ask).value
    return min(options, key=lambda code: abs(float(code) - value))


def _largest(clip: Clip, ask: Ask, options: Options) -> str:
    """What there is most of; nothing where there is none of any."""
    found = amounts.rivals(clip, ask).amounts
    first = max(options, key=lambda code: found[code])
    return first if found[first] > 0 else ""


def _least_path(clip: Clip, ask: Ask, options: Options) -> str:
    del ask
    ways_m = route.paths_m(clip)
    return min(options, key=lambda code: ways_m[code])


def _sector(clip: Clip, ask: Ask, options: Options) -> str:
    """The direction that is nearest to that of the end point."""
    del ask
    eighths, turn = route.end_eighths(clip), len(SECTORS)

    def off(code: str) -> float:
        apart = abs(eighths - SECTORS.index(code)) % turn
        return min(apart, turn - apart)

    return min(options, key=off)


def _returns(clip: Clip, ask: Ask, options: Options) -> str:
    """As the rules have it; their margins, which take long to find, are not wanted."""
    times = clip.facts.shape.returns
    code = str(times)
    if ask.rule == "ever_returns":
        code = "yes" if (times > 0) != ask.negated else "no"
    return code if code in options else ""


# In which order -----------------------------------------------------------------------------------


def _first_name(moves: Sequence[Move]) -> str:
    return moves[0].name if moves else ""


def _among(clip: Clip, options: Options) -> list[Move]:
    """The movements that are offered, in order."""
    return [one for one in clip.sequence() if one.name in options]


def _neighbour(clip: Clip, ask: Ask, options: Options) -> str:
    """The first that is offered after a movement, or the last before it."""
    moves = clip.sequence()
    place = moves.index(clip.nth(ask.movements[0], ask.nth))
    beyond = moves[place + 1 :] if ask.rule == "next_after" else moves[:place][::-1]
    return _first_name([one for one in beyond if one.name in options])


def _end(clip: Clip, ask: Ask, options: Options) -> str:
    moves = _among(clip, options)
    return _first_name(moves if ask.rule == "first_of" else moves[::-1])


def _first_in(clip: Clip, ask: Ask, options: Options) -> str:
    window = clip.window(ask.window)
    moves = _among(clip, options)
    return _first_name([one for one in moves if window.start_s <= one.start_s < window.end_s])


_CHOICES: Mapping[str, Callable[[Clip, Ask, Options], str]] = MappingProxyType(
    {
        "ever": _ever,
        "happens_in": _happens_in,
        **dict.fromkeys(("total", "amount", "duration"), _nearest),
        **dict.fromkeys(("path_length", "furthest_distance", "end_distance"), _nearest),
        **dict.fromkeys(("dominant_direction", "dominant_lean", "dominant_speed"), _largest),
        **dict.fromkeys(("dominant_activity", "dominant_limb", "own_travel"), _largest),
        **dict.fromkeys(("quarter_most", "quarter_most_path"), _largest),
        "quarter_least_path": _least_path,
        "end_sector": _sector,
        **dict.fromkeys(("count_returns", "ever_returns"), _returns),
        **dict.fromkeys(("next_after", "last_before"), _neighbour),
        **dict.fromkeys(("first_of", "last_of"), _end),
        "first_in": _first_in,
    }
)
"""By the names of rules; all other rules answer with one of their options anyway."""
