"""The rules of all suites, written a second time."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from qagen.schema.question import Ask
from qagen.verify.moves import Clip
from qagen.verify.rederive import humanmove
from qagen.verify.rederive.kinds import Derivation, Task

SUITES: Mapping[str, Sequence[Task]] = MappingProxyType({"humanmove": humanmove.TASKS})

TASK_OF: Mapping[str, Task] = MappingProxyType(
    {rule: task for tasks in SUITES.values() for task in tasks for rule in task.rules}
)
"""The task of every rule; names of rules are unique over all suites."""

RULES: Mapping[str, Derivation] = MappingProxyType(
    {rule: task.rules[rule] for rule, task in TASK_OF.items()}
)


def answer(clip: Clip, ask: Ask, options: Sequence[str]) -> str:
    """The code of the right option, whatever the margin; empty when no option is right.

    A rule derives its answer from all movements, numbers of a ladder or directions that there are.
    On a motion that errs, another movement may come first and yet not be offered: certificates
    judge the options of the question only.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> clip = moves.clip_of(derive.derived(synthetic.perform(synthetic.walk(4.4)).motion))
    >>> ask = Ask(rule="end_distance")
    >>> RULES[ask.rule].derive(clip, ask).code, answer(clip, ask, ("2", "2.6", "3.4", "1.5"))
    ('4.5', '3.4')
    """
    try:
        rule = RULES[ask.rule]
        if rule.choose is not None:
            return rule.choose(clip, ask, options)
        code = rule.derive(clip, ask).code
    except (KeyError, ValueError):
        return ""
    return code if code in options else ""
