"""A table of tab-separated values for VLMEvalKit, and the small class that reads it there."""

import csv
import io
from collections.abc import Iterable, Iterator

from mllm.export.lmms import parser
from mllm.export.samples import VIDEOS, Sample
from mllm.export.training import File

NAME = "KinematicsQA"

COLUMNS = (
    "index", "video", "suffix", "question", "candidates", "answer", "prompt", "category", "chance",
    "id",
)  # fmt: skip

_CLASS = f'''\
"""{NAME} for VLMEvalKit: put this folder on PYTHONPATH, and register the class.

    # vlmeval/dataset/__init__.py, before it imports video_dataset_config
    from kinematics_qa import {NAME}                  # and add it to VIDEO_DATASET
    # vlmeval/dataset/video_dataset_config.py, at its end
    supported_video_datasets["{NAME}_64frame"] = partial({NAME}, dataset="{NAME}", nframe=64)

Then `python run.py --data {NAME}_64frame --model MODEL`.
"""

import ast
import importlib.util
import os.path as osp
from pathlib import Path

import pandas as pd
from vlmeval.dataset.video_base import VideoBaseDataset
from vlmeval.smp import dump, load

HOME = Path(__file__).resolve().parent

_spec = importlib.util.spec_from_file_location("kinematics_replies", HOME / "replies.py")
replies = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(replies)


class {NAME}(VideoBaseDataset):
    TYPE = "Video-MCQ"

    def __init__(self, dataset="{NAME}", nframe=0, fps=-1, **more):
        super().__init__(dataset=dataset, nframe=nframe, fps=fps, **more)
        words = {{"video": str, "id": str, "answer": str}}  # a video may be called 0012
        self.data = pd.read_csv(self.data_file, sep="\\t", dtype=words, keep_default_na=False)
        self.videos = sorted(set(self.data["video"]))

    @classmethod
    def supported_datasets(cls):
        return ["{NAME}"]

    def prepare_dataset(self, dataset):
        return {{"root": str(HOME / "{VIDEOS}"), "data_file": str(HOME / f"{{dataset}}.tsv")}}

    def build_prompt(self, line, video_llm):
        if isinstance(line, int):
            line = self.data.iloc[line]
        if video_llm:
            path = osp.join(self.data_root, line["video"] + line["suffix"])
            shown = [{{"type": "video", "value": path}}]
        else:
            frames = self.save_video_frames(line["video"])
            shown = [{{"type": "image", "value": path}} for path in frames]
        return [*shown, {{"type": "text", "value": line["prompt"]}}]

    @classmethod
    def evaluate(cls, eval_file, **judge_kwargs):
        data = load(eval_file)
        right = [
            replies.letter(str(row["prediction"]), ast.literal_eval(row["candidates"])).letter
            == row["answer"]
            for _, row in data.iterrows()
        ]
        data["score"] = [int(one) for one in right]
        scores = {{}}
        for category, ones in data.groupby("category"):
            chance = ones["chance"].mean()
            scores[category] = 100 * (ones["score"].mean() - chance) / (1 - chance)
        scores["above_chance"] = sum(scores.values()) / len(scores)
        scores["accuracy"] = 100 * data["score"].mean()
        dump(scores, osp.splitext(eval_file)[0] + "_score.json")
        return scores
'''


def table(samples: Iterable[Sample]) -> Iterator[File]:
    """The files for VLMEvalKit, over the test side.

    >>> from mllm.export.examples import sample
    >>> [file.name for file in table([sample()])]
    ['KinematicsQA.tsv', 'kinematics_qa.py', 'replies.py']
    """
    yield File(f"{NAME}.tsv", _rows(sample for sample in samples if sample.split == "test"))
    yield File("kinematics_qa.py", _CLASS.encode().splitlines())
    yield File("replies.py", parser().encode().splitlines())


def _rows(samples: Iterable[Sample]) -> Iterator[bytes]:
    """The lines of the table; multi-line texts are quoted, as pandas reads them."""
    yield _row(COLUMNS)
    for index, sample in enumerate(samples):
        record = sample.record
        name, suffix = sample.video.stem, sample.video.suffix
        yield _row((
            index, name, suffix, record.question, repr(list(record.options)), record.answer,
            sample.text, record.task, record.chance, record.id,
        ))  # fmt: skip


def _row(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerow(values)
    return text.getvalue().removesuffix("\n").encode()
