"""The packed store: every bit comes back, every change is detected, every write is atomic."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import store, synthetic
from kinematics.motion import Motion, Source
from kinematics.movement import measurement
from kinematics.skeleton import COCO_17, SMPL_22, Skeleton, from_names
from kinematics.store import index, layout

SRC = Path(__file__).parents[2] / "src"
NAMELESS = Skeleton(name="none", joints=(), points=((),) * 18)


def a_motion(
    seed: int,
    *,
    frames: int = 9,
    skeleton: Skeleton | None = None,
    cameras: bool = False,
    dtypes: str = "fffff",
    **identity: Any,
) -> Motion:
    """Some motion with gaps and uneven times; `dtypes` are the widths of its five arrays."""
    rng = np.random.default_rng(seed)
    kinds = iter(dtypes)

    def quaternions() -> np.ndarray:
        values = rng.normal(size=(frames, 4))
        return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(next(kinds))

    def positions(*shape: int) -> np.ndarray:
        return rng.uniform(-3, 3, (frames, *shape)).astype(next(kinds))

    return Motion.from_arrays(
        orientations_wxyz=quaternions(),
        positions_m=positions(3),
        times_s=np.cumsum(rng.uniform(0.001, 0.5, frames)) - 3.0,
        observed=rng.random(frames) < 0.8,
        joints_m=None if skeleton is None else positions(len(skeleton.joints), 3),
        camera_orientations_wxyz=quaternions() if cameras else None,
        camera_positions_m=positions(3) if cameras else None,
        skeleton=skeleton,
        source=Source(**identity),
    )


SKELETONS = (None, SMPL_22, COCO_17, NAMELESS, from_names(["Hips", "Kopf ü"]))
RECIPES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "frames": st.integers(1, 40),
        "skeleton": st.sampled_from(SKELETONS),
        "cameras": st.booleans(),
        "dtypes": st.text("fd", min_size=5, max_size=5),
        "clip": st.text(max_size=8),
        "take": st.text(max_size=8),
        "person": st.integers(0, 99),
        "path": st.text(max_size=8),
        "shared_world": st.booleans(),
        "notes": st.lists(st.text(max_size=5), max_size=2).map(tuple),
    }
)


def same(motion: Motion, expected: Motion) -> bool:
    """Whether two motions are equal in every bit and in JAX's tree structure."""
    if jax.tree.structure(motion) != jax.tree.structure(expected):
        return False
    pairs = zip(jax.tree.leaves(motion), jax.tree.leaves(expected), strict=True)
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


def unchecked(motion: Motion, **changes: Any) -> Motion:
    """A motion that `Motion.from_arrays` would refuse."""
    changed = object.__new__(Motion)
    vars(changed).update(vars(motion) | changes)
    return changed


def named(*names: str) -> list[Motion]:
    return [a_motion(seed, clip=name) for seed, name in enumerate(names)]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A store of three clips and an appended clip."""
    path = tmp_path / "corpus"
    store.write(named("a", "b", "c"), path)
    store.write([a_motion(7, clip="d", skeleton=SMPL_22, cameras=True)], path, append=True)
    return path


# Round trips


@settings(max_examples=60)
@given(firsts=st.lists(RECIPES, min_size=1, max_size=4), others=st.lists(RECIPES, max_size=3))
def test_packed_motions_come_back_bit_for_bit_and_in_order(
    firsts: list[dict[str, Any]],
    others: list[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    first, more = ([a_motion(**recipe) for recipe in recipes] for recipes in (firsts, others))
    path = tmp_path_factory.mktemp("law") / "corpus"
    assert store.write(first, path) == len(first)
    assert store.write(more, path, append=True) == len(more)
    opened, motions = store.read(path), first + more
    opened.verify()
    assert len(opened) == len(motions)
    for number, motion in enumerate(motions):
        assert same(opened[number], motion)
        assert same(opened[number - len(motions)], motion)
    assert all(same(*pair) for pair in zip(opened, motions, strict=True))
    assert opened.names == tuple(motion.source.clip for motion in motions)
    assert opened.frames == sum(motion.frames for motion in motions)
    assert opened.duration_s == pytest.approx(sum(motion.duration_s for motion in motions))
    again = tmp_path_factory.mktemp("law") / "corpus"
    store.write(first, again)
    store.write(iter(more), again, append=True)
    assert contents(path) == contents(again)


def test_arrays_are_read_only_views_of_the_file(packed: Path) -> None:
    motion = store.read(packed)["d"]
    for array in jax.tree.leaves(motion):
        assert not array.flags.owndata
        assert not array.flags.writeable
        assert array.ctypes.data % 8 == 0


def resident_bytes(folder: Path) -> int:
    """The resident memory of a folder's mapped files."""
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(maxsplit=1)[0]:  # the address range of another mapping
            ours = str(folder) in line
        elif ours and line.startswith("Rss:"):
            total += 1024 * int(line.split()[1])
    return total


@pytest.mark.skipif(not Path("/proc/self/smaps").is_file(), reason="needs /proc to see mappings")
def test_memory_of_read_pages_can_be_released(tmp_path: Path) -> None:
    motion = a_motion(1, frames=3000, skeleton=SMPL_22)
    path = tmp_path / "corpus"
    store.write([motion], path)
    opened = store.read(path)
    read = opened[0]
    assert read.joints_m is not None
    assert resident_bytes(path) > read.joints_m.nbytes
    opened.release()
    assert resident_bytes(path) == 0
    assert same(read, motion), "pages are read again on access"


def test_a_motion_of_a_store_is_a_motion_like_any_other(packed: Path) -> None:
    stored, made = store.read(packed)[3], a_motion(7, clip="d", skeleton=SMPL_22, cameras=True)
    assert type(stored) is Motion
    assert set(vars(stored)) == set(vars(made))
    assert jax.tree.structure(stored) == jax.tree.structure(made)
    assert stored.renamed(clip="e").source.clip == "e"
    assert same(pickle.loads(pickle.dumps(stored)), made)
    total = jax.jit(lambda motion: motion.positions_m.sum())
    assert total(stored) == total(made)


def test_clips_are_found_by_number_and_by_name(packed: Path) -> None:
    store.write(named("a"), packed, append=True)
    opened = store.read(packed)
    assert same(opened["c"], opened[2])
    assert opened.numbers("a") == (0, 4)
    assert opened.numbers("z") == ()
    for wrong, cause in (("z", "no clip 'z' among 5"), ("a", "2 clips are called 'a'.*0, 4")):
        with pytest.raises(KeyError, match=cause):
            opened[wrong]
    for wrong in (5, -6):
        with pytest.raises(IndexError, match=f"no clip {wrong}; there are 5"):
            opened[wrong]


def test_facts_of_a_store_are_those_of_its_motions(tmp_path: Path) -> None:
    motions = [performance.motion for performance in synthetic.corpus(3, fps=10.0, joints=False)]
    store.write(motions, tmp_path / "corpus")
    opened = store.read(tmp_path / "corpus")
    assert list(measurement.measure_all(opened)) == list(measurement.measure_all(motions))


def test_a_worker_opens_the_store_by_itself(packed: Path) -> None:
    opened = pickle.loads(pickle.dumps(store.read(packed)))
    assert same(opened[1], named("a", "b")[1])


# Writing


def test_nothing_to_pack_writes_nothing(packed: Path, tmp_path: Path) -> None:
    before = contents(packed)
    assert store.write([], tmp_path / "new") == 0
    assert store.write([], packed, append=True) == 0
    assert not (tmp_path / "new").exists()
    assert contents(packed) == before


def test_existing_paths_are_not_changed(packed: Path, tmp_path: Path) -> None:
    before = contents(packed)
    with pytest.raises(ValueError, match="corpus: a store of 4 clips; choose another"):
        store.write(named("e"), packed)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"notes\.txt: exists and is not a store"):
        store.write(named("e"), tmp_path / "notes.txt", append=True)
    assert contents(packed) == before


def test_append_creates_a_missing_store(tmp_path: Path) -> None:
    assert store.write(named("a"), tmp_path / "deep" / "corpus", append=True) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_dir()] == ["deep", "corpus"]


BAD_MOTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "not finite": ({"positions_m": np.full((9, 3), np.nan, np.float32)}, "finite values"),
    "no rotation": ({"orientations_wxyz": np.ones((9, 4), np.float32)}, "not of length one"),
    "unequal": ({"positions_m": np.zeros((8, 3), np.float32)}, "frame counts differ"),
    "halves": ({"positions_m": np.zeros((9, 3), np.float16)}, "positions_m: not as"),
    "backwards": ({"times_s": -np.arange(9.0)}, "do not increase"),
}


@pytest.mark.parametrize("name", BAD_MOTIONS)
def test_invalid_motions_are_not_packed(name: str, packed: Path) -> None:
    changed, cause = BAD_MOTIONS[name]
    bad = unchecked(a_motion(0, clip="odd"), **changed)
    before = contents(packed)
    with pytest.raises(ValueError, match=cause) as caught:
        store.write([*named("e"), bad], packed, append=True)
    assert "'odd' cannot be packed" in str(caught.value)
    assert contents(packed) == before


def test_a_failed_write_leaves_nothing(packed: Path, tmp_path: Path) -> None:
    def breaks() -> Iterator[Motion]:
        yield from named("e")
        raise RuntimeError("power cut")

    before = contents(packed)
    for path in (packed, tmp_path / "new"):
        with pytest.raises(RuntimeError, match="power cut"):
            store.write(breaks(), path, append=True)
    assert contents(packed) == before
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_second_writer_has_to_wait(packed: Path) -> None:
    def interrupted() -> Iterator[Motion]:
        with pytest.raises(ValueError, match="another process is appending"):
            store.write(named("f"), packed, append=True)
        yield from named("e")

    assert store.write(interrupted(), packed, append=True) == 1
    assert store.read(packed).names == (*"abcd", "e")


def test_two_writers_of_a_new_store_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "corpus"

    def interrupted() -> Iterator[Motion]:
        store.write(named("first"), path)
        yield from named("second")

    with pytest.raises(ValueError, match="made by another process in the meantime"):
        store.write(interrupted(), path)
    assert store.read(path).names == ("first",)
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


# Killed in the middle, read in the middle


KILLED = """
import sys, os, signal
from pathlib import Path
from kinematics import store, synthetic
step, path = sys.argv[1], sys.argv[2]
motion = synthetic.perform(synthetic.stand(1.0)).motion.renamed(clip="late")
def die(*_arguments, **_options): os.kill(os.getpid(), signal.SIGKILL)
def motions():
    for number in range(50):
        if step == "clip" and number == 30: die()
        yield motion
if step == "fsync": os.fsync = die
if step == "segment":
    real = Path.replace
    Path.replace = lambda self, to: (real(self, to), die())
if step == "manifest":
    real = Path.replace
    Path.replace = lambda self, to: die() if to.name == "store.json" else real(self, to)
if step == "create": Path.rename = die
store.write(motions(), Path(path), append=True)
"""


@pytest.mark.parametrize("step", ["clip", "fsync", "segment", "manifest", "create"])
def test_a_kill_loses_only_the_append(step: str, packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" if step == "create" else packed
    done = subprocess.run(
        [sys.executable, "-c", KILLED, step, path],
        env=os.environ | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    if step == "create":
        assert not path.exists()
    else:
        opened = store.read(path)
        opened.verify()
        assert opened.names == tuple("abcd")
    store.write(named("e"), path, append=True)
    store.read(path).verify()
    assert store.read(path).names[-1] == "e"
    assert not [name for name in contents(path) if name.endswith(".partial")]


def _append_often(path: Path, times: int) -> None:
    for number in range(times):
        store.write(named(f"late {number}"), path, append=True)


def test_readers_see_whole_stores_while_another_process_appends(packed: Path) -> None:
    writer = multiprocessing.get_context("spawn").Process(target=_append_often, args=(packed, 20))
    writer.start()
    early, lengths = store.read(packed), [4]
    until = time.monotonic() + 120
    while writer.is_alive() and time.monotonic() < until:
        opened = store.read(packed)
        opened.verify()
        assert len(opened) >= lengths[-1]
        lengths.append(len(opened))
    writer.join()
    assert writer.exitcode == 0
    assert len(store.read(packed)) == 24
    assert early.names == tuple("abcd")
    early.verify()


# Damage and malice


def read_all(path: Path) -> list[Motion]:
    return list(store.read(path))


@settings(max_examples=200)
@given(file=st.integers(0, 2), share=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_every_changed_byte_is_detected(
    file: int, share: float, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("flip") / "corpus"
    store.write(named("a", "b"), path)
    store.write([a_motion(3, skeleton=SMPL_22, clip="c")], path, append=True)
    target = sorted(path.glob("*.bin"))[file] if file < 2 else path / layout.MANIFEST
    data = bytearray(target.read_bytes())
    data[int(share * len(data))] ^= flip
    target.write_bytes(data)
    with pytest.raises(ValueError, match="corpus") as caught:
        read_all(path)
    assert target.name in str(caught.value)


def test_every_truncation_is_refused_with_the_file(packed: Path) -> None:
    for target in (*packed.glob("*.bin"), packed / layout.MANIFEST):
        data = target.read_bytes()
        for size in range(0, len(data), 97):
            target.write_bytes(data[:size])
            with pytest.raises(ValueError, match=target.name):
                store.read(packed)
        target.write_bytes(data)
    store.read(packed).verify()


def _swap(path: Path) -> None:
    first, second = (path / layout.segment_name(n) for n in (0, 1))
    first.rename(path / "x")
    second.rename(first)
    (path / "x").rename(second)


def _from_another(path: Path) -> None:
    other = path.with_name("other")
    store.write([a_motion(seed + 50, clip=name) for seed, name in enumerate("abc")], other)
    (other / layout.segment_name(0)).replace(path / layout.segment_name(0))


def _relist(path: Path, **changes: Any) -> None:
    """Writes a manifest with a false entry of the first segment and a correct checksum."""
    segments = layout.read_manifest(path).segments
    changed = (msgspec.structs.replace(segments[0], **changes), *segments[1:])
    (path / layout.MANIFEST).write_bytes(layout.encode_manifest(changed))


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "swapped": (_swap, "bytes, expected"),
    "of another store": (_from_another, "belongs to another store|altered or damaged"),
    "missing": (lambda p: (p / "segment-00001.bin").unlink(), "segment-00001.bin: missing"),
    "no manifest": (lambda p: (p / "store.json").unlink(), "no store.json in it"),
    "not JSON": (lambda p: (p / "store.json").write_bytes(b"\xff"), "store.json: damaged"),
    "deep JSON": (lambda p: (p / "store.json").write_bytes(b"[" * 10**6), "store.json: damaged"),
    "newer": (
        lambda p: (p / "store.json").write_bytes(b'{"schema_version":9,"more":1}'),
        "store of schema version 9, expected 1",
    ),
    "outside": (lambda p: _relist(p, file="../../etc/passwd"), "segment 0 is"),
    "endless index": (lambda p: _relist(p, index_bytes=2**70), "with an index of"),
    "no index": (lambda p: _relist(p, index_bytes=0), "with an index of"),
    "negative": (lambda p: _relist(p, bytes=-5), "of -5 bytes"),
    "too many": (lambda p: _relist(p, clips=10**12), "at least 64 bytes a clip"),
    "too few": (lambda p: _relist(p, clips=1), "the index has"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_store_is_one_value_error_that_names_the_file(name: str, packed: Path) -> None:
    damage, cause = DAMAGES[name]
    damage(packed)
    with pytest.raises(ValueError, match=cause) as caught:
        store.read(packed)
    assert str(packed) in str(caught.value)


def _reindex(path: Path, change: Callable[[index.Index], dict[str, Any]]) -> None:
    """Gives the first segment another index, with correct checksums."""
    segment = layout.read_manifest(path).segments[0]
    data = (path / segment.file).read_bytes()
    begin = segment.bytes - segment.index_bytes
    held = msgspec.msgpack.decode(data[begin:], type=index.Index)
    text = msgspec.msgpack.encode(msgspec.structs.replace(held, **change(held)))
    (path / segment.file).write_bytes(data[:begin] + text)
    _relist(path, bytes=begin + len(text), index_bytes=len(text), index_checksum=zlib.crc32(text))


def _set(column: str, *values: float, dtype: str = "<i8") -> Callable[[index.Index], Any]:
    return lambda _: {column: np.array(values, dtype).tobytes()}


def _offsets(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[index.Index], Any]:
    return lambda held: {"offsets": change(np.frombuffer(held.offsets, "<i8")).tobytes()}


def _kinds(**changes: Any) -> Callable[[index.Index], dict[str, Any]]:
    return lambda held: {
        "kinds": tuple(msgspec.structs.replace(kind, **changes) for kind in held.kinds)
    }


FLOATS = ("<f8", "<f4", "<f4", "|b1")
SHORT = Skeleton(name="s", joints=("a",), points=((0,),) * 17)
BEYOND = Skeleton(name="s", joints=("a",), points=((1,),) * 18)
LIES: dict[str, tuple[Callable[[index.Index], dict[str, Any]], str]] = {
    "frames": (_set("frames", *[10**15] * 3), "more than there is room for"),
    "no frames": (_set("frames", 0, 0, 0), "more than there is room for"),
    "negative frames": (_set("frames", -9, -9, -9), "more than there is room for"),
    "more frames": (_set("frames", 60, 60, 60), "more than there is room for"),
    "other frames": (_set("frames", 8, 10, 9), "does not fit the clips' sizes"),
    "offsets": (_set("offsets", 64, 2**62, 2**63 - 1, 9), "does not fit"),
    "shifted": (_offsets(lambda offsets: offsets - 64), "does not fit"),
    "back to front": (_offsets(lambda offsets: offsets[::-1]), "does not fit"),
    "kind": (_set("kind_numbers", 0, 0, 7), "clip 2 no such kind"),
    "source": (_set("source_bytes", *[2**62] * 3), "an impossible source"),
    "duration": (_set("durations_s", *[np.nan] * 3, dtype="<f8"), "impossible duration"),
    "columns": (_set("checksums"), "0 bytes of checksums; expected 24"),
    "kinds": (lambda held: {"kinds": held.kinds * 4}, "4 kinds of 3 clips"),
    "no kinds": (lambda _: {"kinds": ()}, "clip 0 no such kind"),
    "names": (lambda _: {"names": ("a",)}, "1 names; expected 3"),
    "objects": (_kinds(dtypes=("|O8", *FLOATS[1:], "", "", "")), "times_s of dtype"),
    "missing": (_kinds(dtypes=("", *FLOATS[1:], "", "", "")), "times_s of dtype ''"),
    "few dtypes": (_kinds(dtypes=FLOATS), "4 dtypes; expected 7"),
    "bodiless joints": (_kinds(dtypes=(*FLOATS, "<f4", "", "")), "joints without a skeleton"),
    "jointless body": (_kinds(skeleton=SMPL_22), "joints without a skeleton"),
    "half a camera": (_kinds(dtypes=(*FLOATS, "", "<f4", "")), "half of a camera"),
    "points": (_kinds(dtypes=(*FLOATS, "<f4", "", ""), skeleton=SHORT), "does not map its 1"),
    "beyond": (_kinds(dtypes=(*FLOATS, "<f4", "", ""), skeleton=BEYOND), "does not map its 1"),
    "joints": (_kinds(dtypes=(*FLOATS, "<f4", "", ""), skeleton=SMPL_22), "there is room for"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_false_index_is_refused_before_a_clip_is_read(name: str, packed: Path) -> None:
    change, cause = LIES[name]
    _reindex(packed, change)
    with pytest.raises(ValueError, match=cause) as caught:
        store.read(packed)
    assert "segment-00000.bin" in str(caught.value)
    assert "pack the motions again" in str(caught.value)


def test_a_damaged_clip_spares_the_others_and_verify_names_all(packed: Path) -> None:
    segment = packed / layout.segment_name(0)
    data = bytearray(segment.read_bytes())
    entry = layout.read_manifest(packed).segments[0]
    offsets = index.columns_of(bytes(data[-entry.index_bytes :]), entry).offsets
    data[offsets[0] + 5] ^= 1
    data[offsets[3] - 1] ^= 1  # the padding of the last clip
    segment.write_bytes(data)
    opened = store.read(packed)
    assert same(opened["b"], named("a", "b")[1])
    assert same(opened["d"], store.read(packed)[3])
    for name in ("a", "c"):
        with pytest.raises(ValueError, match=rf"segment-00000\.bin: clip '{name}'.*checksum"):
            opened[name]
    with pytest.raises(ValueError, match="2 of 4 clips are damaged") as caught:
        opened.verify()
    assert str(caught.value).count("\n  - ") == 2


def _repack(path: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> store.Store:
    """A store of one invalid motion, packed without the check."""
    monkeypatch.setattr("kinematics.store.writing.check_values", lambda _: None)
    store.write([unchecked(a_motion(0, clip="odd"), **changes)], path)
    return store.read(path)


def test_verify_checks_values_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bent = np.full((9, 4), 5, np.float32)
    opened = _repack(tmp_path / "bent", monkeypatch, orientations_wxyz=bent)
    assert opened[0].frames == 9
    with pytest.raises(ValueError, match="not of length one"):
        opened.verify()


def test_an_invalid_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = object.__new__(Source)
    vars(odd).update(vars(Source(clip="odd")) | {"notes": 7})
    opened = _repack(tmp_path / "odd", monkeypatch, source=odd)
    with pytest.raises(ValueError, match=r"clip 'odd'.*its source is invalid"):
        opened[0]


def test_damage_after_the_first_read_is_detected_by_verify(packed: Path) -> None:
    opened = store.read(packed)
    read_all(packed), list(opened)
    with (packed / layout.segment_name(0)).open("r+b") as file:
        file.seek(80)
        file.write(b"\xff\xff\xff")
    with pytest.raises(ValueError, match="1 of 4 clips"):
        opened.verify()
