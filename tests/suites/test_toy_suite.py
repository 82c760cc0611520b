"""A suite of other tasks than `humanmove` goes all the way: folder, audit, export, run, scores."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from kinematics.facts import MotionFacts
from mllm.answerers.blind import FREE_TEXT, Blind, Chance, Majority
from mllm.answerers.oracles import Oracle
from mllm.evaluation import evaluate, prompt, runs
from mllm.evaluation.answering import Asked, Reply, Sees, Setting
from mllm.evaluation.evaluate import Settings
from mllm.export import folder as export_folder
from mllm.export.folder import Wish
from mllm.scores import score, tables
from mllm.scores.texts import NO_SCORER
from qagen.audit import load, report
from qagen.build.blind import bounded
from qagen.dataset import layout
from qagen.dataset.layout import Recipe
from qagen.dataset.splits import SPLITS
from qagen.report import folder as report_folder
from qagen.schema import record
from qagen.schema.record import LETTERS, Record
from qagen.schema.suite import HUMANMOVE, Suite
from qagen.study import explain, stats

Write = Callable[[Path, list[MotionFacts], Recipe], None]


def rows_of(folder: Path) -> list[Record]:
    return [row for _, row in layout.rows(folder)]


class Knowing:
    """Says what is right, in the letters that are shown; to every third story nothing."""

    name = "knowing"
    sees: Sees = "motion"
    settings: Mapping[str, Setting] = {}

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        stories = 0
        for one in asked:
            assert one.record is not None
            if one.options:
                right = one.record.options[one.record.answer_index]
                yield Reply(key=one.key, text=f"Answer: {LETTERS[one.options.index(right)]}")
            else:
                stories += 1
                yield Reply(key=one.key, text="" if stories % 3 == 0 else one.record.reference)


class Exactly(NamedTuple):
    """A scorer that knows a text by its words."""

    name: str = "exactly"

    def __call__(self, asked: runs.Asked, reply: str) -> float | None:
        return float(reply == asked.reference)


# The folder ---------------------------------------------------------------------------------------


def test_the_folder_says_which_tasks_it_has(folder: Path, suite: Suite) -> None:
    manifest = layout.read_manifest(folder)
    assert manifest.suites == (HUMANMOVE, suite)
    counts = {task: sum(families.values()) for task, families in manifest.questions.items()}
    assert (counts["limb"], counts["story"], counts["existence"]) == (42, 14, 42)
    assert list(counts)[-2:] == ["limb", "story"]
    assert list(manifest.letters) == ["2 options, A to B", "7 options, A to G"]
    assert sum(manifest.letters["7 options, A to G"].counts) == 42
    assert manifest.rejections == {"limb": {"tie": 3}}
    assert "story" not in manifest.majority
    assert set(manifest.answers["toy_limb"]) == {"left_arm", "right_arm", "left_leg", "right_leg",
                                                 "head", "trunk", "left_hand"}  # fmt: skip
    assert "toy_story" not in manifest.answers


def test_rows_keep_what_a_free_text_needs(folder: Path) -> None:
    stories = [row for row in rows_of(folder) if row.task == "story"]
    assert all(row.is_text and row.answer == "" and row.chance == 0 for row in stories)
    assert all(row.reference.startswith("The person moves the ") for row in stories)
    assert all(row.people == (0, 1) and len(row.claims) == 2 for row in stories)
    assert {row.suite for row in stories} == {"toy"}


def test_answers_of_seven_options_are_made_even_and_texts_stay(
    measured: list[MotionFacts], write_toy: Write, suite: Suite, tmp_path: Path
) -> None:
    write_toy(tmp_path, measured, Recipe(suites=(suite, HUMANMOVE), val=0.0, test=0.5))
    for side in ("train", "test"):
        rows = [row for split, row in layout.rows(tmp_path) if split == side]
        right = Counter(row.option_codes[row.answer_index] for row in rows if row.task == "limb")
        assert len(right) == 7
        assert len(set(right.values())) == 1
    assert sum(row.task == "story" for row in rows_of(tmp_path)) == 14


def test_a_task_that_no_suite_of_the_recipe_has_is_refused(
    measured: list[MotionFacts], write_toy: Write, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="the tasks limb, story, which no suite"):
        write_toy(tmp_path, measured, Recipe())


def test_statistics_count_tasks_and_suites(folder: Path) -> None:
    found = stats.of(folder)
    assert found.chance["limb"] == pytest.approx(1 / 7)
    assert "story" not in found.chance
    shown = {row[0]: row for table in stats.tables(found) for row in table.rows}
    assert shown["all of toy"][1] == "56"
    assert shown["all of humanmove"][1] == "42"
    assert "G " in shown["letter, 7 options, A to G"][1]


def test_a_story_is_explained_by_its_reference(folder: Path) -> None:
    story = next(row for row in rows_of(folder) if row.task == "story")
    text = explain.text(*explain.find(folder, story.id))
    assert f"Reference: {story.reference}" in text
    assert f"- {story.claims[0]}" in text
    assert "guessing" not in text


def test_the_audit_leaves_free_text_out_and_says_so(folder: Path) -> None:
    found = load.read(folder)
    assert found.left_out == {"free text": 14}
    made = report.audit(found.rows, left_out=found.left_out)
    assert set(made.best) == {"all", "limb", "existence"}
    assert made.best["limb"].score.chance == round(1 / 7, 5)
    only = folder / "nothing.jsonl"
    story = next(row for row in rows_of(folder) if row.task == "story")
    only.write_bytes(msgspec.json.encode(story) + b"\n")
    with pytest.raises(ValueError, match="free text: 1 rows"):
        load.read(only)
    only.unlink()


def test_free_text_stays_and_changes_nothing_of_what_blind_models_know(
    folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn")

    def thinned(name: str, *, with_texts: bool) -> list[Record]:
        home = tmp_path / name
        home.mkdir()
        files = {side: home / f"{side}.jsonl" for side in SPLITS}
        for side, path in files.items():
            rows = [row for split, row in layout.rows(folder) if split == side]
            kept = [row for row in rows if with_texts or not row.is_text]
            path.write_bytes(b"".join(record.to_line(row) + b"\n" for row in kept))
        done = bounded.thin(files, max_blind=0.5, balanced=True)
        left = [row for path in files.values() for row in record.read(path)]
        assert done.tally.total == len(left)
        assert 0 < done.withheld + done.uneven < 84
        return left

    left = thinned("all", with_texts=True)
    assert [row for row in left if not row.is_text] == thinned("choices", with_texts=False)
    stories = [row for row in rows_of(folder) if row.is_text]
    assert [row for row in left if row.is_text] == stories


# Exports ------------------------------------------------------------------------------------------


def test_exports_hold_seven_options_and_references(
    folder: Path, videos: Path, tmp_path: Path
) -> None:
    made = export_folder.write(folder, videos, tmp_path / "task", Wish(shape="lmms-eval"))
    tested = [row for split, row in layout.rows(folder) if split == "test"]
    stories = sum(row.is_text for row in tested)
    assert stories > 0
    assert (made.rows, made.texts_left_out) == (len(tested) - stories, stories)
    lines = (tmp_path / "task" / "test.jsonl").read_text().splitlines()
    limbs = [row for row in map(json.loads, lines) if row["task"] == "limb"]
    assert all(len(row["options"]) == 7 and "\nG. " in row["prompt"] for row in limbs)
    made = export_folder.write(folder, videos, tmp_path / "sft", Wish(shape="llamafactory"))
    assert (made.rows, made.texts_left_out) == (98, 0)
    replies = {
        row["id"]: row["messages"][1]["content"]
        for line in (tmp_path / "sft" / "train.jsonl").read_text().splitlines()
        for row in [json.loads(line)]
    }
    for row in rows_of(folder):
        if row.id in replies:
            assert replies[row.id] == (row.reference if row.is_text else row.answer)
    with pytest.raises(ValueError, match="tasks limb, story: the published layout"):
        export_folder.write(folder, videos, tmp_path / "no", Wish(shape="humanmovevqa"))


def rewrite(folder: Path, copy: Path, **changes: object) -> Path:
    """A copy of a data set whose stories are otherwise."""
    copy.mkdir()
    for name in (*layout.SIDES, layout.CLIPS, layout.MANIFEST):
        (copy / name).write_bytes((folder / name).read_bytes())
    manifest = layout.read_manifest(copy)
    sides = dict(manifest.splits)
    for side in sides:
        rows = [
            msgspec.structs.replace(row, **changes) if row.task == "story" else row
            for split, row in layout.rows(folder)
            if split == side
        ]
        path = copy / f"{side}.jsonl"
        path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        sha256 = layout.file_sha256(path)
        sides[side] = msgspec.structs.replace(sides[side], sha256=sha256)
    changed = msgspec.structs.replace(manifest, splits=sides)
    (copy / layout.MANIFEST).write_bytes(msgspec.json.encode(changed))
    return copy


def test_what_no_export_can_show_is_refused(folder: Path, videos: Path, tmp_path: Path) -> None:
    pictures = rewrite(folder, tmp_path / "pictures", media="two pictures")
    with pytest.raises(ValueError, match="14 with two pictures"):
        export_folder.write(pictures, videos, tmp_path / "no", Wish(shape="llamafactory"))
    part = rewrite(folder, tmp_path / "part", start_s=1.0, end_s=2.0)
    with pytest.raises(ValueError, match="is about 1 to 2 s of"):
        export_folder.write(part, videos, tmp_path / "no", Wish(shape="llamafactory"))


# Runs and scores ----------------------------------------------------------------------------------


def test_prompts_list_seven_letters_or_ask_for_sentences(folder: Path) -> None:
    rows = rows_of(folder)
    limb = next(row for row in rows if row.task == "limb")
    shown = prompt.ask(limb, shift=3)
    assert shown.options == (*limb.options[3:], *limb.options[:3])
    assert f"\nG. {shown.options[6]}\n" in shown.text
    assert "\nH. " not in shown.text
    assert prompt.target(limb, shift=3) == LETTERS[(limb.answer_index - 3) % 7]
    story = next(row for row in rows if row.task == "story")
    shown = prompt.ask(story, shift=3)
    assert shown.text.endswith(prompt.TEXT_FORMAT)
    assert "\nA. " not in shown.text
    assert prompt.target(story) == story.reference


@pytest.fixture(scope="module")
def knowing(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> runs.Loaded:
    out = tmp_path_factory.mktemp("runs") / "knowing"
    settings = Settings(split="all", circular=True)
    done = evaluate.evaluate(folder, out, Knowing(), settings=settings)
    assert (done.asked, done.missing) == (42 * 7 + 42 * 2 + 14, 0)
    assert (done.answered, done.silent) == (done.asked - 4, 4)
    return runs.read(out)


def test_who_knows_everything_has_all_points(knowing: runs.Loaded, suite: Suite) -> None:
    assert knowing.run.suites == (HUMANMOVE, suite)
    found = score.score(knowing)
    assert (found.missing, found.points, found.circular_points) == (0, 100.0, 100.0)
    assert {name: part.points for name, part in found.tasks.items()} == {
        "existence": 100.0, "limb": 100.0,
    }  # fmt: skip
    assert {name: one.points for name, one in found.suites.items()} == {
        "humanmove": 100.0, "toy": 100.0,
    }  # fmt: skip
    limbs = next(one for one in found.letters if one.options == 7)
    assert list(limbs.said) == list("ABCDEFG")
    assert limbs.said == limbs.right


def test_free_text_is_scored_by_its_scorer_or_not_at_all(knowing: runs.Loaded) -> None:
    without = score.score(knowing).texts["story"]
    assert (without.replies, without.silent, without.scored, without.mean) == (14, 4, 0, None)
    assert without.not_scored == {NO_SCORER: 14}
    found = score.score(knowing, scorers={"story": Exactly()}).texts["story"]
    assert (found.scored, found.mean, found.not_scored) == (14, round(10 / 14, 5), {})
    with pytest.raises(ValueError, match="expected 0 to 1"):
        score.score(knowing, scorers={"story": lambda_scorer(2.0)})
    unsure = score.score(knowing, scorers={"story": lambda_scorer(None)}).texts["story"]
    assert (unsure.scored, unsure.mean) == (4, 0.0)  # where nothing was said
    assert unsure.not_scored == {"fixed could not tell": 10}


def lambda_scorer(share: float | None) -> object:
    class Fixed:
        name = "fixed"

        def __call__(self, asked: runs.Asked, reply: str) -> float | None:  # noqa: ARG002
            return share

    return Fixed()


def test_tables_show_suites_tasks_and_texts(knowing: runs.Loaded) -> None:
    found = score.report([knowing])
    assert found.tasks == ("existence", "limb")
    shown = {table.title: table for table in tables.of(found)}
    assert shown["by suite"].rows[1][:3] == ("toy", "1", "294")
    beside = next(iter(shown.values()))
    assert beside.headings[3:7] == ("humanmove", "toy", "existence", "limb")
    assert shown["free text"].rows[0][-1] == f"14: {NO_SCORER}"
    assert "existence & limb" in tables.latex(found)


def test_guesses_choose_among_seven_and_write_nothing(folder: Path, tmp_path: Path) -> None:
    rows = list(layout.rows(folder))
    learned = [row for split, row in rows if split == "train"]
    judged = [row for split, row in rows if split == "test"]
    for answerer in (
        Chance(), Majority(learned=learned), Blind(learned=learned, judged=judged),
    ):  # fmt: skip
        out = tmp_path / answerer.name
        done = evaluate.evaluate(folder, out, answerer)
        run = runs.read(out)
        texts = {one.id for one in run.asked if not one.options}
        assert done.missing == 0
        assert len(texts) == done.silent > 0
        for one in run.predictions:
            assert (one.answer is None) == (one.id in texts)
            assert one.problem == (FREE_TEXT if one.id in texts else "")
        found = score.score(run)
        assert found.silent_share == 0.0
        assert found.texts["story"].silent == len(texts)
    said = [one.shown for one in run.predictions if one.shown]
    assert set(said) <= set("ABCDEFG")


def test_an_oracle_says_that_it_writes_no_text(folder: Path, tmp_path: Path) -> None:
    asked = [
        Asked(key=row.id, text="", options=row.options, record=row)
        for row in rows_of(folder)
        if row.task == "story"
    ]
    replies = list(Oracle(motions=tmp_path).replies(asked))
    assert {one.text for one in replies} == {""}
    assert all("free text" in one.problem for one in replies)


def test_tasks_are_chosen_by_name(folder: Path) -> None:
    chosen = evaluate.rows(folder, Settings(split="all", tasks=("story",)))
    assert {row.task for row in chosen} == {"story"}
    with pytest.raises(ValueError, match=r"tasks stories; expected names from numerical, .*story"):
        evaluate.rows(folder, Settings(tasks=("stories",)))


def test_runs_of_text_alone_have_no_points(folder: Path, tmp_path: Path) -> None:
    settings = Settings(split="all", tasks=("story",))
    for name in ("one", "other"):
        evaluate.evaluate(folder, tmp_path / name, Knowing(), settings=settings)
    found = score.report([runs.read(tmp_path / "one"), runs.read(tmp_path / "other")])
    assert found.pairs == ()
    assert found.scores[0].tasks == {}
    assert found.scores[0].texts["story"].replies == 14
    shown = tables.of(found)[0].rows[0]
    assert shown[:3] == ("one", "–", "–")


# The report page's data ---------------------------------------------------------------------------


def test_the_report_has_all_tasks_and_texts(
    folder: Path, knowing: runs.Loaded, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    run = tmp_path / "knowing"
    run.mkdir()
    lines = [msgspec.json.encode(one) + b"\n" for one in knowing.predictions]
    (run / "predictions.jsonl").write_bytes(b"".join(lines))
    report_folder.write(folder, out, prediction_files=[run])
    text = (out / "data" / "overview.js").read_text()
    about = json.loads(text.partition("(")[2].partition(", ")[2].rpartition(");")[0])
    assert [(one["suite"], one["name"]) for one in about["tasks"]][-2:] == [
        ("toy", "limb"), ("toy", "story"),
    ]  # fmt: skip
    model = about["models"][0]
    assert (model["right"], model["texts"], model["unasked"]) == (84, 14, 0)
    assert model["scores"][-2:] == [100.0, None]
    shown = "".join(path.read_text() for path in sorted((out / "data" / "questions").iterdir()))
    assert shown.count('"reference":"The person moves the ') == 14
