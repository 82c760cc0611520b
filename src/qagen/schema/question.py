"""The nouns of question making: what is asked, its answer, why it is right, and by how much.

A rule gives a `Candidate`, which knows everything but its words, or a `Rejection`. Most candidates
are left out of a data set, so that words are made when a `Question` is. A `Question` is complete
but not laid out: the order of its options is decided later (`options`), from a hash of the
question's own name.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

import msgspec

from kinematics.facts import Frame

Category = Literal[
    "numerical", "comparative", "dominant", "temporal", "ordering", "trajectory", "existence"
]
"""The seven categories; one module of `qagen.rules.humanmove` each."""

CATEGORIES: tuple[Category, ...] = get_args(Category)

Unit = Literal["m", "rad", "s", "m/s", "rad/s", "count", "share"]
"""What a value is counted in. Words and degrees appear only in sentences."""

Window = Literal["whole", "quarter_1", "quarter_2", "quarter_3", "quarter_4"]
"""The stretch of the clip that a question is about."""

WINDOWS: tuple[Window, ...] = get_args(Window)


class Ask(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What is asked, for machines: a rule and its arguments. The stem says the same in words.

    Whoever derives the answer again starts from this and from the motion alone.
    """

    rule: str
    """The name of the rule, such as `count` or `compare_distance`; unique over all categories."""
    movements: tuple[str, ...] = ()
    """Names from `vocabulary.MOVEMENTS`, in the order in which the stem speaks of them."""
    window: Window = "whole"
    nth: int = 0
    """Which occurrence, from 1; 0 when the rule speaks of none."""
    strength: str = ""
    """A class of sizes from the vocabulary; empty for any size."""
    part: str = ""
    """A body part, for the rules that speak of one."""
    negated: bool = False

    @property
    def name(self) -> str:
        """The ask as one word: equal asks have equal names, others have other names.

        >>> Ask(rule="count_strength", movements=("left",), strength="large").name
        'count_strength(movements=left,strength=large)'
        """
        return _name_of(self)


@lru_cache(maxsize=1 << 16)
def _name_of(ask: Ask) -> str:
    """The rule with its sorted non-default fields, so that a new field renames nothing."""
    fields = msgspec.to_builtins(ask)  # leaves defaults out
    rule = fields.pop("rule")
    if ask.movements:
        fields["movements"] = "+".join(ask.movements)
    return f"{rule}({','.join(f'{name}={value}' for name, value in sorted(fields.items()))})"


class Option(msgspec.Struct, frozen=True, gc=False):
    """One answer in words, and the same for machines."""

    text: str
    code: str
    """What the words mean, such as `left`, `3`, `both` or `quarter_2`; unique in a question."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One measured value that the answer follows from, and when it was measured."""

    what: str
    """What was measured: a movement (`left`), a total (`left_total`), a place (`furthest`)."""
    value: float
    unit: Unit
    start_s: float
    end_s: float


class Margin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far the facts are from another answer, and how far they had to be."""

    value: float
    unit: Unit
    band: float
    """The tie band of the rule, in the same unit; `value` is never below it."""


class Words(NamedTuple):
    """What a question says beside its options."""

    stem: str
    observed: str
    follows: str
    """The two sentences that lead to the answer."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A question that could be asked: decided in every number, not yet put into words."""

    clip: str
    person: int
    frame: Frame
    category: Category
    family: str
    ask: Ask
    key: Option
    distractors: tuple[Option, ...]
    evidence: tuple[Evidence, ...]
    margin: Margin
    words: Callable[[], Words]

    @property
    def name(self) -> str:
        """The name that the question has: that of its clip, then that of its ask."""
        return f"{self.clip}#{self.person}/{self.frame}/{self.ask.name}"

    def question(self) -> "Question":
        """The candidate in words."""
        stem, observed, follows = self.words()
        return Question(
            clip=self.clip,
            person=self.person,
            frame=self.frame,
            category=self.category,
            family=self.family,
            ask=self.ask,
            stem=stem,
            key=self.key,
            distractors=self.distractors,
            evidence=self.evidence,
            margin=self.margin,
            reasoning=(observed, follows, f"The answer is: {self.key.text}."),
        )


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A question with a right answer, before its options are put in order."""

    clip: str
    person: int
    frame: Frame
    category: Category
    family: str
    ask: Ask
    stem: str
    key: Option
    distractors: tuple[Option, ...]
    evidence: tuple[Evidence, ...]
    margin: Margin
    reasoning: tuple[str, ...]
    """Observe, reason, answer: one sentence or more each, which follow from the evidence."""

    @property
    def chance(self) -> float:
        """The share that guessing gets right."""
        return 1 / (1 + len(self.distractors))

    @property
    def name(self) -> str:
        """What sets this question apart from every other; all its draws are seeded by it."""
        return f"{self.clip}#{self.person}/{self.frame}/{self.ask.name}"


class Rejection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a rule did not ask. Reasons are counted, so they are few and carry no numbers."""

    clip: str
    person: int
    category: Category
    family: str
    ask: Ask
    reason: str
    """From a closed list, such as `tie`, `not seen`, `no such movement`."""
