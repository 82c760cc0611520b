"""From the facts of one clip to its questions, and from a question to a row of a data set."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple, cast

from kinematics.facts import MotionFacts
from qagen import draws
from qagen.language import phrases, stems, vocabulary
from qagen.reading.clip import Reading, read
from qagen.rules import options
from qagen.rules.humanmove import RULES
from qagen.rules.rule import Rule, answers, draw_name
from qagen.schema.question import CATEGORIES, Candidate, Category, Question, Rejection
from qagen.schema.record import Certificate, Record, named
from qagen.schema.suite import HUMANMOVE


def ask_all(
    facts: MotionFacts,
    *,
    seed: int = 0,
    categories: Iterable[str] = CATEGORIES,
    descriptor: str = "",
) -> tuple[tuple[Question, ...], tuple[Rejection, ...]]:
    """Every question that the facts answer clearly, in words, and why the others were not asked.

    The questions of a clip depend on its facts, the seed and the descriptor, and on no other clip.

    >>> from kinematics import measure, synthetic
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> questions, rejections = ask_all(measure(walk), categories=("numerical",))
    >>> next(one.key.text for one in questions if one.ask.movements == ("forward",))
    'Once'
    """
    found, rejections = candidates(facts, seed=seed, categories=categories, descriptor=descriptor)
    return tuple([one.question() for one in found]), tuple(rejections)


def candidates(
    facts: MotionFacts,
    *,
    seed: int = 0,
    categories: Iterable[str] = CATEGORIES,
    descriptor: str = "",
) -> tuple[list[Candidate], list[Rejection]]:
    """The same before anything is put into words, which most candidates never are.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> candidates(facts)[0][0].question() == ask_all(facts)[0][0]
    True
    """
    clip = read(facts, descriptor=descriptor, seed=seed)
    asked: list[Candidate] = []
    rejections: list[Rejection] = []
    for category in _known(categories):
        for rule in RULES[category]:
            for answer in answers(rule, clip):
                if type(answer) is Candidate:
                    asked.append(answer)
                else:
                    rejections.append(answer)  # type: ignore[arg-type]
    return asked, rejections


def _known(categories: Iterable[str]) -> tuple[Category, ...]:
    wanted = tuple(categories)
    if unknown := sorted(set(wanted) - set(CATEGORIES)):
        raise ValueError(
            f"categories {', '.join(unknown)}: expected some of {', '.join(CATEGORIES)}"
        )
    return cast(tuple[Category, ...], wanted)


class Drawn(NamedTuple):
    """Some of a clip's questions, and what was tried to find them."""

    candidates: list[Candidate]
    sound: int
    """How many could be asked of those that were tried; more than are given."""
    rejections: list[Rejection]


def drawn(
    facts: MotionFacts,
    *,
    wanted: int,
    seed: int = 0,
    categories: Iterable[str] = CATEGORIES,
    descriptor: str = "",
) -> Drawn:
    """So many candidates of each category, drawn by the clip's name; the rest is hardly tried.

    The rules of a category take turns: each goes through what it asks about in an order drawn by
    name, until it finds one that can be asked. What is drawn depends on the clip's facts, the seed
    and what is wanted, and on no other clip. Each candidate is one of `candidates`.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> found = drawn(facts, wanted=2)
    >>> every = {one.ask.name for one in candidates(facts)[0]}
    >>> len(found.candidates), all(one.ask.name in every for one in found.candidates)
    (12, True)
    """
    clip = read(facts, descriptor=descriptor, seed=seed, drawn=True)
    tried = _Tried([], [])
    drawn = [
        candidate
        for category in _known(categories)
        for candidate in _in_turns(RULES[category], clip, wanted, tried)
    ]
    return Drawn(drawn, len(tried.sound), tried.rejections)


class _Tried(NamedTuple):
    """The answers of all rules so far."""

    sound: list[Candidate]
    rejections: list[Rejection]


def _in_turns(
    rules: Sequence[Rule], clip: Reading, wanted: int, tried: _Tried
) -> Iterator[Candidate]:
    """One candidate of every rule before a second of any, until there are as many as wanted."""
    order = draws.one_by_one(rules, seed=clip.seed, name=f"{draw_name(rules[0], clip)}/turns")
    turns = deque(_sound(rule, clip, tried) for rule in order)
    left = wanted
    while turns and left:
        rule = turns.popleft()
        candidate = next(rule, None)
        if candidate is not None:
            turns.append(rule)
            left -= 1
            yield candidate


def _sound(rule: Rule, clip: Reading, tried: _Tried) -> Iterator[Candidate]:
    """The candidates of a rule, one after another; all answers are counted."""
    for answer in answers(rule, clip):
        if type(answer) is Candidate:
            tried.sound.append(answer)
            yield answer
        else:
            tried.rejections.append(answer)  # type: ignore[arg-type]


@cache
def fingerprint() -> str:
    """Twelve hexadecimal digits that change when a rule's version, threshold or word does.

    >>> len(fingerprint())
    12
    """
    values = [
        (module.__name__, name, repr(sorted(value) if isinstance(value, frozenset) else value))
        for module in (vocabulary, phrases, stems)
        for name, value in sorted(vars(module).items())
        if name.isupper()
    ]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:12]


def unnamed_record(
    question: Question,
    facts: MotionFacts,
    *,
    seed: int = 0,
    descriptor: str = "",
    subject: str = "",
    group: str = "",
    certificate: Certificate | None = None,
) -> Record:
    """The question as a row, its options laid out by its own name; the id is left empty.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> unnamed_record(ask_all(facts)[0][0], facts).id
    ''
    """
    offered = (question.key, *question.distractors)
    order = options.lay_out(question, seed)
    return Record(
        clip=question.clip,
        person=question.person,
        take=facts.take,
        subject=subject,
        group=group or facts.take or facts.clip,
        source=facts.path,
        descriptor=descriptor,
        suite=HUMANMOVE.name,
        task=question.category,
        family=question.family,
        frame=question.frame,
        end_s=facts.duration_s,
        question=question.stem,
        options=tuple([offered[place].text for place in order]),
        option_codes=tuple([offered[place].code for place in order]),
        answer_index=order.index(0),
        chance=question.chance,
        ask=question.ask,
        evidence=question.evidence,
        margin=question.margin,
        reasoning=question.reasoning,
        certificate=certificate,
        thresholds=facts.thresholds,
        rules=fingerprint(),
    )


def to_record(
    question: Question,
    facts: MotionFacts,
    *,
    seed: int = 0,
    descriptor: str = "",
    subject: str = "",
    group: str = "",
    certificate: Certificate | None = None,
) -> Record:
    """The question as a row with the id that belongs to its content.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> record = to_record(ask_all(facts)[0][0], facts)
    >>> record.option_codes[record.answer_index] == ask_all(facts)[0][0].key.code
    True
    """
    return named(
        unnamed_record(
            question,
            facts,
            seed=seed,
            descriptor=descriptor,
            subject=subject,
            group=group,
            certificate=certificate,
        )
    )
