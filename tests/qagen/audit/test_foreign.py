"""Other people's files: rows as their tools write them, odd rows, broken files."""

import json
from pathlib import Path
from typing import Any

import _planted
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qagen.audit import foreign, load, report
from qagen.audit.rows import Row, from_record
from qagen.schema import record
from qagen.schema.question import Ask, Margin

LETTERS = "ABCDEFGH"


def lettered(row: Row) -> list[str]:
    return [f"{letter}. {text}" for letter, text in zip(LETTERS, row.options, strict=False)]


def as_list(row: Row) -> dict[str, Any]:
    """Lists of options with letters in them, as VSI-Bench has."""
    return {"id": 1, "scene_name": row.clip, "question_type": row.task,
            "question": row.question, "options": lettered(row),
            "ground_truth": LETTERS[row.answer_index]}  # fmt: skip


def as_conversation(row: Row) -> dict[str, Any]:
    """What fine-tuning tools read: one text with everything, and a sentence for an answer."""
    asked = "\n".join(["<video>", row.question, *lettered(row), "Answer with the option letter."])
    return {"video": [row.clip], "task": row.task, "conversations": [
        {"from": "user", "value": asked},
        {"from": "assistant", "value": f"Answer: {LETTERS[row.answer_index]}"}]}  # fmt: skip


def as_messages(row: Row) -> dict[str, Any]:
    asked = row.question + " " + " ".join(f"({line[0]}){line[2:]}" for line in lettered(row))
    return {"videos": [row.clip], "category": row.task, "messages": [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": [{"type": "video", "video": "x"},
                                     {"type": "text", "text": asked}]},
        {"role": "assistant", "content": [{"type": "text", "text": row.answer}]}]}  # fmt: skip


def as_dictionary(row: Row) -> dict[str, Any]:
    return {"video_path": row.clip, "task": row.task, "question_stem": row.question,
            "options": dict(zip(LETTERS, row.options, strict=False)),
            "answer_letter": LETTERS[row.answer_index]}  # fmt: skip


def as_columns(row: Row) -> dict[str, Any]:
    columns = {f"option {place}": text for place, text in enumerate(row.options)}
    return {"Video": row.clip, "Type": row.task, "Question": row.question,
            "answer": row.answer_index, **columns}  # fmt: skip


def as_text(row: Row) -> dict[str, Any]:
    return {"video_id": row.clip, "question_type": row.task, "candidates": list(row.options),
            "question": row.question, "answer": row.answer}  # fmt: skip


THIRTY = {"question": "Which?", "options": [str(n) for n in range(30)], "answer": "3"}

SHAPES = [as_list, as_conversation, as_messages, as_dictionary, as_columns, as_text]


def core(row: Row) -> tuple[object, ...]:
    return row.clip, row.task, row.question, row.options, row.answer_index


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_rows(shape: Any) -> None:
    for row in _planted.rows(60, leak="longest"):
        if shape is as_columns and row.task == "numerical":
            continue  # a bare number is taken for the text of an option
        found = foreign.to_row(shape(row))
        assert isinstance(found, Row), found
        assert core(found) == core(row)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"answer": "A"}, "no question"),
        ({"question": "How far?", "options": ["a", "b"]}, "no answer"),
        ({"question": "How far?", "answer": "2.5", "options": None}, "no options"),
        ({"question": "Which?", "options": ["a", "b"], "answer": "C"}, "the answer is none of"),
        ({"question": "Which?", "options": ["a", "b"], "answer": 2}, "the answer is none of"),
        ({"question": "Which?", "options": ["a", "a"], "answer": "a"}, "the answer is none of"),
        (THIRTY, "more than"),
        ({"conversations": "lost"}, "no question"),
        ({"conversations": [{"from": "gpt", "value": "A"}]}, "no question"),
    ],
)
def test_what_is_no_question_says_why(item: dict[str, Any], reason: str) -> None:
    found = foreign.to_row(item)
    assert isinstance(found, str)
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("B", 1), ("b", 1), ("(B)", 1), ("B. right", 1), ("B) right", 1), ("right", 1),
        (" Right. ", 1), (1, 1), ("1", 1), ("The answer is (B).", 1), (["B"], 1),
        ("<think>A or B?</think><answer>B</answer>", 1), ("Answer: right", 1),
    ],
)  # fmt: skip
def test_answers_are_understood(answer: object, place: int) -> None:
    row = foreign.to_row({"question": "Where?", "options": ["left", "right"], "answer": answer})
    assert isinstance(row, Row)
    assert row.answer_index == place


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = ("question", "options", "answer", "conversations", "video", "category", "A", "B", "split")


@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_any_object_gives_a_row_or_a_reason(item: dict[str, Any]) -> None:
    found = foreign.to_row(item)
    if isinstance(found, Row):
        assert 0 <= found.answer_index < len(found.options)
    else:
        assert found


def lines(items: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The same questions as a list, as lines, and under names."""
    items = [as_list(row) for row in _planted.rows(12, per_clip=3)]
    (tmp_path / "qa_test.json").write_text(json.dumps({"data": items[:4]}))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "train.jsonl").write_text("\n" + lines(items[4:8]))
    (tmp_path / "all.json").write_text(
        json.dumps({f"q{n}": one for n, one in enumerate(items[8:])})
    )
    return tmp_path


def test_folders_are_read_with_sides(files: Path) -> None:
    rows, left_out = load.read(files)
    assert sorted(core(row) for row in rows) == sorted(
        core(row) for row in _planted.rows(12, per_clip=3)
    )
    assert {row.split for row in rows} == {"test", "train", "all"}
    assert left_out == {}
    assert len(load.read(files / "qa_test.json").rows) == 4


def test_records_in_loose_files_are_read_as_records(tmp_path: Path) -> None:
    row = record.named(
        record.Record(
            clip="a", person=0, take="t", subject="s", group="g", source="a.npz", descriptor="",
            suite="humanmove", end_s=9.0, task="existence", family="movement",
            frame="first_heading", question="Up?",
            options=("Yes", "No"), option_codes=("yes", "no"), answer_index=1, chance=0.5,
            ask=Ask(rule="ever"), evidence=(), margin=Margin(value=1.0, unit="m", band=0.1),
            reasoning=(), thresholds="", rules="",
        )
    )  # fmt: skip
    (tmp_path / "val.jsonl").write_bytes(record.to_line(row) + b"\n")
    assert load.read(tmp_path).rows == [from_record(row, split="val")]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", "[1, 2", "a.json"),
        ("a.jsonl", '{"question": 1}\n{oops\n', "line 2"),
        ("a.json", '"text"', "a.json: a str"),
        ("a.json", "[]", "no multiple-choice question"),
        ("a.jsonl", '{"question": "How far?", "answer": 2.5}\n', "no options: 1 rows"),
        ("a.txt", "", "no .jsonl or .json file"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: str, problem: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match="xpected") as error:
        load.read(tmp_path)
    assert problem in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_a_cycle_of_letters_is_found_in_a_fine_tuning_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report.forest, "available", lambda: False)
    rows = _planted.rows(900, leak="letters")
    (tmp_path / "test.jsonl").write_text(lines([as_conversation(row) for row in rows]))
    found = report.audit(load.read(tmp_path).rows)
    assert found.best["numerical"].model == "row of task"
    assert found.best["numerical"].score.points == pytest.approx(100, abs=3)
