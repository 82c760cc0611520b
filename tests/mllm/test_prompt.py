"""The prompt says what the record means, rotates options without losing the answer, and is one."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllm.evaluation import parse, prompt
from qagen.language import stems
from qagen.schema.question import Ask, Margin
from qagen.schema.record import LETTERS, Record

OPTIONS = ("Once", "Twice", "Never", "3 times", "4 times", "5 times", "6 times", "7 times")


def record_of(options: tuple[str, ...], answer: int = 0, frame: str = "first_heading") -> Record:
    return Record(
        clip="c", person=0, take="t", subject="s", group="g", source="c.npz", descriptor="",
        suite="humanmove", task="numerical", family="count", frame=frame,
        end_s=9.0, question="How many times?",
        options=options, option_codes=options, answer_index=answer, chance=1 / len(options),
        ask=Ask(rule="count"), evidence=(), margin=Margin(value=1.0, unit="m", band=0.1),
        reasoning=("It was seen.", f"The answer is: {options[answer]}."), thresholds="", rules="",
    )  # fmt: skip


counts = st.integers(2, 8)


@given(counts, st.integers(0, 7), st.integers(-9, 9), st.sampled_from(["letter", "reasoning"]))
def test_the_wanted_reply_is_read_as_the_answer(
    count: int, answer: int, shift: int, style: str
) -> None:
    record = record_of(OPTIONS[:count], answer % count)
    shown = prompt.ask(record, shift=shift, style=style)
    found = parse.letter(prompt.target(record, shift=shift, style=style), shown.options)
    assert found.letter is not None
    assert shown.options[LETTERS.index(found.letter)] == record.options[record.answer_index]
    back = prompt.letter_recorded(found.letter, shift=shift, options=count)
    assert back == record.answer


@given(counts, st.integers(0, 20))
def test_every_rotation_shows_each_option_at_each_place_once(count: int, first: int) -> None:
    record = record_of(OPTIONS[:count])
    shown = [prompt.ask(record, shift=first + turn).options for turn in range(count)]
    for places in zip(*shown, strict=True):
        assert sorted(places) == sorted(record.options)


@pytest.mark.parametrize("frame", list(prompt.FRAME_NAMES))
def test_the_frame_of_reference_is_that_of_the_record(frame: str) -> None:
    text = prompt.ask(record_of(OPTIONS[:4], frame=frame)).text
    assert stems.preamble(frame) in text
    others = {name: note for name, note in prompt.FRAME_NAMES.items() if name != frame}
    assert not any(f"reference: {name}." in text for name in others.values())


def test_quarters_are_dated_by_the_clip() -> None:
    text = prompt.ask(record_of(OPTIONS[:4]), duration_s=10.0).text
    assert "It lasts 10.0 s, so they end at 2.5 s, 5.0 s, 7.5 s and 10.0 s." in text


def test_the_answer_is_not_in_the_prompt() -> None:
    """Equal for all answers: nothing but question, options and frame may decide the text."""
    texts = {prompt.ask(record_of(OPTIONS[:4], answer)).text for answer in range(4)}
    assert len(texts) == 1
    other = msgspec.structs.replace(record_of(OPTIONS[:4]), clip="d", group="h", source="d.npz")
    assert prompt.ask(other).text in texts


def test_who_sees_nothing_is_told_so_and_gets_no_duration() -> None:
    record = record_of(OPTIONS[:4])
    text = prompt.ask(record, sight="nothing", duration_s=10.0).text
    assert "not shown" in text
    assert "10.0" not in text
    described = prompt.ask(record, sight="description", description=" It turns. ").text
    assert "Description: It turns.\n" in described
    assert prompt.SILENT in described
