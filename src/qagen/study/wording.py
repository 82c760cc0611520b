"""Every stem with an example, for review by a native speaker."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kinematics.facts import Frame, MotionFacts
from qagen.language import stems
from qagen.rules import generate
from qagen.schema.question import Question

FRAMES: tuple[Frame, ...] = ("first_heading", "body")
"""Frames of reference that every motion has; a camera frame changes only directions of movement."""

CLIPS = 24
"""Synthetic clips that are searched for examples; enough for every rule."""


class Example(NamedTuple):
    """An example question of a rule."""

    rule: str
    negated: bool
    stem: str
    options: tuple[str, ...]
    """The right option first."""
    reasoning: str


def examples(every: Iterable[MotionFacts]) -> list[Example]:
    """One example of each rule, and of each negated stem, from the first clip that has one.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> next(one.stem for one in examples([facts]) if one.rule == "count")
    'How many times does the person move forwards?'
    """
    first: dict[tuple[str, bool], Example] = {}
    for facts in every:
        for candidate in generate.candidates(facts)[0]:
            key = (candidate.ask.rule, candidate.ask.negated)
            if key not in first:
                first[key] = _example(candidate.question())
    order = list(stems.STEMS)
    return sorted(first.values(), key=lambda example: (order.index(example.rule), example.negated))


def _example(question: Question) -> Example:
    options = (question.key.text, *(option.text for option in question.distractors))
    reasoning = " ".join(question.reasoning[:-1])
    return Example(question.ask.rule, question.ask.negated, question.stem, options, reasoning)


def corpus() -> Iterator[MotionFacts]:
    """Facts of synthetic clips in the frames of reference that every motion has.

    Measured by `remeasure`, which has nothing to compile.
    """
    from kinematics import synthetic
    from qagen.verify.remeasure import derive

    motions = [performance.motion for performance in synthetic.corpus(CLIPS, seed=5)]
    for frame in FRAMES:
        yield from (derive.facts_of(motion, frame=frame) for motion in motions)


def lines(of: Iterable[Example]) -> Iterator[str]:
    """The definitions, then each example in words."""
    for frame in FRAMES:
        yield f"Before questions in the frame `{frame}`: {stems.preamble(frame)}"
    for example in of:
        yield ""
        yield f"{example.rule}{' (negated)' if example.negated else ''}: {example.stem}"
        yield f"    {' / '.join(example.options)}"
        yield f"    {example.reasoning}"
