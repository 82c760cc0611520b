"""Every shape holds every question once, with its key, its video and no more; real tools read it.

What a tool cannot be installed for is held to the rules that its documentation states.
"""

import ast
import base64
import csv
import importlib.util
import json
import sys
import types
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mllm.commands.app import app
from mllm.evaluation import parse, prompt
from mllm.export import batch, folder, lmms, training
from mllm.export.examples import sample
from mllm.export.folder import SHAPES, TESTS, Wish
from mllm.frames import Sampling
from qagen.dataset import layout
from qagen.schema.record import Record


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def records(questions: Path, *sides: str) -> dict[str, Record]:
    return {row.id: row for side, row in layout.rows(questions) if not sides or side in sides}


@pytest.fixture
def made(questions: Path, videos: Path, tmp_path: Path):
    def make(shape: str, **wishes: object) -> Path:
        sampling = Sampling(max_frames=3)
        folder.write(
            questions, videos, tmp_path / shape, Wish(shape=shape, sampling=sampling, **wishes)
        )
        return tmp_path / shape

    return make


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_holds_the_videos_of_its_questions_and_no_other(
    shape: str, made, questions: Path, videos: Path
) -> None:
    if shape in ("hf", "trl"):
        pytest.importorskip("pyarrow", reason="run `pip install 'kinematics-qa[data]'`")
    out = made(shape)
    sides = ("test",) if shape in TESTS else ()
    expected = {f"{row.clip}.mp4" for row in records(questions, *sides).values()}
    placed = {path.name: path.read_bytes() for path in (out / "videos").iterdir()}
    assert placed == {name: (videos / name).read_bytes() for name in expected}
    assert not list(out.parent.glob("*.partial"))


@pytest.mark.parametrize("style", ["letter", "reasoning"])
def test_llamafactory_finds_what_its_index_names(style: str, made, questions: Path) -> None:
    out = made("llamafactory", style=style)
    index = json.loads((out / "dataset_info.json").read_text())
    known = records(questions)
    seen = Counter()
    for about in index.values():
        assert about["formatting"] == "sharegpt"
        columns, tags = about["columns"], about["tags"]
        for row in rows_of(out / about["file_name"]):
            turns = row[columns["messages"]]
            roles = [turn[tags["role_tag"]] for turn in turns]
            assert roles == [tags["user_tag"], tags["assistant_tag"]]
            asked, replied = (turn[tags["content_tag"]] for turn in turns)
            assert asked.count("<video>") == len(row[columns["videos"]]) == 1
            assert all((out / place).is_file() for place in row[columns["videos"]])
            record = known[row["id"]]
            assert replied == prompt.target(record, style=style)
            assert parse.letter(replied, record.options).letter == record.answer
            seen[row["id"]] += 1
    assert seen == Counter(known.keys())


def test_sides_are_kept_apart(made, questions: Path) -> None:
    out = made("llamafactory")
    for side in ("train", "val", "test"):
        ids = {row["id"] for row in rows_of(out / f"{side}.jsonl")}
        assert ids == records(questions, side).keys()


@pytest.mark.parametrize("style", ["letter", "reasoning"])
def test_the_published_layout_is_kept(style: str, made, questions: Path) -> None:
    out = made("humanmovevqa", style=style)
    ending = "answer_only" if style == "letter" else "cot"
    rows = rows_of(out / f"test_{ending}.jsonl")
    wanted = records(questions, "test")
    assert len(rows) == len(wanted)
    for row, record in zip(rows, wanted.values(), strict=True):
        assert list(row)[:3] == ["video", "task", "conversations"]
        assert ("evidence" in row) == (style == "reasoning")
        assert [turn["from"] for turn in row["conversations"]] == ["user", "assistant"]
        assert row["conversations"][0]["value"].startswith("<video>\n" + record.question)
        assert row["conversations"][1]["value"] == f"Answer: {record.answer}"
    by_task = Counter(record.task for record in wanted.values())
    for task, count in by_task.items():
        name = training.BENCHMARK_CATEGORIES[task]
        ones = rows_of(out / name / f"{name}.json")
        assert [one["id"] for one in ones] == [f"q{place}" for place in range(1, count + 1)]
        for one in ones:
            letter, _, words = one["answer"].partition(". ")
            assert f"\n{letter}. {words}" in one["question"]
            assert (out / one["video_path"]).is_file()


def test_parquet_is_loaded_by_datasets(made, questions: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="run `pip install datasets pyarrow`")
    out = made("hf")
    files = {side: str(out / f"{side}.parquet") for side in ("train", "val", "test")}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    known = records(questions)
    assert sum(map(len, loaded.values())) == len(known)
    for part in loaded.values():
        assert isinstance(part.features["video"], datasets.Video)
        for row in part.cast_column("video", datasets.Video(decode=False)):
            record = known[row["id"]]
            assert Path(row["video"]["path"]).is_file()
            assert row["options"][row["answer_index"]] == record.options[record.answer_index]
            assert row["reasoning"] == list(record.reasoning)


def test_conversations_with_pictures_are_what_trl_takes(made, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="run `pip install datasets pyarrow pillow`")
    trl = pytest.importorskip("trl", reason="run `pip install trl`")
    pytest.importorskip("PIL", reason="run `pip install pillow`")
    out = made("trl", style="reasoning")
    part = datasets.load_dataset(
        "parquet", data_files=str(out / "train.parquet"), split="train",
        cache_dir=str(tmp_path / "cache"),
    )  # fmt: skip
    row = part[0]
    assert trl.is_conversational(row)
    assert [picture.size for picture in row["images"]] == [(32, 32)] * 3
    ready = trl.data_utils.prepare_multimodal_messages(row["prompt"], images=row["images"])
    kinds = [one["type"] for one in ready[0]["content"]]
    assert kinds == ["image"] * 3 + ["text"]


def module_at(path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"exported_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_task_of_lmms_eval_scores_right_and_wrong(made, questions: Path) -> None:
    out = made("lmms-eval")
    rows, known = rows_of(out / "test.jsonl"), records(questions, "test")
    assert [row["id"] for row in rows] == list(known)
    task = module_at(out / "utils.py")
    for doc in rows:
        (message,) = task.doc_to_messages(doc)
        assert Path(message["content"][0]["url"]).is_file()
        assert message["content"][1]["text"] == task.doc_to_text(doc)
    right = [task.process_results(doc, [f"Answer: {doc['answer']}"]) for doc in rows]
    wrong = [task.process_results(doc, ["I cannot tell."]) for doc in rows]
    assert {one["accuracy"] for one in right} == {1.0}
    assert {one["accuracy"] for one in wrong} == {0.0}
    assert task.above_chance([one["above_chance"] for one in right]) == pytest.approx(100)
    assert task.above_chance([one["above_chance"] for one in wrong]) < 0


def test_guesses_score_nothing_above_chance(made) -> None:
    """A reply of each letter in turn: in the sum over letters chance is met exactly."""
    task = module_at(made("lmms-eval") / "utils.py")
    doc = {"options": ["a", "b", "c", "d"], "answer": "C", "task": "ordering", "chance": 0.25}
    results = [task.process_results(doc, [letter])["above_chance"] for letter in "ABCD"]
    assert task.above_chance(results) == pytest.approx(0)


def test_the_parser_that_travels_is_the_parser(tmp_path: Path) -> None:
    (tmp_path / "replies.py").write_text(lmms.parser())
    copy = module_at(tmp_path / "replies.py")
    options = ("To the left", "To the right", "Neither")
    for reply in ("B", "Answer: C", "to the left", "A or B", "", "I cannot see it.", "(c) Neither"):
        assert tuple(copy.letter(reply, options)) == tuple(parse.letter(reply, options))


def test_lmms_eval_lists_the_task(made) -> None:
    tasks = pytest.importorskip("lmms_eval.tasks", reason="run `pip install lmms-eval`")
    out = made("lmms-eval")
    manager = tasks.TaskManager(include_path=str(out))
    assert lmms.TASK in manager.all_tasks
    (task,) = tasks.get_task_dict([lmms.TASK], manager).values()
    docs = task.test_docs()
    assert len(docs) == len(rows_of(out / "test.jsonl"))
    assert task.doc_to_target(docs[0]) in "ABCD"
    found = task.process_results(docs[0], [docs[0]["answer"]])
    assert found["accuracy"] == 1.0


def stub_vlmeval(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base class as its documentation describes it: a root, a table, columns that it needs."""

    class Base:
        def __init__(self, dataset: str, nframe: int = 0, fps: int = -1) -> None:
            assert (nframe > 0) != (fps > 0)
            found = self.prepare_dataset(dataset)
            self.data_root, self.data_file = found["root"], found["data_file"]
            with Path(found["data_file"]).open(newline="") as file:
                self.data = list(csv.DictReader(file, delimiter="\t"))
            assert {"index", "question", "video"} <= set(self.data[0])

        def save_video_frames(self, video: str) -> list[str]:
            path = Path(self.data_root, f"{video}.mp4")
            assert path.is_file()
            return [f"{path}-{place}" for place in range(2)]

    names = ("vlmeval", "vlmeval.dataset", "vlmeval.dataset.video_base", "vlmeval.smp")
    modules = {name: types.ModuleType(name) for name in names}
    modules["vlmeval.dataset.video_base"].VideoBaseDataset = Base
    modules["vlmeval.smp"].load = modules["vlmeval.smp"].dump = None
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


def test_vlmevalkit_reads_the_table(made, questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_vlmeval(monkeypatch)
    out = made("vlmevalkit")
    pytest.importorskip("pandas", reason="run `pip install pandas`; VLMEvalKit brings it")
    data = module_at(out / "kinematics_qa.py").KinematicsQA(nframe=2)
    known = records(questions, "test")
    rows = data.data.to_dict("records")
    assert [row["index"] for row in rows] == list(range(len(known)))
    assert data.videos == sorted({row["video"] for row in rows})
    for row in rows:
        record = known[row["id"]]
        assert tuple(ast.literal_eval(row["candidates"])) == record.options
        assert row["answer"] == record.answer
        video, text = data.build_prompt(row, video_llm=True)
        assert Path(video["value"]).is_file()
        assert text == {"type": "text", "value": row["prompt"]}
        assert [one["type"] for one in data.build_prompt(row, video_llm=False)] == [
            "image", "image", "text",
        ]  # fmt: skip


@pytest.mark.parametrize("show", ["frames", "video"])
def test_requests_are_complete_and_do_not_tell_the_answer(show: str, made, questions: Path) -> None:
    out = made("openai-batch", show=show, model="somebody")
    rows = rows_of(out / "requests-00000.jsonl")
    answers = {row["custom_id"]: row for row in rows_of(out / "answers.jsonl")}
    known = records(questions, "test")
    assert [row["custom_id"] for row in rows] == list(known) == list(answers)
    for row in rows:
        assert (row["method"], row["url"]) == ("POST", "/v1/chat/completions")
        assert row["body"]["model"] == "somebody"
        record = known[row["custom_id"]]
        *shown, asked = row["body"]["messages"][0]["content"]
        assert asked["text"] == prompt.ask(record, duration_s=length(questions, record)).text
        assert answers[record.id]["answer"] == record.answer
        if show == "video":
            (one,) = shown
            assert Path(one["video_url"]["url"].removeprefix("file://")).is_file()
        else:
            assert [one["type"] for one in shown] == ["text", "image_url"] * 3
            data = shown[1]["image_url"]["url"].removeprefix("data:image/jpeg;base64,")
            assert base64.b64decode(data)[:2].hex() == "ffd8"


def length(questions: Path, record: Record) -> float:
    (one,) = [clip.duration_s for clip in layout.clips(questions) if clip.clip == record.clip]
    return one


def test_requests_are_cut_into_files_that_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [bytes([65 + place]) * size for place, size in enumerate((3, 4, 5, 9, 1))]
    monkeypatch.setattr(batch, "MOST_BYTES", 10)
    parts = list(batch._parts(lines))
    assert [line for part in parts for line in part] == lines
    assert [sum(len(line) + 1 for line in part) for part in parts] == [9, 6, 10, 2]
    monkeypatch.setattr(batch, "MOST_REQUESTS", 1)
    assert len(list(batch._parts(lines))) == len(lines)


def test_the_same_export_has_the_same_bytes(made, tmp_path: Path) -> None:
    first = made("llamafactory")
    first.rename(tmp_path / "first")
    second = made("llamafactory")
    for path in (tmp_path / "first").rglob("*.json*"):
        assert path.read_bytes() == (second / path.relative_to(tmp_path / "first")).read_bytes()


def test_what_is_wrong_is_said_and_nothing_is_left(
    questions: Path, videos: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    asked = ["export", str(questions), "--to", "llamafactory"]
    failed = run(app, [*asked, "--out", str(out), "--videos", str(empty)])
    assert failed.exit_code == 2
    assert "no video of" in failed.output
    assert list(tmp_path.iterdir()) == [empty]
    worked = run(app, [*asked, "--out", str(out), "--videos", str(videos)])
    assert worked.exit_code == 0
    assert "12 videos" in worked.output
    again = run(app, [*asked, "--out", str(out), "--videos", str(videos)])
    assert again.exit_code == 2
    assert "is there already" in again.output


def test_a_changed_data_set_is_refused(questions: Path, videos: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in questions.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    with (copy / "test.jsonl").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ValueError, match=r"test\.jsonl was changed"):
        folder.write(copy, videos, tmp_path / "out", Wish(shape="llamafactory"))


def test_the_example_is_a_row_like_any_other() -> None:
    one = sample(style="reasoning")
    assert parse.letter(one.reply, one.record.options).letter == one.record.answer
    assert np.isclose(one.record.chance, 1 / len(one.lettered))


def test_names_of_videos_stay_names_for_vlmevalkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table takes 0012 for twelve unless it is told that it is a name."""
    from mllm.export import vlm
    from mllm.export.examples import sample

    pytest.importorskip("pandas", reason="run `pip install pandas`; VLMEvalKit brings it")
    stub_vlmeval(monkeypatch)
    one = sample()
    ones = [one._replace(video=Path(name)) for name in ("0012.mp4", "1e5.mp4", "NA.mp4")]
    for file in vlm.table(ones):
        (tmp_path / file.name).write_bytes(b"\n".join(file.lines) + b"\n")
    data = module_at(tmp_path / "kinematics_qa.py").KinematicsQA(nframe=2)
    assert data.videos == ["0012", "1e5", "NA"]
