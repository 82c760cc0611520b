"""The report as a folder: complete, repeatable, whole or not at all; and what it says when not."""

import json
import math
import re
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import Result
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kinematics import synthetic
from kinematics.facts import ANGULAR_SIGNALS, SIGNALS
from kinematics.readers import native
from qagen.audit import forest, report, show
from qagen.audit.rows import Row
from qagen.build import pipeline
from qagen.commands.app import app
from qagen.dataset import layout
from qagen.dataset.layout import Clip, Recipe
from qagen.dataset.splits import SPLITS
from qagen.language.vocabulary import MOVEMENTS
from qagen.report import audits, folder, lanes, motions, pieces, predictions, rows, videos
from qagen.schema.question import Evidence
from qagen.schema.record import LETTERS
from qagen.schema.suite import HUMANMOVE, tasks_of
from qagen.study.explain import in_words

TASKS = tuple(tasks_of([HUMANMOVE]))

PAGE = Path(folder.__file__).parent / "page"


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="qagen")


def tree(out: Path) -> dict[str, bytes]:
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def content_of(path: Path) -> Any:
    """What a piece hands over, under the name of its file."""
    found = re.fullmatch(r'report\.take\("([^"]+)", (.*)\);\n', path.read_text(), re.DOTALL)
    assert found is not None
    assert path.as_posix().endswith(f"/data/{found[1]}.js")
    return json.loads(found[2])


def in_pieces(out: Path, kind: str) -> list[Any]:
    found = sorted((out / "data" / kind).glob("*.js"))
    assert [path.stem for path in found] == [f"{n:03d}" for n in range(len(found))]
    return [content_of(path) for path in found]


# Laws of the pieces


@example("</script><script>alert(1)</script>")
@given(st.recursive(st.text() | st.floats(-9, 9) | st.none(), st.lists, max_leaves=8))
def test_a_piece_hands_over_what_it_was_given_and_ends_no_script(content: Any) -> None:
    script = pieces.script("list/000", content).decode()
    assert "<" not in script
    assert script.startswith('report.take("list/000", ')
    assert json.loads(script.removeprefix('report.take("list/000", ')[:-3]) == content


@given(sizes=st.lists(st.integers(0, 2 * pieces.LARGEST), max_size=30), most=st.integers(1, 7))
def test_a_series_loses_nothing_and_knows_where_pieces_begin(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], most: int
) -> None:
    out = tmp_path_factory.mktemp("series")
    series = pieces.Series(out, "things", most=most)
    for number, size in enumerate(sizes):
        series.add(number, size=size)
    starts = series.close()
    found = in_pieces(out, "things")
    assert [number for piece in found for number in piece] == list(range(len(sizes)))
    assert starts == [piece[0] for piece in found]
    for piece in found:
        assert len(piece) <= most
        assert len(piece) == 1 or sum(sizes[n] for n in piece) <= pieces.LARGEST


# Where evidence is seen


def test_there_is_a_lane_for_every_signal() -> None:
    assert sorted(lane.signal for lane in lanes.LANES) == sorted(SIGNALS)
    assert {lane.signal for lane in lanes.LANES if lane.unit == "°"} == ANGULAR_SIGNALS


@pytest.mark.parametrize("name", MOVEMENTS)
@pytest.mark.parametrize("ending", ["", *lanes.ENDINGS])
def test_every_movement_is_seen_on_its_own_signal(name: str, ending: str) -> None:
    signal = MOVEMENTS[name].signal
    assert lanes.signal_of(name + ending) == (signal if signal in SIGNALS else "up")


def test_all_evidence_of_the_data_set_is_seen_somewhere(made: Any) -> None:
    names = {one.what for _, row in made.rows for one in row.evidence}
    assert len(names) > 10
    unseen = {name for name in names if not lanes.signal_of(name) and not lanes.on_path(name)}
    assert unseen <= {"neither"}


# The folder


def test_every_question_is_there_as_it_was_built(made: Any) -> None:
    about = content_of(made.out / "data" / "overview.js")
    asked = [row for piece in in_pieces(made.out, "questions") for row in piece]
    assert [row["id"] for row in asked] == [row.id for _, row in made.rows]
    assert about["total"] == len(made.rows) > 100
    for one, (_, row) in zip(asked, made.rows, strict=True):
        assert one["question"] == row.question
        assert tuple(one["options"]) == row.options
        assert one["key"] == row.answer_index
        assert tuple(one["reasoning"]) == row.reasoning
        assert one["times"] == pytest.approx(row.margin.value / row.margin.band, abs=0.01)
        assert one.get("certificate") == (
            None if row.certificate is None else msgspec.to_builtins(row.certificate)
        )
        seen = [(piece["start"], piece["end"], piece["value"]) for piece in one["evidence"]]
        assert seen == [
            (round(e.start_s, 3), round(e.end_s, 3), in_words(e.value, e.unit))
            for e in row.evidence
        ]


def test_the_list_names_every_question_with_its_clip_and_side(made: Any) -> None:
    about = content_of(made.out / "data" / "overview.js")
    listed = in_pieces(made.out, "list")
    assert about["list_starts"] == [0]
    (columns,) = listed
    assert {len(columns[name]) for name in ("ids", "stem", "clip", "family", "models")} == {
        len(made.rows)
    }
    for place, (split, row) in enumerate(made.rows):
        assert columns["ids"][place] == row.id
        assert columns["stems"][columns["stem"][place]] == row.question
        assert about["clip_names"][columns["clip"][place]] == row.clip
        assert about["tasks"][columns["task"][place]]["name"] == row.task
        assert about["families"][columns["family"][place]] == row.family
        assert about["splits"][columns["split"][place]] == split


def test_clips_have_their_path_movements_and_video(made: Any) -> None:
    shown = [clip for piece in in_pieces(made.out, "clips") for clip in piece]
    clips = list(layout.clips(made.dataset))
    assert [one["name"] for one in shown] == [clip.clip for clip in clips]
    assert made.hostile in {one["name"] for one in shown}
    for one, clip in zip(shown, clips, strict=True):
        far = [math.hypot(s.left_m, s.forward_m) for s in clip.samples]
        assert one["lanes"]["start_distance"] == pytest.approx(far, abs=1e-3)
        assert len(one["times"]) == len(one["lanes"]["heading"]) == len(clip.samples)
        counted = Counter(move["lane"] for move in one["movements"])
        assert sum(counted.values()) == sum(clip.movements.values())
    assert [one["name"] for one in shown if one.get("video")] == [made.filmed]


def test_the_same_input_gives_the_same_bytes(made: Any, tmp_path: Path) -> None:
    folder.write(
        made.dataset, tmp_path / "elsewhere", motions_dir=made.facts_file, videos_dir=made.videos,
        prediction_files=made.predictions,
    )  # fmt: skip
    assert tree(tmp_path / "elsewhere") == tree(made.out)
    assert list(tmp_path.iterdir()) == [tmp_path / "elsewhere"]


def test_a_report_replaces_a_report_and_nothing_else(made: Any, tmp_path: Path) -> None:
    out = tmp_path / "report"
    folder.write(made.dataset, out)
    (out / "data" / "clips" / "999.js").write_text("of a longer report")
    folder.write(made.dataset, out)
    assert not (out / "data" / "clips" / "999.js").exists()
    for name in ("notes.txt", "videos/mine.mp4"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
        with pytest.raises(ValueError, match=f"also holds {name}, which would be lost"):
            folder.write(made.dataset, out)
        assert (out / name).read_text() == "mine"
        (out / name).unlink()
    with pytest.raises(ValueError, match="is or holds the input"):
        folder.write(made.dataset, made.dataset)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    with pytest.raises(
        ValueError, match=r"holds chapter\.tex, which this `qagen report` did not write"
    ):
        folder.write(made.dataset, tmp_path / "thesis")
    assert tree(tmp_path / "thesis") == {"chapter.tex": b"mine"}


def test_what_fails_leaves_the_earlier_report_as_it_was(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report"
    folder.write(made.dataset, out)
    before = tree(out)

    def full(_folder: Path, name: str, _content: object) -> None:
        raise OSError(28, "No space left on device", name)

    monkeypatch.setattr(pieces, "write", full)
    with pytest.raises(OSError, match="No space left"):
        folder.write(made.dataset, out)
    assert tree(out) == before
    assert list(tmp_path.iterdir()) == [out]


def test_a_changed_data_set_is_refused(made: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no manifest\.json"):
        folder.write(tmp_path, tmp_path / "out")
    shutil.copytree(made.dataset, tmp_path / "changed")
    with (tmp_path / "changed" / "val.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(ValueError, match=r"val\.jsonl was changed"):
        folder.write(tmp_path / "changed", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# The overview


def test_counts_are_those_of_the_rows(made: Any) -> None:
    about = content_of(made.out / "data" / "overview.js")
    for place, task in enumerate(TASKS):
        told = about["tasks"][place]
        counts = Counter(split for split, row in made.rows if row.task == task)
        assert told["splits"] == [counts[split] for split in SPLITS]
        assert dict(told["rejected"]) == made.manifest.rejections.get(task, {})
    certified = Counter(row.task for _, row in made.rows if row.certificate)
    assert {one["name"]: one["certified"] for one in about["certificates"]} == certified
    assert about["error_models"] == ["made, 64 copies"]


def test_predictions_are_scored_as_by_hand(made: Any) -> None:
    about = content_of(made.out / "data" / "overview.js")
    assert [model["name"] for model in about["models"]] == ["keen", "hasty"]
    for model, wrong_every in zip(about["models"], (9, 2), strict=True):
        silent = [number % 11 == 10 for number in range(len(made.rows))]
        wrong = [
            number % wrong_every == 0 and not silent[number] for number in range(len(made.rows))
        ]
        assert model["unanswered"] == sum(silent)
        assert model["wrong"] == sum(wrong)
        assert model["right"] == len(made.rows) - sum(silent) - sum(wrong)
        place = TASKS.index("existence")
        of = [n for n, (_, row) in enumerate(made.rows) if row.task == "existence"]
        right = sum(not silent[n] and not wrong[n] for n in of) / len(of)
        assert model["scores"][place] == pytest.approx(100 * (right - 0.5) / 0.5, abs=0.06)
        there = [score for score in model["scores"] if score is not None]
        assert model["score"] == pytest.approx(sum(there) / len(there), abs=0.11)


def test_an_audit_is_shown_as_it_was_found(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forest, "available", lambda: False)
    asked = [
        Row(clip=f"{n}", task="existence", question="Up?", options=("No", "Yes"),
            answer_index=int(n % 9 > 0))
        for n in range(60)
    ]  # fmt: skip
    show.write(report.audit(asked), tmp_path / "audit.json")
    found = audits.read(tmp_path / "audit.json")
    folder.write(made.dataset, tmp_path / "out", audit_file=tmp_path / "audit.json")
    about = content_of(tmp_path / "out" / "data" / "overview.js")
    assert about["audit"] == msgspec.json.decode(msgspec.json.encode(found))
    assert about["audit"]["best"]["existence"]["score"]["accused"]
    (tmp_path / "audit.json").write_text('{"rows": "many"}')
    with pytest.raises(ValueError, match=r"audit\.json: .*expected the output of `qagen audit"):
        audits.read(tmp_path / "audit.json")


# Predictions


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"id": "a", "answer": "B", "reply": "B."}', (1, "B.")),
        ('{"id": "a", "answer": "b", "raw": "(b)", "more": 1}', (1, "(b)")),
        ('{"id": "a", "answer": null, "reply": "No idea."}', (None, "No idea.")),
        ('{"id": "a", "answer_index": 3}', (3, "")),
        ('{"id": "a", "answer": 2}', (2, "")),
        ('{"id": "a"}', (None, "")),
        ('{"id": "a", "shift": 0, "answer": "A"}\n{"id": "a", "shift": 1, "answer": "D"}', (0, "")),
    ],
)
def test_predictions_are_read(line: str, expected: tuple[int | None, str], tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(f"\n{line}\n\n")
    found = predictions.read(tmp_path / "mine.jsonl")
    assert found.name == "mine"
    assert tuple(found.answers["a"]) == expected


def test_bad_predictions_are_named_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(
        '{"id": "a", "answer": "B"}\n{"id": "a", "answer": "C"}\n{"answer": "A"}\n'
        '{"id": "b", "answer": "AB"}\n{"id": "c", "answer_index": 9}\n{"id": "d", "ans\n'
    )
    with pytest.raises(ValueError, match=r"bad\.jsonl: line 2: a was answered before; line 3") as e:
        predictions.read(path)
    for words in ("line 4: answer 'AB'", "line 5: answer_index 9", "line 6", "Expected one line"):
        assert words in str(e.value)
    path.write_text("\n")
    with pytest.raises(ValueError, match="no prediction in it"):
        predictions.read(path)


def test_predictions_of_one_name_are_told_apart(made: Any, tmp_path: Path) -> None:
    (tmp_path / "keen.jsonl").write_bytes(made.predictions[0].read_bytes())
    found = predictions.read_all([made.predictions[0].parent, tmp_path / "keen.jsonl"])
    assert [one.name for one in found] == ["keen", "keen (2)"]


def test_predictions_for_another_data_set_are_refused(made: Any, tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text('{"id": "0000", "answer": "A"}\n')
    with pytest.raises(ValueError, match="predictions of other: none of the ids"):
        folder.write(made.dataset, tmp_path / "out", prediction_files=[tmp_path / "other.jsonl"])
    two = next(row for _, row in made.rows if len(row.options) == 2)
    (tmp_path / "other.jsonl").write_text(f'{{"id": "{two.id}", "answer": "D"}}\n')
    with pytest.raises(ValueError, match=f"answer D to {two.id}, which has 2 options"):
        folder.write(made.dataset, tmp_path / "out", prediction_files=[tmp_path / "other.jsonl"])
    assert [path.name for path in tmp_path.iterdir()] == ["other.jsonl"]


def test_outcomes_say_what_became_of_a_question(made: Any) -> None:
    row = made.rows[0][1]
    found = [
        rows.outcome(row, given)
        for given in (
            predictions.Prediction(row.answer_index, ""),
            predictions.Prediction((row.answer_index + 1) % len(row.options), ""),
            predictions.Prediction(None, LETTERS),
            None,
        )
    ]
    assert found == [rows.RIGHT, rows.WRONG, rows.NO_ANSWER, rows.NOT_ASKED]


def test_a_margin_without_a_band_has_no_multiple(made: Any) -> None:
    row = made.rows[0][1]
    free = msgspec.structs.replace(row, margin=msgspec.structs.replace(row.margin, band=0.0))
    assert rows.times_needed(free) == 0.0
    assert rows.shown(free).times == 0.0


# Videos and motions


def track_of(folder: Path, name: str, film: str, *people: tuple[str, int, str]) -> None:
    content = {
        "schema_version": 1,
        "video": film,
        "people": [{"clip": c, "person": p, "words": w} for c, p, w in people],
        "times_s": [0.0],
    }
    (folder / f"{name}.camera.json").write_text(json.dumps(content))


def test_videos_are_found_by_their_tracks_and_copied_once(made: Any, tmp_path: Path) -> None:
    first, second, *_ = layout.clips(made.dataset)
    films = tmp_path / "films"
    films.mkdir()
    (tmp_path / "outside.mp4").write_bytes(b"secret")
    (films / "both.mp4").write_bytes(b"film")
    track_of(films, "both", "both.mp4", (first.clip, 0, "the one in red"), (second.clip, 0, "blue"))
    track_of(films, "sly", "../outside.mp4", (first.clip, 0, "nobody"))
    found = videos.find(films, [first, second])
    assert found == {
        first.name: videos.Video(films / "both.mp4", "the one in red"),
        second.name: videos.Video(films / "both.mp4", "blue"),
    }
    copies = videos.Copies(tmp_path / "report")
    names = {copies.add(video.path) for video in found.values()}
    assert names == {"videos/00000.mp4"}
    assert (len(copies), copies.bytes) == (1, 4)
    assert tree(tmp_path / "report") == {"videos/00000.mp4": b"film"}


def test_a_folder_without_the_clips_videos_is_refused(made: Any, tmp_path: Path) -> None:
    (tmp_path / "holiday.mp4").write_bytes(b"film")
    clip: Clip = next(layout.clips(made.dataset))
    with pytest.raises(ValueError, match=r"no video of any clip; expected files such as clip"):
        videos.find(tmp_path, [clip])
    (tmp_path / "bad.camera.json").write_text("{")
    with pytest.raises(ValueError, match=r"bad\.camera\.json: .*expected a camera track"):
        videos.find(tmp_path, [clip])


def test_motions_give_the_path_that_the_data_set_holds_and_the_leans(tmp_path: Path) -> None:
    script = synthetic.walk(3.0).then(synthetic.pause(3.0), synthetic.bow(1.0))
    script = script.then(synthetic.pause(5.0))
    motion = synthetic.perform(script, clip="walk", fps=10.0, joints=False).motion
    (tmp_path / "motions").mkdir()
    native.write(motion, tmp_path / "motions" / "walk.npz")
    recipe = Recipe(tasks=("existence",), balanced=False)
    pipeline.build(tmp_path / "motions", tmp_path / "questions", recipe)
    (clip,) = layout.clips(tmp_path / "questions")
    lost = msgspec.structs.replace(clip, source="gone.npz")
    shutil.copy(tmp_path / "motions" / "walk.npz", tmp_path / "outside.npz")
    outside = msgspec.structs.replace(clip, source="../outside.npz")
    found, *none = motions.moved(tmp_path / "motions", [clip, lost, outside])
    assert none == [None, None]
    assert found is not None
    assert found.line is not None
    times_s = np.array(found.line.times_s)
    told = dict(zip(SIGNALS, found.line.signals, strict=True))
    sampled_s = [sample.time_s for sample in clip.samples]
    for signal, tolerance_m in (("left", 0.005), ("forward", 0.005), ("up", 0.03)):
        held = [getattr(sample, f"{signal}_m") for sample in clip.samples]
        assert np.interp(sampled_s, times_s, told[signal]) == pytest.approx(held, abs=tolerance_m)
    assert max(told["forward_lean"]) > 0.3
    out = call(
        "report", tmp_path / "questions", "--motions", tmp_path / "motions",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert out.exit_code == 0, out.output
    ((shown,),) = in_pieces(tmp_path / "out", "clips")
    assert set(shown["lanes"]) == set(SIGNALS)
    bows = [move for move in shown["movements"] if move["lane"] == "forward_lean"]
    assert len(bows) == 2
    assert times_s[np.argmax(told["forward_lean"])] == pytest.approx(bows[0]["end"], abs=1.0)


def test_gaps_are_where_nobody_was_seen() -> None:
    seen = np.array([1, 0, 0, 1, 1, 0], dtype=bool)
    trace = SimpleNamespace(times_s=np.arange(6) / 2, observed=seen)
    assert motions._gaps(trace) == [(0.5, 1.5), (2.5, 2.5)]  # type: ignore[arg-type]


# The command and the page


def test_the_command_says_what_was_made_and_what_is_wrong(made: Any, tmp_path: Path) -> None:
    done = call("report", made.dataset, "--out", tmp_path / "report", "--videos", made.videos)
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{len(made.rows):,} questions, 12 clips, 1 videos, ")
    assert done.output.endswith(f"{tmp_path / 'report' / 'index.html'}\n")
    size = sum(map(len, tree(tmp_path / "report").values()))
    assert f"{size / 1e6:,.1f} MB" in done.output
    for option in ("--motions", "--videos", "--predictions", "--audit"):
        failed = call("report", made.dataset, "--out", tmp_path / "new", option, tmp_path / "none")
        assert failed.exit_code == 2
        assert f"{tmp_path / 'none'}: no such" in failed.output
    assert not (tmp_path / "new").exists()


def test_the_page_never_takes_data_for_markup_and_asks_nobody() -> None:
    scripts = "".join(path.read_text() for path in PAGE.glob("*.js"))
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    assert not re.search(sinks, scripts)
    page = (PAGE / "page.html").read_text()
    assert not re.search(r"https?:", page + (PAGE / "page.css").read_text())
    assert re.findall(r"https?:[^\"]*", scripts) == ["http://www.w3.org/2000/svg"]
    assert "default-src 'none'" in page
    assert not re.search(r"\son\w+=|<script>|<style", page)
    assert re.findall(r'<script src="([^"]+)">', page) == list(folder.STATIC[2:])
    assert {path.name for path in PAGE.iterdir()} == set(folder.STATIC)


GROUNDS = {
    "ink": "ground panel sunk select good-ground",
    "soft": "ground panel sunk select quarter",
    "accent": "ground panel",
    "accent-ink": "accent",
    "good": "good-ground panel",
    "bad": "bad-ground panel",
    "panel": "good",
}
"""On what each colour of text may stand."""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_every_ground(theme: str) -> None:
    css = (PAGE / "page.css").read_text()
    blocks = re.findall(r":root([^{]*)\{([^}]*--ground[^}]*)\}", css)
    light, dark_by_system, dark_by_choice = (colours(block) for _, block in blocks)
    assert dark_by_system == dark_by_choice
    assert light.keys() >= dark_by_choice.keys()
    chosen = light if theme == "light" else dark_by_choice
    poor = {
        (text, ground): contrast(chosen[text], chosen[ground])
        for text, grounds in GROUNDS.items()
        for ground in grounds.split()
    }
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
    marks = {f"c{n}": contrast(chosen[f"c{n}"], chosen["panel"]) for n in range(7)}
    assert {name: ratio for name, ratio in marks.items() if ratio < 3.0} == {}


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_evidence_of_every_unit_is_written_in_words() -> None:
    one = Evidence(what="turn_left_total", value=1.5708, unit="rad", start_s=0.0, end_s=2.0)
    piece = rows._piece(one)
    assert (piece.what, piece.value, piece.lane, piece.path) == (
        "turn left total", "90°", "heading", False,
    )  # fmt: skip
