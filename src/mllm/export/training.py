"""Rows to train on: LLaMA-Factory, TRL, and the layout of the published benchmark.

Each file is returned as its name and lines; `folder` writes them.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from mllm.evaluation.prompt import Style
from mllm.export.samples import Sample
from qagen.dataset.splits import SPLITS
from qagen.schema.suite import HUMANMOVE, tasks_of

VIDEO_TAG = "<video>"

DATASET_NAME = "kinematics_qa"
"""The name for LLaMA-Factory's `dataset:`, followed by `_train`, `_val` or `_test`."""

BENCHMARK_CATEGORIES = {
    name: "trajectory_affordance" if name == "trajectory" else name
    for name in tasks_of([HUMANMOVE])
}
"""The categories of the published benchmark by task of `humanmove`."""

ASKING = "Answer with the option letter."
"""The end of every question in the published benchmark."""


class File(NamedTuple):
    """A text file of an export."""

    name: str
    """Its path relative to the exported folder, with forward slashes."""
    lines: Iterable[bytes]


def line(row: Any) -> bytes:
    """One row as JSON, without a line break.

    >>> line({"answer": "B"})
    b'{"answer":"B"}'
    """
    return msgspec.json.encode(row)


def llamafactory(samples: list[Sample]) -> Iterator[File]:
    """`train.jsonl` and so on, with the `dataset_info.json` that describes them.

    Without the tags LLaMA-Factory silently skips every row.

    >>> [file.name for file in llamafactory([])]
    ['dataset_info.json']
    """
    about = {}
    for split in SPLITS:
        ones = [sample for sample in samples if sample.split == split]
        if not ones:
            continue
        about[f"{DATASET_NAME}_{split}"] = {
            "file_name": f"{split}.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "messages", "videos": "videos"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
            },
        }
        yield File(f"{split}.jsonl", (line(_sharegpt(sample)) for sample in ones))
    yield File("dataset_info.json", [msgspec.json.format(line(about), indent=2)])


def _sharegpt(sample: Sample) -> dict[str, Any]:
    """A row with as many `<video>` tags as videos, which LLaMA-Factory requires."""
    return {
        "messages": [
            {"role": "user", "content": f"{VIDEO_TAG}{sample.text}"},
            {"role": "assistant", "content": sample.reply},
        ],
        "videos": [sample.place],
        "id": sample.record.id,
        "task": sample.record.task,
    }


def trl(sample: Sample) -> dict[str, Any]:
    """A conversation for TRL's `SFTTrainer`, with the loss on the completion only.

    >>> from mllm.export.examples import sample
    >>> trl(sample())["completion"]
    [{'role': 'assistant', 'content': 'B'}]
    """
    return {
        "prompt": [{"role": "user", "content": sample.text}],
        "completion": [{"role": "assistant", "content": sample.reply}],
    }


def humanmovevqa(samples: list[Sample], *, style: Style) -> Iterator[File]:
    """Conversations of each side, and one file per category of the test side.

    The files of categories hold one object per line, despite their name; questions are numbered in
    each. The style `reasoning` adds the measurements (`evidence`) and the reasoning to an answer.

    >>> from mllm.export.examples import sample
    >>> [file.name for file in humanmovevqa([sample()], style="letter")]
    ['test_answer_only.jsonl', 'existence/existence.json']
    """
    if strange := sorted({one.record.task for one in samples} - BENCHMARK_CATEGORIES.keys()):
        raise ValueError(
            f"tasks {', '.join(strange)}: the published layout knows those of humanmove alone; "
            "choose another shape"
        )
    ending = "answer_only" if style == "letter" else "cot"
    for split in SPLITS:
        ones = [sample for sample in samples if sample.split == split]
        if ones:
            rows = (line(_conversation(sample, style)) for sample in ones)
            yield File(f"{split}_{ending}.jsonl", rows)
    tested = [sample for sample in samples if sample.split == "test"]
    for task, name in BENCHMARK_CATEGORIES.items():
        ones = [sample for sample in tested if sample.record.task == task]
        if ones:
            rows = (line(_benchmarked(sample, place)) for place, sample in enumerate(ones, start=1))
            yield File(f"{name}/{name}.json", rows)


def _listed(sample: Sample) -> str:
    return "\n".join(f"{letter}. {option}" for letter, option in sample.lettered.items())


def _conversation(sample: Sample, style: Style) -> dict[str, Any]:
    record = sample.record
    asked = f"{VIDEO_TAG}\n{record.question}\n{_listed(sample)}\n{ASKING}"
    row: dict[str, Any] = {
        "video": [sample.place],
        "task": BENCHMARK_CATEGORIES[record.task],
        "conversations": [
            {"from": "user", "value": asked},
            {"from": "assistant", "value": f"Answer: {record.answer}"},
        ],
    }
    if style == "reasoning":
        row["evidence"] = {"facts": record.evidence, "reasoning": record.reasoning}
    return row


def _benchmarked(sample: Sample, number: int) -> dict[str, Any]:
    record = sample.record
    return {
        "id": f"q{number}",
        "video_path": sample.place,
        "question": f"{record.question}\nOptions:\n{_listed(sample)}",
        "answer": f"{record.answer}. {record.options[record.answer_index]}",
    }
