"""The prompt of a question, the same for training and evaluation, and the expected reply.

The prompt defines directions and quarters and says how to answer. The same record gives every
answerer the same text, except that a model without a video is told that there is none.
"""

from typing import Literal

import msgspec

from kinematics.facts import Frame
from qagen.language import phrases, stems
from qagen.schema.record import LETTERS, Record

VERSION = 2
"""Increases whenever the same record gives another text."""

Style = Literal["letter", "reasoning"]
"""Whether the reply is the letter alone, or a short reasoning that ends with it."""

Sight = Literal["video", "nothing", "description"]
"""The material that the answerer sees beside the question."""

INTRODUCTIONS: dict[Sight, str] = {
    "video": "Watch the video and answer one question about how a person moves in it.",
    "nothing": (
        "This is a question about how a person moves in a video. The video is not shown to you; "
        "choose the answer that you find most likely."
    ),
    "description": (
        "Below is a description of a video, and a question about how a person moves in it. Answer "
        "from the description alone."
    ),
}

FRAME_NAMES: dict[Frame, str] = {
    "first_heading": "the person at the start",
    "first_pose": "the person's posture at the start",
    "body": "the person at each moment",
    "camera": "the camera",
}
"""Whose left and right are meant."""

TEXT_FORMAT = "Answer in one to five plain sentences. Say only what you can see."
"""The requested form of free text."""

FORMATS: dict[Style, str] = {
    "letter": "Answer with the letter of the right option and nothing else.",
    "reasoning": (
        "Say in one to three sentences what you observe. Then end with a line that holds nothing "
        'but "Answer: " and the letter of the right option.'
    ),
}

SILENT = "Not said"
"""The reply of a reader when the description does not answer the question."""

SILENCE = f'If the description does not say it, answer "{SILENT}" and do not guess.'

CAPTION = (
    "Describe how {subject} in the video moves over the ground, turns, leans, and moves up and "
    "down, from the beginning to the end. Name directions as the person's own left and right, say "
    "when each movement begins and ends in seconds, how far it goes and how often it is repeated. "
    "Say only what you can see."
)


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it is shown."""

    text: str
    options: tuple[str, ...]
    """In the order shown."""
    shift: int
    """The index in the record of the option that is shown first."""


def ask(
    record: Record,
    *,
    shift: int = 0,
    style: Style = "letter",
    sight: Sight = "video",
    duration_s: float | None = None,
    description: str = "",
) -> Prompt:
    """The prompt of a record; `shift` rotates the options, `duration_s` gives the quarters' times.

    >>> shown = ask(_example(), shift=1, duration_s=8.0)
    >>> print(shown.text)
    Watch the video and answer one question about how a person moves in it.
    Frame of reference: the person at the start. Left, right, forwards and backwards are the
    person's own directions, fixed by the way they face at the start of the video. A turn changes
    the way the body faces, a lean tips the body out of upright; both are to the person's own left
    or right, and straightening up is not a lean. The starting point is where the person is at the
    start of the video. A movement counts from 0.15 m over the ground, 0.10 m up or down, a turn
    from 15°, a lean from 12°. After a rest of more than half a second it counts as another one.
    Quarters are four equal parts of the video. It lasts 8.0 s, so they end at 2.0 s, 4.0 s, 6.0 s
    and 8.0 s.
    <BLANKLINE>
    Question: Does the person jump?
    A. No
    B. Yes
    <BLANKLINE>
    Answer with the letter of the right option and nothing else.
    """
    count = len(record.options)
    shift = shift % count if count else 0
    shown = tuple(record.options[(place + shift) % count] for place in range(count))
    lines = [
        INTRODUCTIONS[sight],
        f"Frame of reference: {FRAME_NAMES[record.frame]}. {stems.preamble(record.frame)}"
        + (_bounds(duration_s) if duration_s and sight == "video" else ""),
        *(["", f"Description: {description.strip()}"] if sight == "description" else []),
        "",
        f"Question: {record.question}",
        *(f"{letter}. {option}" for letter, option in zip(LETTERS, shown, strict=False)),
        "",
        (TEXT_FORMAT if record.is_text else FORMATS[style])
        + (f" {SILENCE}" if sight == "description" else ""),
    ]
    return Prompt(text="\n".join(lines), options=shown, shift=shift)


def _bounds(duration_s: float) -> str:
    ends = [f"{duration_s * quarter / 4:.1f} s" for quarter in range(1, 5)]
    return f" It lasts {duration_s:.1f} s, so they end at {', '.join(ends[:3])} and {ends[3]}."


def target(record: Record, *, shift: int = 0, style: Style = "letter") -> str:
    """The right reply, as a model is trained to write it; for free text, the reference.

    >>> target(_example()), target(_example(), shift=1)
    ('B', 'A')
    >>> print(target(_example(), style="reasoning"))
    The person stays on the ground. The answer is: No.
    Answer: B
    """
    if record.is_text:
        return record.reference
    letter = letter_shown(record.answer_index, shift=shift, options=len(record.options))
    if style == "letter":
        return letter
    return f"{' '.join(record.reasoning)}\nAnswer: {letter}"


def caption(record: Record) -> str:
    """The prompt that asks for a description of the person of a record.

    >>> caption(_example())[:44]
    'Describe how the person in the video moves o'
    """
    return CAPTION.format(subject=phrases.subject(record.descriptor))


def letter_shown(index: int, *, shift: int, options: int) -> str:
    """The letter shown beside the option at an index of the record.

    >>> letter_shown(0, shift=1, options=4)
    'D'
    """
    return LETTERS[(index - shift) % options]


def letter_recorded(shown: str, *, shift: int, options: int) -> str:
    """The letter in the record of the option with a shown letter: the inverse of `letter_shown`.

    >>> letter_recorded("D", shift=1, options=4)
    'A'
    """
    return LETTERS[(LETTERS.index(shown) + shift) % options]


def _example() -> Record:
    from qagen.schema.question import Ask, Evidence, Margin

    return Record(
        clip="example", person=0, take="", subject="", group="example", source="example.npz",
        descriptor="", suite="humanmove", task="existence", family="movement",
        frame="first_heading", end_s=8.0,
        question="Does the person jump?", options=("Yes", "No"), option_codes=("yes", "no"),
        answer_index=1, chance=0.5, ask=Ask(rule="ever", movements=("jump",)),
        evidence=(Evidence(what="jump", value=0.0, unit="m", start_s=0.0, end_s=8.0),),
        margin=Margin(value=0.1, unit="m", band=0.02), thresholds="", rules="",
        reasoning=("The person stays on the ground.", "The answer is: No."),
    )  # fmt: skip
