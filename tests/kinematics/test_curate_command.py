"""The command `curate`: many files, broken ones among them, stopped and resumed, on any workers."""

import json
import pickle
import re
from collections.abc import Iterable
from pathlib import Path

import _filmed
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kinematics.commands.app import app
from kinematics.curation import describe, funnel, intake, judge, picture, records, run, verbs
from kinematics.curation.limits import Limits
from kinematics.curation.records import Check, ClipReport, Verdict

OPTIONS = ["--fps", "10", "--size", "640x640", "--limit", "least_box_share=0"]
NAMES = {
    "stands": ("two still, moving camera", 0, None),
    "waves": ("acting, still camera", 1, "wave"),
    "bows": ("acting, moving camera", 1, "bow"),
}


def write_keypoints(path: Path, clip: _filmed.PoseClip) -> None:
    rows = [
        {
            "image_id": frame,
            "keypoints": np.column_stack([np.nan_to_num(points), sure]).round(3).ravel().tolist(),
        }
        for frame in range(len(clip.times_s))
        for points, sure in zip(clip.keypoints_px[frame], clip.confidence[frame], strict=True)
    ]
    path.write_text(json.dumps(rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips with their backgrounds and captions, and files that are no keypoints."""
    folder = tmp_path_factory.mktemp("clips")
    lines = []
    for name, (case, index, action) in NAMES.items():
        clip = _filmed.film(case, index, seed=5, action=action).clip
        write_keypoints(folder / f"{name}.json", clip)
        np.save(folder / f"{name}.background.npy", clip.background_px.astype(np.float32))
        lines.append({"clip": name, "caption": f"Somebody {name} in a hall."})
    (folder / "empty.json").write_text("")
    (folder / "broken.json").write_text('[{"image_id": 1, "keypoints": [1, 2')
    with (folder / "gigantic.json").open("wb") as file:
        file.truncate(300 * 1024**2)
    (folder.parent / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def command(folder: Path, out: Path, *more: str):
    captions = ["--captions", str(folder.parent / "captions.jsonl")]
    return CliRunner().invoke(
        app, ["curate", str(folder), "--out", str(out), *captions, *OPTIONS, *more]
    )


@pytest.fixture(scope="module")
def result(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "kept.jsonl"
    return command(folder, out, "--plot", str(out.with_suffix(".png"))), out


def test_clips_of_people_who_act_are_kept(result):
    done, out = result
    assert done.exit_code == 1, done.output  # three files are no keypoints
    assert [report.clip for report in records.read(out)] == ["bows", "waves"]
    assert "2 of 3 clips kept" in done.output
    assert out.with_suffix(".png").stat().st_size > 10_000
    assert not list(out.parent.glob(".*"))


def test_the_funnel_says_how_many_are_left_and_why(result):
    done, _ = result
    table = {
        words[0]: words[1:3]
        for line in done.output.splitlines()
        if (words := line.split()) and words[0] in records.STAGES
    }
    assert table["metadata"] == ["3", "3"]
    assert table["camera"] == ["3", "2"]
    assert "moving_share too small: 1" in done.output


def test_files_that_cannot_be_read_are_named_and_stop_nothing(result):
    done, out = result
    log = [json.loads(line) for line in run.log_of(out).read_text().splitlines()]
    errors = {
        report["clip"]: report["error"]
        for line in log
        for report in line["reports"]
        if report["error"]
    }
    assert set(errors) == {"empty", "broken", "gigantic"}
    for name, error in errors.items():
        assert f"{name}.json" in error
        assert error in done.output.replace("\r", "") or name in done.output
    assert "expected at most" in errors["gigantic"]
    assert "3 of 6 inputs could not be read" in done.output


def test_movements_of_a_wave_are_told_in_order(result):
    _, out = result
    [waves] = [report for report in records.read(out) if report.clip == "waves"]
    [person] = [person for person in waves.people if person.acts]
    ways = [
        move.direction
        for move in person.moves
        if move.part.endswith("upper_limb") and move.path > 0.5
    ]
    assert ways[0] == "up"
    assert None in ways
    starts = [move.start_s for move in person.moves]
    assert starts == sorted(starts)
    assert not any(move.part.endswith("lower_limb") for move in person.moves)


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(folder, result, tmp_path, monkeypatch):
    _, whole = result
    out = tmp_path / "kept.jsonl"
    lines = run.log_of(whole).read_bytes().splitlines(keepends=True)
    run.log_of(out).write_bytes(b"".join(lines[:4]) + lines[4][: len(lines[4]) // 2])
    done: list[Path] = []
    original = run.curate_some

    def counted(items: Iterable[intake.Item], options: run.Options):
        items = list(items)
        done.extend(item.path for item in items)
        return original(items, options)

    monkeypatch.setattr(run, "curate_some", counted)
    assert command(folder, out).exit_code == 1
    assert len(done) == 2
    assert out.read_bytes() == whole.read_bytes()
    done.clear()
    command(folder, out)
    assert not done
    command(folder, out, "--limit", "moving_share=0.5")  # other options, other verdicts
    assert len(done) == 6


@pytest.mark.parametrize("text", ["measured by hand\n", "measured by hand"])
def test_a_log_that_is_none_and_an_input_are_left_alone(folder, tmp_path, text):
    (tmp_path / "kept.log.jsonl").write_text(text)
    done = command(folder, tmp_path / "kept.jsonl")
    assert done.exit_code == 2
    assert "kept.log.jsonl: no log of `kinematics curate`" in done.output
    assert [path.read_text() for path in tmp_path.iterdir()] == [text]
    before = (folder / "waves.json").read_bytes()
    done = command(folder, folder / "waves.json")
    assert done.exit_code == 2
    assert "waves.json: is an input" in done.output
    assert (folder / "waves.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--limit", "speed=1"], "speed: no such limit"),
        (["--limit", "travel=fast"], "expected a name and a number"),
        (["--size", "big"], "expected width and height"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(folder, tmp_path, arguments, words):
    done = command(folder, tmp_path / "kept.jsonl", *arguments)
    assert done.exit_code == 2
    assert words in done.output
    assert not list(tmp_path.iterdir())


def test_workers_change_nothing(folder, result, tmp_path):
    _, whole = result
    items = intake.find([folder], intake.read_captions(folder.parent / "captions.jsonl"))
    options = run.Options(fps=10.0, size_px=(640, 640), limits=Limits(least_box_share=0.0))
    many = [*items] * 1
    run.CHUNK, chunk = 3, run.CHUNK
    try:
        run.curate(many, tmp_path / "kept.jsonl", options=options, workers=2)
    finally:
        run.CHUNK = chunk
    assert (tmp_path / "kept.jsonl").read_bytes() == whole.read_bytes()


def test_videos_say_what_they_need(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 400
        for _ in range(60):
            frame = av.VideoFrame.from_ndarray(np.zeros((400, 400, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    [report] = run.curate(intake.find([path], {}), tmp_path / "kept.jsonl", options=run.Options())
    assert "--detector and --pose" in report.error
    (tmp_path / "b.mp4").write_bytes(b"no video")
    items = intake.find([tmp_path / "b.mp4"], {})
    [report] = run.curate(items, tmp_path / "kept.jsonl", options=run.Options())
    assert "b.mp4: not a readable video" in report.error


# Parts of it -------------------------------------------------------------------------------------


def test_captions_are_refused_with_every_line_that_is_wrong(tmp_path):
    path = tmp_path / "captions.jsonl"
    path.write_text('{"clip": "a"}\n{"caption": 1}\n\n{"clip": "a"}\nnonsense\n')
    with pytest.raises(ValueError, match="line 2") as refused:
        intake.read_captions(path)
    assert all(f"line {number}" in str(refused.value) for number in (2, 4, 5))


@pytest.mark.parametrize("kind", ["pickled", "shape", "text", "short"])
def test_backgrounds_that_are_none_are_refused(tmp_path, kind):
    path = tmp_path / "a.background.npy"
    if kind == "pickled":
        np.save(path, np.array([{}, None], dtype=object), allow_pickle=True)
    elif kind == "shape":
        np.save(path, np.zeros((3, 2)))
    elif kind == "text":
        path.write_bytes(pickle.dumps("text"))
    else:
        np.save(path, np.zeros((300, 20, 2)))
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=re.escape(str(path))) as refused:
        intake.read_background(path)
    assert "numpy.save" in str(refused.value)


@pytest.mark.parametrize(
    ("caption", "count"),
    [
        ("A man is running along the beach and waves to a child.", 2),
        ("Portrait of a beautiful woman with red hair", 0),
        ("Dancers leapt, spun and fell.", 3),
        ("The run of the river, a walk in the park, a dance.", 0),
        ("Aerial view of the city at night", 0),
        ("She carries boxes", 1),
        ("", 0),
    ],
)
def test_verbs_of_action_are_counted(caption, count):
    assert verbs.by_words()(caption) == count


COUNT = verbs.by_words()


@given(st.text(max_size=80))
def test_any_text_is_a_caption(text):
    assert COUNT(text) >= 0


def test_every_regular_form_leads_back_to_its_verb():
    for verb in verbs.VERBS:
        forms = {verb + "s", verb + "es"} if verb[-1] in "sxzh" else {verb + "s"}
        stem = verb.removesuffix("e")
        forms |= {stem + "ing"} if not verb.endswith(("ie", "ee")) else set()
        for form in forms:
            assert verbs.lemma(form) in verbs.VERBS, form


def test_funnels_count_the_first_reason_of_each():
    def report(*values: float) -> ClipReport:
        checks = tuple(Check(name=f"c{i}", value=v, least=1.0) for i, v in enumerate(values))
        return ClipReport(clip="a", path="a", verdicts=(Verdict(stage="people", checks=checks),))

    counted = funnel.tally([report(2, 2), report(0, 0), report(2, 0), report(0, 2)])
    layer = counted.layers[2]
    assert (layer.reached, layer.kept) == (4, 1)
    assert layer.reasons == {"c0 too small": 2, "c1 too small": 1}
    assert funnel.rows(counted)[2] == ("people", "4", "1", "c0 too small: 2, c1 too small: 1")
    assert len(picture.draw(counted).axes) == 2


def test_reports_are_read_again_and_other_lines_refused(tmp_path):
    path = tmp_path / "kept.jsonl"
    report = ClipReport(clip="a", path="a.json", attributes=("a woman in red",))
    records.write(path, [report])
    assert list(records.read(path)) == [report]
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(ValueError, match="line 2"):
        list(records.read(path))


def test_a_person_is_followed_between_the_frames_that_were_measured():
    filmed = _filmed.film("two, one still", 3, seed=5)
    [judged] = judge.judge([filmed.clip], limits=Limits(least_box_share=0.0))
    people = describe.people(filmed.clip, judged, limits=Limits())
    assert {person.acts for person in people} == {True, False}
    assert all(bool(person.moves) == person.acts for person in people)
