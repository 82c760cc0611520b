"""Suites and records refuse what makes no sense, and say what to do about older ones."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mllm.evaluation import runs
from qagen.dataset import layout
from qagen.rules.humanmove import RULES
from qagen.schema import record
from qagen.schema.record import NO_OPTION, Record
from qagen.schema.suite import HUMANMOVE, SUITES, Suite, Task, tasks_of
from qagen.verify.rederive import table


def test_humanmove_is_what_the_rules_ask_and_the_derivations_expect() -> None:
    tasks = tasks_of([HUMANMOVE])
    assert list(tasks) == list(RULES)
    assert {name: task.options for name, task in tasks.items()} == {
        task.name: task.choices for task in table.SUITES["humanmove"]
    }
    assert all(task.chance == 1 / task.options for task in tasks.values())
    assert SUITES["humanmove"] is HUMANMOVE


def test_names_of_tasks_are_unique_over_all_suites() -> None:
    assert len(tasks_of(SUITES.values())) == sum(len(one.tasks) for one in SUITES.values())
    again = Suite(name="other", tasks=(Task(name="ordering", options=5),))
    with pytest.raises(ValueError, match="tasks ordering: named twice"):
        tasks_of([HUMANMOVE, again])
    with pytest.raises(ValueError, match="tasks a: named twice"):
        Suite(name="one", tasks=(Task(name="a", options=2), Task(name="a", options=3)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "a", "options": 1}, "2 to 8"),
        ({"name": "a", "options": 9}, "2 to 8"),
        ({"name": "a", "options": 0}, "2 to 8"),
        ({"name": "a", "options": 4, "scoring": "text"}, "0 for free text"),
        ({"name": "a/b", "options": 4}, "a name of letters"),
        ({"name": "", "options": 4}, "a name of letters"),
    ],
)
def test_tasks_that_make_no_sense_are_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Task(**fields)
    with pytest.raises(msgspec.ValidationError, match=expected):
        msgspec.json.decode(msgspec.json.encode(fields), type=Task)


@pytest.fixture(scope="module")
def choice(folder: Path) -> Record:
    return next(row for _, row in layout.rows(folder) if row.task == "limb")


@pytest.fixture(scope="module")
def story(folder: Path) -> Record:
    return next(row for _, row in layout.rows(folder) if row.task == "story")


def test_rows_come_back_as_they_were_and_every_field_is_in_the_id(
    choice: Record, story: Record
) -> None:
    for row in (choice, story):
        assert record.from_line(record.to_line(row)) == row
        assert row.id == record.content_id(row)
    for change in (
        {"suite": "other"}, {"task": "other"}, {"people": (0, 2)}, {"media": "two pictures"},
        {"start_s": 0.5}, {"end_s": 1.5}, {"reference": "Other."}, {"claims": ("other",)},
    ):  # fmt: skip
        assert record.named(msgspec.structs.replace(story, **change)).id != story.id


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"options": ("one",), "option_codes": ("one",), "answer_index": 0},
            "1 options; expected 2",
        ),
        ({"options": tuple("abcdefghi"), "option_codes": tuple("abcdefghi")}, "9 options"),
        ({"option_codes": ("left_arm",)}, "7 options with 1 codes"),
        ({"answer_index": 7}, "answer_index 7; expected 0 to 6"),
        ({"answer_index": NO_OPTION}, "answer_index -1"),
        ({"reference": "A text."}, "options and a reference text"),
        ({"claims": ("a claim",)}, "options and a reference text"),
        ({"options": ()}, "no options and no reference"),
        ({"options": (), "reference": "A text."}, "free text with codes"),
        ({"start_s": 2.0, "end_s": 2.0}, "from 2 to 2 s"),
    ],
)
def test_rows_that_fit_neither_kind_are_refused(
    choice: Record, change: dict[str, Any], expected: str
) -> None:
    line = record.to_line(msgspec.structs.replace(choice, **change))
    with pytest.raises(ValueError, match=expected):
        record.from_line(line)


def test_what_an_earlier_release_wrote_is_refused_in_one_line(
    folder: Path, choice: Record, tmp_path: Path
) -> None:
    old = msgspec.to_builtins(choice) | {"schema_version": 1, "category": "ordering"}
    del old["suite"], old["task"], old["end_s"]
    rows = tmp_path / "train.jsonl"
    rows.write_bytes(msgspec.json.encode(old) + b"\n")
    with pytest.raises(ValueError, match=r"line 1: .*version 1, expected 2: build the data set"):
        list(record.read(rows))
    manifest = msgspec.json.decode((folder / "manifest.json").read_bytes()) | {"schema_version": 1}
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(ValueError, match="manifest of schema version 1, expected 2: build"):
        layout.read_manifest(tmp_path)
    (tmp_path / "run.json").write_text('{"schema_version": 1, "answerer": "chance"}')
    with pytest.raises(ValueError, match=r"a run of schema version 1, expected 2; build .* again"):
        runs.read_run(tmp_path)
