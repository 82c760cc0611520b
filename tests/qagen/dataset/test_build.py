"""A build is a function of its input: whoever does the work, in whatever order and pieces."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from kinematics import facts, store, synthetic
from kinematics.facts import MotionFacts
from kinematics.movement import measurement
from kinematics.readers import native
from qagen.build import chunks, intake, merge, pipeline
from qagen.dataset import layout
from qagen.dataset.layout import Recipe
from qagen.dataset.splits import SPLITS
from qagen.rules import consistency
from qagen.rules.consistency import Contradiction
from qagen.schema import record
from qagen.schema.record import Record

SRC = Path(__file__).parents[3] / "src"

RECIPE = Recipe(per_task=2)
FEW: tuple[str, ...] = ("comparative", "dominant", "ordering", "trajectory")
"""Existence is most of what can be asked, and takes most of the time."""

EVERYTHING = Recipe(tasks=FEW, balanced=False, val=0.0, test=0.0)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def build(source: Path, out: Path, recipe: Recipe = RECIPE, **options: object) -> Path:
    pipeline.build(source, out, recipe, **options)  # type: ignore[arg-type]
    return out


def rows_of(folder: Path) -> list[Record]:
    return [row for _, row in layout.rows(folder)]


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "qagen", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SRC)} | more


@pytest.fixture(scope="module")
def built(facts_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(facts_file, tmp_path_factory.mktemp("built") / "out")


@pytest.fixture(scope="module")
def everything(facts_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(facts_file, tmp_path_factory.mktemp("built") / "all", EVERYTHING)


# The same bytes


def test_a_folder_holds_what_it_should(built: Path) -> None:
    assert list(contents(built)) == [
        "clips.jsonl", "manifest.json", "test.jsonl", "train.jsonl", "val.jsonl",
    ]  # fmt: skip


def test_building_again_gives_the_same_bytes(facts_file: Path, built: Path) -> None:
    before = contents(built)
    assert contents(build(facts_file, built)) == before


@pytest.mark.parametrize("seed", ["1", "2"])
def test_hash_seeds_and_processes_change_nothing(
    facts_file: Path, built: Path, tmp_path: Path, seed: str
) -> None:
    words = ("build", facts_file, tmp_path / "out", "--per-task", 2, "--workers", seed)
    subprocess.run(command(*words), env=environment(PYTHONHASHSEED=seed), check=True)
    assert contents(tmp_path / "out") == contents(built)


def test_this_process_works_beside_its_workers(
    facts_file: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def make(job: pipeline.Job, number: int) -> int:
        made.append(number)
        return pipeline_make(job, number)

    pipeline_make = pipeline.make
    monkeypatch.setattr(pipeline, "make", make)
    out = build(facts_file, tmp_path / "out", workers=2)
    assert made == [1]  # of two chunks, while a worker makes the first
    assert contents(out) == contents(built)


def test_rows_that_wait_in_a_file_are_the_same(
    facts_file: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MOST_WAITING_BYTES", 100)
    assert contents(build(facts_file, tmp_path / "out")) == contents(built)


@pytest.mark.parametrize("of", [2, 5])
def test_shards_change_nothing(facts_file: Path, built: Path, tmp_path: Path, of: int) -> None:
    out = tmp_path / "out"
    for shard in range(of, 0, -1):
        pipeline.process_shard(facts_file, out, RECIPE, shard=shard, of=of)
    pipeline.process_shard(facts_file, out, RECIPE, shard=1, of=of)  # once more, to no effect
    merge.merge(out)
    assert contents(out) == contents(built)


def test_another_seed_lays_out_other_options(
    facts_file: Path, everything: Path, tmp_path: Path
) -> None:
    other = build(facts_file, tmp_path / "out", msgspec.structs.replace(EVERYTHING, seed=1))
    one, two = ({(r.clip, r.ask.name): r for r in rows_of(f)} for f in (everything, other))
    common = one.keys() & two.keys()
    assert len(common) > 100
    same = sum(one[key].options == two[key].options for key in common) / len(common)
    assert 0.02 < same < 0.5
    true = [(a.options[a.answer_index], b.options[b.answer_index])
            for a, b in ((one[key], two[key]) for key in common)]  # fmt: skip
    assert all(a == b for a, b in true)


# Interruptions


def copies(corpus: list[MotionFacts], times: int) -> Iterable[MotionFacts]:
    """The same clips under other names, so that there is something to interrupt."""
    for turn in range(times):
        for one in corpus:
            name = f"{one.clip}_{turn}"
            yield msgspec.structs.replace(one, clip=name, take=name)


def wait_until(done: Callable[[], bool], *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def children_of(process: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(stat.parent.name))
    return found


def runs(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs /proc to see workers")
def test_a_killed_build_goes_on_where_it_was(corpus: list[MotionFacts], tmp_path: Path) -> None:
    source, out = tmp_path / "facts.jsonl", tmp_path / "out"
    facts.write(source, copies(corpus, 8))
    words = (source, out, "--per-task", 1, "--workers", 2)
    process = subprocess.Popen(command("build", *words), env=environment())
    work = out / chunks.WORK
    wait_until(lambda: len(list(work.glob("*.chunk"))) >= 2)
    family = children_of(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(map(runs, family)))
    done = {path.name: path.stat().st_mtime_ns for path in work.glob("*.chunk")}
    total = chunks.read_plan(out).chunks
    assert 2 <= len(done) < total, "the build was over before it could be killed"
    assert not list(out.glob("*.json*"))

    subprocess.run(command("build", *words, "--shard", "1/1"), env=environment(), check=True)
    assert not chunks.missing(work, total)
    for name, changed_ns in done.items():
        assert (work / name).stat().st_mtime_ns == changed_ns
    merge.merge(out)
    whole = command("build", source, tmp_path / "whole", *words[2:])
    subprocess.run(whole, env=environment(), check=True)
    assert contents(out) == contents(tmp_path / "whole")


def test_a_build_killed_while_it_is_published_goes_on(
    facts_file: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_: Path) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(merge.chunks, "drop", cut)
        with pytest.raises(KeyboardInterrupt):
            build(facts_file, out)
    build(facts_file, out)
    assert contents(out) == contents(built)


def test_an_unfinished_build_of_something_else_is_kept(facts_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pipeline.process_shard(facts_file, out, EVERYTHING, shard=1, of=2)
    other = msgspec.structs.replace(EVERYTHING, seed=3)
    with pytest.raises(ValueError, match=r"recipe\.seed was 0, is 3.*--restart"):
        build(facts_file, out, other)
    with pytest.raises(ValueError, match="chunks are not there yet, such as number 1"):
        merge.merge(out)
    build(facts_file, out, other, restart=True)
    assert layout.read_manifest(out).seed == 3


def test_a_chunk_that_was_cut_is_noticed(facts_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pipeline.process_shard(facts_file, out, EVERYTHING, shard=1, of=1)
    path = chunks.path_of(out / chunks.WORK, 0)
    whole = path.read_bytes()
    for size in (5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"000000\.chunk: .* bytes, expected .*Delete it"):
            merge.merge(out)


# What is in it


def test_every_row_has_the_id_of_its_content_and_rows_are_in_their_order(built: Path) -> None:
    for split in SPLITS:
        rows = list(record.read(built / f"{split}.jsonl"))
        ids = [row.id for row in rows]
        assert ids == sorted(set(ids))
        assert all(row.id == record.content_id(row) for row in rows)
    assert rows_of(built)


def test_the_manifest_says_what_is_there(built: Path, corpus: list[MotionFacts]) -> None:
    manifest = layout.read_manifest(built)
    layout.check_files(built, manifest)
    by_split = dict.fromkeys(SPLITS, 0) | Counter(split for split, _ in layout.rows(built))
    assert {split: side.questions for split, side in manifest.splits.items()} == by_split
    kinds = Counter((row.task, row.family) for row in rows_of(built))
    counted = {(c, f): n for c, families in manifest.questions.items() for f, n in families.items()}
    assert counted == kinds
    clips = list(layout.clips(built))
    assert [clip.clip for clip in clips] == [one.clip for one in corpus]
    assert manifest.inputs.clips == len(corpus)
    assert manifest.inputs.minutes == pytest.approx(
        sum(c.duration_s for c in corpus) / 60, rel=1e-4
    )
    asked = sum(clip.asked for clip in clips)
    assert asked == sum(by_split.values()) + sum(manifest.withheld.values())
    rejected = sum(n for reasons in manifest.rejections.values() for n in reasons.values())
    assert rejected == sum(clip.rejected for clip in clips)


def test_knowing_the_stem_is_worth_a_guess(built: Path) -> None:
    for split in SPLITS:
        stems: defaultdict[str, Counter[str]] = defaultdict(Counter)
        options: dict[str, int] = {}
        for row in record.read(built / f"{split}.jsonl"):
            if row.task != "numerical":
                stems[row.ask.name][row.option_codes[row.answer_index]] += 1
                options[row.ask.name] = len(row.options)
        for name, counts in stems.items():
            assert max(counts.values()) * options[name] <= counts.total(), name


def test_no_clip_gives_more_questions_than_asked_for(built: Path) -> None:
    counts = Counter((row.clip, row.task) for row in rows_of(built))
    assert max(counts.values()) == 2


def test_no_group_is_on_two_sides(built: Path) -> None:
    clips = list(layout.clips(built))
    sides = defaultdict(set)
    for clip in clips:
        sides[clip.group].add(clip.split)
    assert all(len(one) == 1 for one in sides.values())
    assert {clip.split for clip in clips} == set(SPLITS)
    of = {clip.clip: clip for clip in clips}
    for split, row in layout.rows(built):
        assert (of[row.clip].split, of[row.clip].group) == (split, row.group)


def test_a_further_clip_changes_no_word_of_another(
    corpus: list[MotionFacts], everything: Path, tmp_path: Path
) -> None:
    source = tmp_path / "fewer.jsonl"
    facts.write(source, corpus[3:])
    fewer = {(r.clip, r.ask.name): r for r in rows_of(build(source, tmp_path / "out", EVERYTHING))}
    more = {(r.clip, r.ask.name): r for r in rows_of(everything)}
    assert set(fewer) < set(more)
    assert all(row == more[key] for key, row in fewer.items())


def test_balance_and_limits_only_select(built: Path, everything: Path) -> None:
    every = {(r.clip, r.ask.name): r for r in rows_of(everything)}
    for row in (row for row in rows_of(built) if row.task in FEW):
        assert msgspec.structs.replace(row, group="", id="") == msgspec.structs.replace(
            every[row.clip, row.ask.name], group="", id=""
        )


# Groups


def split_of(folder: Path) -> dict[str, str]:
    return {clip.name: clip.group for clip in layout.clips(folder)}


def test_takes_subjects_files_and_given_groups_stay_together(
    corpus: list[MotionFacts], renamed: Callable[..., MotionFacts], tmp_path: Path
) -> None:
    still = [renamed(one, samples=()) for one in corpus[:6]]  # none alike another
    ones = [
        renamed(still[0], clip="a", take="walk_cam1", path="lab/walk_cam1.npz"),
        renamed(still[1], clip="b", take="walk_cam2", path="lab/walk_cam2.npz"),
        renamed(still[2], clip="c", take="x", path="S7/x.npz"),
        renamed(still[3], clip="d", take="y", path="S7/y.npz"),
        renamed(still[4], clip="e", take="z", path="z.npz"),
        renamed(still[5], clip="f", take="u", path="u.npz"),
    ]
    source = tmp_path / "facts.jsonl"
    facts.write(source, ones)
    groups = split_of(build(source, tmp_path / "out", EVERYTHING))
    assert groups["a#0"] == groups["b#0"] == "take lab/walk"
    assert groups["c#0"] == groups["d#0"] == "subject S7"
    assert len(set(groups.values())) == 4
    given = msgspec.structs.replace(EVERYTHING, groups={"e": "day 1", "f#0": "day 1"})
    groups = split_of(build(source, tmp_path / "given", given))
    assert groups["e#0"] == groups["f#0"] == "given day 1"


def test_two_recordings_of_one_motion_are_one_group(
    corpus: list[MotionFacts], renamed: Callable[..., MotionFacts], tmp_path: Path
) -> None:
    moving = [one for one in corpus if one.shape.extent_m > 1.5][:4]
    turned = tuple(
        msgspec.structs.replace(s, left_m=s.forward_m + 0.02, forward_m=-s.left_m)
        for s in moving[0].samples
    )
    source = tmp_path / "facts.jsonl"
    facts.write(source, [*moving, renamed(moving[0], clip="again", take="t", samples=turned)])
    out = build(source, tmp_path / "out", EVERYTHING)
    groups = split_of(out)
    assert groups["again#0"] == groups[f"{moving[0].clip}#0"]
    assert len(set(groups.values())) == len(moving)
    assert layout.read_manifest(out).alike == 1


# People


def test_people_of_one_clip_are_told_apart_or_left_out(
    corpus: list[MotionFacts], renamed: Callable[..., MotionFacts], tmp_path: Path
) -> None:
    ones = [renamed(one, clip="crowd", person=i) for i, one in enumerate(corpus[:4])]
    source = tmp_path / "facts.jsonl"
    facts.write(source, [*ones, corpus[5]])
    words = {"crowd#0": "the man in blue", "crowd#1": "the dancer", "crowd#2": "The dancer",
             "crowd#3": "Unknown", corpus[5].clip: "the woman"}  # fmt: skip
    recipe = msgspec.structs.replace(EVERYTHING, descriptors=words)
    out = build(source, tmp_path / "out", recipe)
    rows = rows_of(out)
    assert {(row.clip, row.person) for row in rows} == {("crowd", 0), (corpus[5].clip, 0)}
    assert {row.descriptor for row in rows} == {"the man in blue", "the woman"}
    assert any("the man in blue" in row.question for row in rows)
    clips = {clip.name: clip for clip in layout.clips(out)}
    lost = sum(clips[f"crowd#{person}"].asked for person in (1, 2, 3))
    assert layout.read_manifest(out).withheld[merge.NOT_TOLD_APART] == lost
    assert len({clips[f"crowd#{person}"].group for person in range(4)}) == 1


# Motions, and what is wrong with them


@pytest.fixture(scope="module")
def motions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six readable files, one that was cut short, one that holds something else."""
    folder = tmp_path_factory.mktemp("motions")
    (folder / "S1").mkdir()
    every = (one.motion for one in synthetic.corpus(60, seed=5, fps=10.0, joints=False))
    alike = [motion for motion in every if 13.0 < motion.duration_s < 17.0][:6]
    for i, motion in enumerate(alike):
        native.write(motion, folder / ("S1" if i < 2 else "") / f"m{i}.npz")
    (folder / "cut.npz").write_bytes((folder / "m3.npz").read_bytes()[:3000])
    np.save(folder / "other.npy", np.zeros((7, 3)))
    return folder


def test_a_folder_of_motions_is_measured(motions: Path, tmp_path: Path) -> None:
    out = build(motions, tmp_path / "out", EVERYTHING)
    manifest = layout.read_manifest(out)
    named = dict(manifest.inputs.unreadable)
    assert set(named) == {"cut.npz"}
    assert manifest.inputs.other_files == 1
    assert str(motions) not in "".join(named.values())
    clips = list(layout.clips(out))
    assert [clip.source for clip in clips] == [
        "S1/m0.npz", "S1/m1.npz", "m2.npz", "m3.npz", "m4.npz", "m5.npz",
    ]  # fmt: skip
    assert clips[0].group == clips[1].group == "subject S1"
    data = (motions / "m2.npz").read_bytes()
    assert clips[2].digest == hashlib.blake2b(data, digest_size=16).hexdigest()
    assert {row.source for row in rows_of(out)} == {clip.source for clip in clips}


def test_motions_and_their_facts_give_the_same_questions(motions: Path, tmp_path: Path) -> None:
    source = tmp_path / "facts.jsonl"
    found = [native.read(path)[0] for path in sorted(motions.rglob("m*.npz"))]
    facts.write(source, measurement.measure_all(found))
    both = (build(motions, tmp_path / "a", EVERYTHING), build(source, tmp_path / "b", EVERYTHING))
    one, other = ({(r.clip, r.ask.name): (r.question, r.options, r.evidence) for r in rows_of(f)}
                  for f in both)  # fmt: skip
    assert one == other


def test_a_store_gives_the_questions_of_its_motions(motions: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    found = [native.read(path)[0] for path in sorted(motions.rglob("m*.npz"))]
    store.write(found, packed)
    both = [
        build(source, tmp_path / f"of_{source.name}", EVERYTHING) for source in (motions, packed)
    ]
    one, other = ({(r.clip, r.ask.name): (r.question, r.options, r.evidence) for r in rows_of(f)}
                  for f in both)  # fmt: skip
    assert one == other
    assert layout.read_manifest(both[1]).inputs.clips == 6
    store.write([found[0].renamed(clip="late", take="late")], packed, append=True)
    assert layout.read_manifest(build(packed, tmp_path / "more", EVERYTHING)).inputs.clips == 7


@pytest.mark.parametrize("workers", [1, 2])
def test_damaged_pickles_are_named_and_stop_no_build(
    workers: int, motions: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "motions"
    shutil.copytree(motions, folder)
    for number in range(20):  # a chunk more, for the other worker
        (folder / f"bad{number:02}.pkl").write_bytes(
            b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00,8\x89\x88\x87R."
        )
    inputs = layout.read_manifest(
        build(folder, tmp_path / "out", EVERYTHING, workers=workers)
    ).inputs
    assert (inputs.clips, inputs.unreadable_files) == (6, 21)
    reason = dict(inputs.unreadable)["bad07.pkl"]
    assert reason == "bad07.pkl: dtype ',8'; expected numbers or text"


def test_a_damaged_clip_of_a_store_is_named(motions: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    store.write([native.read(path)[0] for path in sorted(motions.rglob("m*.npz"))], packed)
    segment = max(packed.iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[len(data) // 3] ^= 1
    segment.write_bytes(data)
    inputs = layout.read_manifest(build(packed, tmp_path / "out", EVERYTHING)).inputs
    assert (inputs.clips, inputs.unreadable_files) == (5, 1)
    assert "checksum" in inputs.unreadable[0][1]


def test_a_contradiction_stops_the_build(
    facts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def contradict(_: object, one: MotionFacts) -> list[Contradiction]:
        return [Contradiction(clip=one.clip, one="count", other="ever", why="2 and no")]

    monkeypatch.setattr(consistency, "check", contradict)
    with pytest.raises(ValueError, match=r"contradict each other, such as .*count.*ever.*2 and no"):
        build(facts_file, tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_wrong_input_is_said_at_once(
    corpus: list[MotionFacts], facts_file: Path, renamed: Callable[..., MotionFacts],
    tmp_path: Path,
) -> None:  # fmt: skip
    twice, empty = tmp_path / "twice.jsonl", tmp_path / "empty.jsonl"
    facts.write(twice, [corpus[0], corpus[1], renamed(corpus[0], path="b.npz")])
    empty.write_bytes(b"\n")
    (tmp_path / "nothing").mkdir()
    camera = msgspec.structs.replace(RECIPE, frame="camera")
    shares = msgspec.structs.replace(RECIPE, val=0.7, test=0.5)
    wrong = [
        (twice, RECIPE, "1 names are used twice"),
        (empty, RECIPE, "no facts in it"),
        (tmp_path / "nothing", RECIPE, "no motion file"),
        (tmp_path / "none", RECIPE, "no such file or folder"),
        (facts_file, camera, "measured in the frame first_heading"),
        (facts_file, shares, "leave some to train"),
    ]
    for i, (source, recipe, cause) in enumerate(wrong):
        with pytest.raises(ValueError, match=cause):
            build(source, tmp_path / f"out{i}", recipe)


def test_a_changed_data_set_is_noticed(facts_file: Path, tmp_path: Path) -> None:
    out = build(facts_file, tmp_path / "out")
    manifest = layout.read_manifest(out)
    (out / "train.jsonl").write_bytes((out / "train.jsonl").read_bytes()[:-10])
    (out / "val.jsonl").unlink()
    with pytest.raises(ValueError, match=r"train.jsonl was changed; val.jsonl is missing"):
        layout.check_files(out, manifest)
    (out / "manifest.json").write_text('{"schema_version": 9}')
    with pytest.raises(ValueError, match="schema version 9, expected 2"):
        layout.read_manifest(out)


def test_chunks_share_the_work_and_are_many_enough() -> None:
    for units in (1, 15, 16, 100, 5000, 100_000):
        bounds = intake._bounds(units)
        assert bounds[0] == 0
        assert bounds[-1] == units
        sizes = np.diff(bounds)
        assert sizes.min() >= 1
        assert sizes.max() <= intake.MOST_CHUNK


def test_ray_gives_the_same_bytes(facts_file: Path, built: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    out = build(facts_file, tmp_path / "out", engine="ray", workers=2)
    assert contents(out) == contents(built)


def test_without_ray_the_error_says_how_to_get_it(
    facts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install 'kinematics-qa\[ray\]'"):
        build(facts_file, tmp_path / "out", engine="ray")


# What is in the folder already


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_no_file_of_a_stranger_is_written_over(facts_file: Path, tmp_path: Path) -> None:
    for name in ("train.jsonl", "manifest.json", "notes.txt", ".build/mine.txt"):
        out = tmp_path / name.replace("/", "_")
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("by hand\n")
        shown = name.partition("/")[0]
        for again in range(2):
            with pytest.raises(
                ValueError, match=rf"{out.name}: holds {shown}, .*--overwrite"
            ) as told:
                build(facts_file, out, restart=bool(again))
            assert "\n" not in str(told.value)
        assert snapshot(out) == {name: b"by hand\n"}


def test_a_finished_data_set_is_replaced_by_its_own_recipe_alone(
    corpus: list[MotionFacts], facts_file: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "out", tmp_path / "other.jsonl"
    facts.write(other, corpus[:20])
    build(facts_file, out)
    (out / "notes.txt").write_text("mine")
    before = snapshot(out)
    changed = msgspec.structs.replace(RECIPE, seed=99)
    for source, recipe in ((other, RECIPE), (facts_file, changed)):
        with pytest.raises(ValueError, match="which this `qagen build` did not write"):
            build(source, out, recipe)
        with pytest.raises(ValueError, match="which this `qagen build` did not write"):
            pipeline.process_shard(source, out, recipe, shard=1, of=1)
        assert snapshot(out) == before
    build(facts_file, out)
    assert snapshot(out) == before
    build(other, out, overwrite=True)
    after = snapshot(out)
    assert after.keys() == before.keys()
    assert after.pop("notes.txt") == b"mine"
    assert after == snapshot(build(other, tmp_path / "alone"))


def test_the_folder_of_the_input_is_never_written_to(facts_file: Path, tmp_path: Path) -> None:
    (tmp_path / "facts.jsonl").write_bytes(facts_file.read_bytes())
    for out in (tmp_path, tmp_path / "facts.jsonl"):
        with pytest.raises(ValueError, match="is or holds the input"):
            build(tmp_path / "facts.jsonl", out, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["facts.jsonl"]


@pytest.mark.parametrize("at", range(6))
def test_a_build_that_dies_while_files_move_goes_on(
    at: int, facts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed between two of the files leaves no manifest; the same command ends it."""
    out, whole = tmp_path / "out", snapshot(build(facts_file, tmp_path / "whole"))
    build(facts_file, out, msgspec.structs.replace(RECIPE, seed=99))
    moved: list[Path] = []
    replace = Path.replace

    def dying(path: Path, target: Path) -> Path:
        if Path(target).parent == out:
            if len(moved) == at:
                raise KeyboardInterrupt
            moved.append(target)
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying)
        if at < 5:
            with pytest.raises(KeyboardInterrupt):
                build(facts_file, out, overwrite=True)
            assert not (out / layout.MANIFEST).exists()
        else:
            build(facts_file, out, overwrite=True)
    build(facts_file, out)
    assert snapshot(out) == whole


def test_shards_and_their_merge_spare_a_data_set_that_came_in_between(
    facts_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    pipeline.process_shard(facts_file, out, RECIPE, shard=1, of=1)
    (out / "train.jsonl").write_text("by hand\n")
    with pytest.raises(ValueError, match=r"holds .*train\.jsonl"):
        pipeline.finish(out)
    assert (out / "train.jsonl").read_text() == "by hand\n"
    pipeline.finish(out, overwrite=True)
    assert (out / "train.jsonl").read_text() != "by hand\n"
