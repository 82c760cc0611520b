"""Readers: our own file keeps every bit, harmful files are refused before they do harm."""

import csv
import io
import json
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from kinematics import readers
from kinematics.motion import Motion, Source
from kinematics.readers import archives, motionx, native, stored
from kinematics.skeleton import COCO_17, SMPL_22, Skeleton, from_names

FIELDS = (
    "orientations_wxyz",
    "positions_m",
    "times_s",
    "observed",
    "joints_m",
    "camera_orientations_wxyz",
    "camera_positions_m",
)


ODD = from_names(["Hips", "Kopf ü"], name="odd")


@st.composite
def tracks(draw: st.DrawFn) -> dict[str, Any]:
    """Parts of any motion: both float widths, gaps, uneven times, joints, cameras, odd names."""
    frames = draw(st.integers(1, 12))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def values(*shape: int, size: float = 1e5) -> np.ndarray:
        dtype = draw(st.sampled_from([np.float32, np.float64]))
        bits = 32 if dtype == np.float32 else 64
        return draw(arrays(dtype, shape, elements=st.floats(-size, size, width=bits)))

    def quaternions() -> np.ndarray:
        dtype = draw(st.sampled_from([np.float32, np.float64]))
        return Rotation.random(frames, rng=seed).as_quat(scalar_first=True).astype(dtype)

    skeleton: Skeleton | None = draw(st.sampled_from([None, SMPL_22, COCO_17, ODD]))
    cameras = draw(st.booleans())
    return {
        "orientations_wxyz": quaternions(),
        "positions_m": values(frames, 3),
        "times_s": np.cumsum(seed.uniform(0.001, 0.5, frames)) - 3.0,
        "observed": draw(arrays(bool, frames)),
        "joints_m": None if skeleton is None else values(frames, len(skeleton.joints), 3, size=9.0),
        "camera_orientations_wxyz": quaternions() if cameras else None,
        "camera_positions_m": values(frames, 3) if cameras else None,
        "skeleton": skeleton,
    }


IDENTITIES = st.fixed_dictionaries(
    {
        "clip": st.text(max_size=8),
        "take": st.text(max_size=8),
        "person": st.integers(0, 99),
        "shared_world": st.booleans(),
        "notes": st.lists(st.text(max_size=5), max_size=2).map(tuple),
    }
)


def still(frames: int = 20) -> Motion:
    return Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (frames, 1)),
        positions_m=np.zeros((frames, 3)),
        fps=30.0,
    )


# Our own file


@settings(max_examples=60)
@given(track=tracks(), identity=IDENTITIES)
def test_a_written_motion_comes_back_bit_for_bit(
    track: dict[str, Any], identity: dict[str, Any], folder: Path
) -> None:
    motion = Motion.from_arrays(**track, source=Source(**identity))
    path = folder / "any.npz"
    native.write(motion, path)
    [back] = readers.read(path)
    for name in FIELDS:
        before, after = getattr(motion, name), getattr(back, name)
        assert (before is None) == (after is None), name
        if before is not None:
            assert before.dtype == after.dtype, name
            assert before.tobytes() == after.tobytes(), name
            assert not after.flags.writeable, name
    assert back.source == motion.source
    assert back.skeleton == motion.skeleton


def test_equal_motions_give_equal_bytes_at_any_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native.write(still(), folder / "now.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    native.write(still(), folder / "later.npz")
    assert (folder / "now.npz").read_bytes() == (folder / "later.npz").read_bytes()


def test_numpy_alone_can_open_our_file(folder: Path) -> None:
    native.write(still(), folder / "plain.npz")
    with np.load(folder / "plain.npz", allow_pickle=False) as file:
        assert file["positions_m"].shape == (20, 3)
        assert json.loads(file["motion_json"].tobytes())["schema_version"] == 1


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.npz"
    native.write(still(), path)
    before = path.read_bytes()

    def full_disk(*_args: object, **_options: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full_disk)
    with pytest.raises(OSError, match="no space"):
        native.write(still(40), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["clip.npz"]


def read_changed(folder: Path, positions_m: np.ndarray) -> Motion:
    """Our file as another tool would write it, with these positions."""
    native.write(still(), folder / "a.npz")
    with np.load(folder / "a.npz") as file:
        np.savez(folder / "b.npz", **dict(file) | {"positions_m": positions_m})
    return readers.read(folder / "b.npz")[0]


def test_files_of_other_tools_in_our_layout_are_checked_and_cleaned(tmp_path: Path) -> None:
    positions_m = np.zeros((20, 3), ">f4")
    positions_m[3] = np.nan
    motion = read_changed(tmp_path, positions_m)
    assert not motion.observed[3]
    assert motion.observed.sum() == 19
    assert np.isfinite(motion.positions_m).all()
    assert motion.positions_m.dtype.isnative


def test_a_signalling_nan_makes_a_frame_unobserved(tmp_path: Path) -> None:
    positions_m = np.zeros((20, 3), np.float32)
    positions_m.view(np.uint32)[3, 0] = 0x7FA00000
    assert np.flatnonzero(~read_changed(tmp_path, positions_m).observed).tolist() == [3]


# Damage and malice


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def claiming(shape: str, dtype: str = "<f4", data: bytes = b"") -> bytes:
    """An `.npy` file with any header."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def archived(method: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def reheaded(header: dict[str, object] | bytes) -> bytes:
    """Our file with another header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    motion = still()
    parts = {name: npy(getattr(motion, name)) for name in FIELDS[:4]}
    return archived(motion_json=npy(np.frombuffer(text, np.uint8)), **parts)


SOURCE = {"clip": "c", "take": "", "person": 0, "path": "", "shared_world": False, "notes": []}
SKELETON = {"name": "s", "joints": ["a"], "points": [[1]] * 18}

BAD_FILES = {
    "empty": (b"", "expected a NumPy file"),
    "text": (b"frame,x,y\n0,1,2\n", "expected a NumPy file"),
    "only magic": (b"\x93NUMPY", "EOF"),
    "archive without end": (archived(motionx=npy(np.zeros((9, 322))))[:-30], "cut short"),
    "npy cut short": (npy(np.zeros((50, 322)))[:-1], "cut short"),
    "npy with a tail": (npy(np.zeros((50, 322))) + b"x", "cut short or damaged"),
    "npy of objects": (npy(np.array([{}] * 3, dtype=object)), "objects in a file can run code"),
    "npz of objects": (archived(motionx=npy(np.array([1, "a"], dtype=object))), "can run code"),
    "npy of records": (npy(np.zeros(3, dtype=[("x", "f4")])), "plain numbers"),
    "huge claim": (claiming("(1000000000000, 322)"), "expected at most 2,147,483,648"),
    "claim past 64 bits": (claiming(f"({10**30}, 322)"), "expected at most"),
    "negative size": (claiming("(-1, 322)"), "(-1, 322)"),
    "huge claim in npz": (archived(motionx=claiming("(10000000000, 322)")), "expected at most"),
    "header that is code": (claiming("__import__('os').getpid()"), "damaged (malformed node"),
    "header without end": (claiming("(9, 322"), "EOF in multi-line"),
    "npy version 3": (b"\x93NUMPY\x03\x00" + bytes(200), "npy version (3, 0)"),
    "member that is no array": (archived(motionx=b"hello"), "EOF"),
    "too many members": (archived(**{f"a{i}": npy(np.zeros(1)) for i in range(300)}), "300 arrays"),
    "bzip2": (archived(zipfile.ZIP_BZIP2, motionx=npy(np.zeros((9, 322)))), "method 12"),
    "newer version": (reheaded({"schema_version": 99}), "schema version 99, expected 1"),
    "no version": (reheaded({}), "schema version 0, expected 1"),
    "header not JSON": (reheaded(b"\xff{"), "motion_json"),
    "header without source": (reheaded({"schema_version": 1, "skeleton": None}), "source"),
    "points that are not joints": (
        reheaded({"schema_version": 1, "skeleton": SKELETON, "source": SOURCE}),
        "does not map its 1 joints",
    ),
    "arrays missing": (
        archived(motion_json=npy(np.frombuffer(b"{}", np.uint8)), times_s=npy(np.zeros(3))),
        "no array orientations_wxyz, positions_m, observed; found motion_json, times_s",
    ),
    "other arrays": (archived(speed=npy(np.zeros((3, 3)))), "speed (3, 3)"),
    "wrong width": (npy(np.zeros((9, 263))), "(9, 263)"),
    "text of the right shape": (npy(np.full((9, 322), "a")), "(9, 322)"),
    "no frames": (npy(np.zeros((0, 322))), "no frames"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_value_error_that_names_it(name: str, tmp_path: Path) -> None:
    data, cause = BAD_FILES[name]
    path = tmp_path / "bad_file.npz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="bad_file") as caught:
        readers.read(path)
    assert cause in str(caught.value)


def test_every_truncated_file_is_refused_with_its_name(tmp_path: Path) -> None:
    native.write(still(), tmp_path / "whole.npz")
    data = (tmp_path / "whole.npz").read_bytes()
    path = tmp_path / "part.npz"
    for size in range(0, len(data), 37):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match="part"):
            readers.read(path)


@settings(max_examples=150)
@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_damaged_byte_is_harmless_or_refused(position: float, flip: int, folder: Path) -> None:
    native.write(still(), folder / "sound.npz")
    data = bytearray((folder / "sound.npz").read_bytes())
    data[int(position * len(data))] ^= flip
    (folder / "flipped.npz").write_bytes(data)
    complaint, read = "", [still()]
    try:
        read = readers.read(folder / "flipped.npz")
    except ValueError as error:
        complaint = str(error)
    assert not complaint or "flipped" in complaint
    for name in FIELDS[:4]:  # no change of the data goes unnoticed
        assert getattr(read[0], name).tobytes() == getattr(still(), name).tobytes()


def test_a_zip_bomb_is_refused_by_its_declared_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "COMPRESSION_CHECK_BYTES", 100_000)
    monkeypatch.setattr(stored, "MAX_UNPACKED_BYTES", 100_000)
    np.savez_compressed(tmp_path / "bomb.npz", motionx=np.zeros((2000, 322), np.float32))
    with pytest.raises(ValueError, match="unpack to 2,576,128"):
        readers.read(tmp_path / "bomb.npz")
    np.savez(tmp_path / "big.npz", motionx=np.zeros((2000, 322), np.float32))
    assert readers.read(tmp_path / "big.npz")[0].frames == 2000
    monkeypatch.setattr(archives, "MAX_BYTES", 1_000_000)
    with pytest.raises(ValueError, match="expected at most 1,000,000"):
        readers.read(tmp_path / "big.npz")


def test_arrays_of_objects_are_listed_only_on_request(tmp_path: Path) -> None:
    mixed = archived(motionx=npy(np.zeros((9, 322))), more=npy(np.array([{}], dtype=object)))
    (tmp_path / "a.npz").write_bytes(mixed)
    with pytest.raises(ValueError, match="objects in a file can run code"):
        archives.layouts(tmp_path / "a.npz")
    assert archives.layouts(tmp_path / "a.npz", objects=True)["more"].dtype.hasobject
    held = archives.load_arrays(tmp_path / "a.npz", names=("motionx",))
    assert held["motionx"].shape == (9, 322)
    with pytest.raises(ValueError, match="objects in a file can run code"):
        archives.load_arrays(tmp_path / "a.npz", names=("more",))


def test_a_read_allocates_no_more_than_the_file_has(tmp_path: Path) -> None:
    header = b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 2)
    (tmp_path / "greedy.npy").write_bytes(header + b"{'descr': '<f4'}")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="greedy"):
            readers.read(tmp_path / "greedy.npy")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_names_inside_an_archive_are_never_paths(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    values = npy(np.zeros((4, 322), np.float32))
    (inner / "a.npz").write_bytes(archived(**{"../../escaped": values, "motionx": values}))
    assert readers.read(inner / "a.npz")[0].frames == 4
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.npz", "inner"]


# The fast path into stored archives


def read_slowly(path: Path) -> dict[str, np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "members", lambda _: None)
        return archives.load_arrays(path, names=tuple(archives.layouts(path)))


def read_fast(path: Path) -> dict[str, np.ndarray] | None:
    held = {name: member.array() for name, member in (stored.members(path) or {}).items()}
    return held if held and all(array is not None for array in held.values()) else None


def assert_the_same(result: np.ndarray, array: np.ndarray) -> None:
    assert result.tobytes() == array.tobytes()
    assert result.shape == array.shape
    assert result.dtype == array.dtype
    assert not result.flags.writeable


ANY_ARRAY = arrays(
    st.sampled_from(["<f4", "<f8", "|b1", "|u1", "<i4", "<f2", ">f4", "<c8", "<U3"]),
    st.lists(st.integers(0, 5), max_size=4).map(tuple),
)


@settings(max_examples=60)
@example(held={"a": np.arange(6.0).reshape(2, 3)}, save=np.savez)
@given(
    held=st.dictionaries(st.text("abé_/.", min_size=1, max_size=4), ANY_ARRAY, max_size=5),
    save=st.sampled_from([np.savez, np.savez_compressed]),
)
def test_the_fast_and_the_slow_path_give_the_same(
    held: dict[str, np.ndarray], save: Callable[..., None], folder: Path
) -> None:
    held = {name: np.asfortranarray(a) if "a" in name else a for name, a in held.items()}
    path = folder / "both.npz"
    save(path, **held)
    fast, slow = read_fast(path), read_slowly(path)
    usual = all(a.dtype.kind in "fbui" and a.dtype.isnative for a in held.values())
    ascii_only = all(name.isascii() for name in held)
    assert (fast is not None) == bool(held and usual and ascii_only)
    for result in (slow, slow if fast is None else fast):
        assert result.keys() == held.keys()
        for name, array in held.items():
            assert_the_same(result[name], array)
    for array in held.values():
        np.save(folder / "single.npy", array)
        fast, slow = read_fast(folder / "single.npy"), read_slowly(folder / "single.npy")
        assert (fast is not None) == (array.dtype.kind in "fbui" and array.dtype.isnative)
        for result in (slow, slow if fast is None else fast):
            assert_the_same(result[""], array)


@settings(max_examples=300)
@given(
    position=st.floats(0, 1, exclude_max=True),
    flip=st.integers(1, 255),
    tail=st.binary(max_size=3),
    cut=st.sampled_from([0, 0, 0, 1, 22, 70]),
    save=st.sampled_from([np.savez, np.savez_compressed]),
)
def test_the_fast_path_gives_no_changed_array(
    position: float, flip: int, tail: bytes, cut: int, save: Callable[..., None], folder: Path
) -> None:
    path = folder / "sound.npz"
    save(path, **{name: getattr(still(), name) for name in FIELDS[:4]})
    before, data = read_fast(path), bytearray(path.read_bytes())
    data[int(position * len(data))] ^= flip
    path.write_bytes(bytes(data[: len(data) - cut]) + tail)
    after = read_fast(path)
    if after is not None:  # under another name, perhaps
        assert [a.tobytes() for a in after.values()] == [a.tobytes() for a in before.values()]
        assert [a.shape for a in after.values()] == [a.shape for a in before.values()]


@pytest.mark.parametrize(
    "header",
    ["(3, 3)", "(-1, 322)", "(10000000000, 322)", "(999999999999999, 999999999999999, 322)", "3"],
)
def test_the_fast_path_refuses_false_shapes(header: str, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(archived(motionx=claiming(header, data=bytes(40))))
    assert stored.members(tmp_path / "a.npz") is None


@pytest.mark.parametrize("rows", [3, 2000])
def test_the_fast_path_unpacks_exactly_the_declared_size(rows: int, tmp_path: Path) -> None:
    """The header declares five rows, and the checksum is that of the first five or of all rows."""
    label, held = npy(np.zeros((5, 322))), npy(np.zeros((rows, 322)))
    content = label[:128] + held[128:]
    lying = bytearray(archived(zipfile.ZIP_DEFLATED, motionx=content))
    at = lying.rfind(b"PK\1\2")
    checksum = zlib.crc32(content[: len(label)])
    lying[at + 16 : at + 20] = struct.pack("<I", checksum)
    lying[at + 24 : at + 28] = struct.pack("<I", len(label))
    (tmp_path / "a.npz").write_bytes(lying)
    assert stored.members(tmp_path / "a.npz")["motionx"].layout[0] == (5, 322)
    assert read_fast(tmp_path / "a.npz") is None


def test_large_files_take_the_slow_path(tmp_path: Path) -> None:
    np.savez(tmp_path / "large.npz", motionx=np.zeros((1000, 322), np.float32))
    assert stored.members(tmp_path / "large.npz") is None
    assert readers.read(tmp_path / "large.npz")[0].frames == 1000


# Motion-X


@settings(max_examples=60)
@given(
    rotvecs=arrays(np.float64, (7, 3), elements=st.floats(-40, 40)),
    scale=st.sampled_from([0.0, 1e-12, 1e-6, 1.0, np.pi]),
)
def test_axis_angles_of_any_length_agree_with_scipy(rotvecs: np.ndarray, scale: float) -> None:
    ours = motionx.quaternions_from_rotvecs(rotvecs * scale)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-12)
    theirs = Rotation.from_rotvec(rotvecs * scale)
    apart_rad = (Rotation.from_quat(ours, scalar_first=True).inv() * theirs).magnitude()
    assert apart_rad.max() < 1e-12


def test_angles_that_overflow_are_no_rotation() -> None:
    turned = motionx.quaternions_from_rotvecs(np.array([[1e300, 0, 0], [np.pi, 0, 0]]))
    assert np.isnan(turned[0]).any()
    np.testing.assert_allclose(turned[1], [0, 1, 0, 0], atol=1e-15)


def test_motionx_columns_rate_and_gaps(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 322)).astype(np.float32)
    values[7, 1], values[9, 310], values[11, 200] = np.nan, np.inf, np.nan
    np.savez(tmp_path / "take.npz", motionx=values, fps=25.0)
    [motion] = readers.read(tmp_path / "take.npz")
    assert np.flatnonzero(~motion.observed).tolist() == [7, 9]  # the pose is not read
    seen = motion.observed
    np.testing.assert_array_equal(motion.positions_m[seen], values[seen, 309:312])
    turned = Rotation.from_quat(motion.orientations_wxyz[seen], scalar_first=True)
    np.testing.assert_allclose(
        turned.as_matrix(), Rotation.from_rotvec(values[seen, :3]).as_matrix(), atol=1e-6
    )
    np.testing.assert_allclose(np.diff(motion.times_s), 1 / 25)
    assert motion.orientations_wxyz.dtype == motion.positions_m.dtype == np.float32
    assert motion.source.clip == "take"
    assert motion.source.notes == ("Motion-X root",)


def test_motionx_rates_come_from_the_option_the_file_or_the_convention(tmp_path: Path) -> None:
    values = np.zeros((3, 322))
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "b.npz", motionx=values, fps=np.array([60]))
    np.savez(tmp_path / "c.npz", motionx=values, fps=np.array([60, 30]))
    np.savez(tmp_path / "d.npz", motionx=values, fps=np.nan)
    assert motionx.read(tmp_path / "a.npy")[0].times_s[1] == 1 / 30
    assert motionx.read(tmp_path / "a.npy")[0].positions_m.dtype == np.float64
    assert motionx.read(tmp_path / "b.npz")[0].times_s[1] == 1 / 60
    assert motionx.read(tmp_path / "b.npz", fps=10.0)[0].times_s[1] == 1 / 10
    assert motionx.read(tmp_path / "c.npz", fps=10.0)[0].times_s[1] == 1 / 10
    with pytest.raises(ValueError, match="expected one number"):
        motionx.read(tmp_path / "c.npz")
    with pytest.raises(ValueError, match="fps: nan"):
        motionx.read(tmp_path / "d.npz")


def test_arrays_in_fortran_order_are_read(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(5, 322))
    np.save(tmp_path / "f.npy", np.asfortranarray(values))
    [motion] = readers.read(tmp_path / "f.npy")
    np.testing.assert_array_equal(motion.positions_m, values[:, 309:312])


def test_every_recorded_clip_is_read(real_motions: Path) -> None:
    with (real_motions / "index.csv").open() as file:
        index = {row["name"]: row for row in csv.DictReader(file)}
    assert len(index) == 9
    for name, row in index.items():
        [motion] = readers.read(real_motions / "mocap" / f"{name}.npz")
        assert motion.frames == int(row["frames"])
        assert motion.observed.all()
        level = motion.positions_m[:, [0, 2]].astype(np.float64)
        net_m = np.hypot(*(level[-1] - level[0]))
        assert net_m == pytest.approx(float(row["net_m"]), abs=0.02)
        lowest, highest = map(float, row["pelvis_y"].split("-"))
        assert motion.positions_m[:, 1].min() == pytest.approx(lowest, abs=0.01)
        assert motion.positions_m[:, 1].max() == pytest.approx(highest, abs=0.01)
        with pytest.raises(readers.UnknownFormatError, match="positions"):
            readers.read(real_motions / "mocap" / f"{name}_joints.npz")


# Recognition and search


def test_the_first_format_that_recognises_a_file_reads_it(tmp_path: Path) -> None:
    native.write(still(), tmp_path / "ours.npz")
    np.save(tmp_path / "theirs.npy", np.zeros((4, 322)))
    expected = {"native": ["ours.npz"], "Motion-X": ["theirs.npy"]}
    for form in readers.FORMATS:
        known = [p.name for p in sorted(tmp_path.iterdir()) if form.recognise(p)]
        assert known == expected.get(form.name, [])


def test_find_lists_files_and_folders_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b/x.npz", "b/c/y.NPY", "b/.hidden/z.npz", "b/.w.npz", "b/notes.txt", "a.dat"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = readers.find([tmp_path / "b", tmp_path / "a.dat", tmp_path / "b" / "x.npz"])
    assert [p.relative_to(tmp_path).as_posix() for p in files] == ["a.dat", "b/c/y.NPY", "b/x.npz"]
    with pytest.raises(FileNotFoundError, match=r"no_1.*no_2"):
        readers.find([tmp_path / "no_1", tmp_path, tmp_path / "no_2"])
