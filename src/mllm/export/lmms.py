"""A task folder for lmms-eval: rows, a YAML file, and the functions that it names.

The functions do not import this package: the parser of replies is copied beside them.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mllm.evaluation import parse
from mllm.evaluation.prompt import Style
from mllm.export.samples import Sample
from mllm.export.training import File, line
from qagen.schema.record import LETTERS

TASK = "kinematics_qa"

NEW_TOKENS = {"letter": 16, "reasoning": 512}
"""Maximum length of a reply, in tokens."""

_YAML = """\
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {rows}
test_split: test
output_type: generate_until
doc_to_messages: !function utils.doc_to_messages
doc_to_visual: !function utils.doc_to_visual
doc_to_text: !function utils.doc_to_text
doc_to_target: answer
process_results: !function utils.process_results
generation_kwargs:
  max_new_tokens: {tokens}
  temperature: 0
  do_sample: false
metric_list:
  - metric: accuracy
    aggregation: mean
    higher_is_better: true
  - metric: above_chance
    aggregation: !function utils.above_chance
    higher_is_better: true
metadata:
  version: 1
"""

_FUNCTIONS = '''\
"""What lmms-eval does with a row: shows it, reads the reply, adds up the scores."""

import importlib.util
from collections import defaultdict
from pathlib import Path

HOME = Path(__file__).resolve().parent

_spec = importlib.util.spec_from_file_location("kinematics_replies", HOME / "replies.py")
replies = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(replies)


def doc_to_visual(doc):
    return [str(HOME / doc["video"])]


def doc_to_text(doc, lmms_eval_specific_kwargs=None):
    return doc["prompt"]


def doc_to_messages(doc, lmms_eval_specific_kwargs=None):
    parts = [
        {"type": "video", "url": str(HOME / doc["video"])},
        {"type": "text", "text": doc["prompt"]},
    ]
    return [{"role": "user", "content": parts}]


def process_results(doc, results):
    letter = replies.letter(results[0], doc["options"]).letter
    right = float(letter == doc["answer"])
    return {
        "accuracy": right,
        "above_chance": {
            "task": doc["task"], "chance": doc["chance"], "right": right,
        },
    }


def above_chance(results):
    """Mean over tasks of 100 * (accuracy - chance) / (1 - chance)."""
    by_task = defaultdict(list)
    for one in results:
        by_task[one["task"]].append(one)
    scores = []
    for ones in by_task.values():
        accuracy = sum(one["right"] for one in ones) / len(ones)
        chance = sum(one["chance"] for one in ones) / len(ones)
        scores.append(100 * (accuracy - chance) / (1 - chance))
    return sum(scores) / len(scores)
'''

_IMPORTED = "from qagen.schema.record import LETTERS\n"


def task(samples: list[Sample], out: Path, *, style: Style) -> Iterator[File]:
    """The files of a task over the test side; `out` is their final folder.

    >>> from mllm.export.examples import sample
    >>> [file.name for file in task([sample()], Path("/data"), style="letter")]
    ['test.jsonl', 'kinematics_qa.yaml', 'utils.py', 'replies.py']
    """
    rows = (line(_document(sample)) for sample in samples if sample.split == "test")
    yield File("test.jsonl", rows)
    path = line(str(out.resolve() / "test.jsonl")).decode()  # a JSON text is a YAML text
    yaml = _YAML.format(task=TASK, rows=path, tokens=NEW_TOKENS[style])
    yield File(f"{TASK}.yaml", yaml.encode().splitlines())
    yield File("utils.py", _FUNCTIONS.encode().splitlines())
    yield File("replies.py", parser().encode().splitlines())


def parser() -> str:
    """The source of `mllm.evaluation.parse`, with `LETTERS` written out instead of imported.

    >>> "from qagen" in parser()
    False
    """
    source = inspect.getsource(parse)
    if source.count(_IMPORTED) != 1:
        raise RuntimeError("mllm.evaluation.parse imports something else; change `_IMPORTED`")
    return source.replace(_IMPORTED, f"LETTERS = {LETTERS!r}\n")


def _document(sample: Sample) -> dict[str, Any]:
    record = sample.record
    return {
        "id": record.id,
        "video": sample.place,
        "prompt": sample.text,
        "question": record.question,
        "options": record.options,
        "answer": record.answer,
        "task": record.task,
        "chance": record.chance,
    }
