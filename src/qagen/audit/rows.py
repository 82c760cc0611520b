"""`Row`: a multiple-choice question of any origin, as an audit needs it."""

import re

import msgspec

from qagen.schema.record import Record

WORD = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")

RARE_SHARE = 0.003
"""Words in a smaller share of the questions count as names of things, not as part of a template."""


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One multiple-choice question with its answer."""

    clip: str
    split: str = ""
    task: str = ""
    family: str = ""
    question: str
    options: tuple[str, ...]
    answer_index: int
    id: str = ""
    take: str = ""
    subject: str = ""
    group: str = ""
    source: str = ""

    @property
    def answer(self) -> str:
        """The text of the true option."""
        return self.options[self.answer_index]


def from_record(record: Record, *, split: str = "") -> Row:
    """The row of a record; the words that name its person are removed from the question.

    >>> from qagen.schema.question import Ask, Margin
    >>> record = Record(
    ...     clip="a", person=0, take="", subject="", group="", source="",
    ...     descriptor="the man in red", suite="humanmove", task="existence",
    ...     family="movement", frame="first_heading", end_s=9.0,
    ...     question="Does the man in red jump?", options=("Yes", "No"),
    ...     option_codes=("yes", "no"), answer_index=1, chance=0.5, ask=Ask(rule="ever"),
    ...     evidence=(), margin=Margin(value=1.0, unit="m", band=0.1), reasoning=(),
    ...     thresholds="", rules="")
    >>> from_record(record).question
    'Does the person jump?'
    """
    question = record.question
    if record.descriptor:
        named = re.compile(re.escape(record.descriptor), re.IGNORECASE)
        question = named.sub("the person", question)
    return Row(
        clip=record.clip, split=split, task=record.task,
        family=f"{record.task}/{record.family}", question=question, options=record.options,
        answer_index=record.answer_index, id=record.id, take=record.take,
        subject=record.subject, group=record.group, source=record.source,
    )  # fmt: skip


def words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text in lower case, in their order.

    >>> words("Does it turn 1.5 times, or more?")
    ('does', 'it', 'turn', '1.5', 'times', 'or', 'more')
    """
    return tuple(WORD.findall(text.lower()))


def plain(text: str) -> str:
    """A text without case, punctuation and spacing.

    >>> plain(" The  left. ") == plain("the left")
    True
    """
    return " ".join(words(text))


def number_in(text: str) -> float | None:
    """The only number in a text; None when it has none or several.

    >>> number_in("about 1.5 m"), number_in("3"), number_in("2 to 3"), number_in("left")
    (1.5, 3.0, None, None)
    """
    found = re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", text)
    return float(found[0]) if len(found) == 1 else None
