"""Markers of C3D and TRC files: the motion read is that of the marked body."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import readers
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.readers import c3d, markers, trc
from kinematics.skeleton import SMPL_22

PELVIS = {
    "LASI": (0.12, 0.08),
    "RASI": (-0.12, 0.08),
    "LPSI": (0.05, -0.08),
    "RPSI": (-0.05, -0.08),
}
"""Metres to the left and ahead, in the plane with the average forward tilt."""

PAIRS = {"KNE KNM": "knee", "ANK ANM": "ankle", "ELB ELM": "elbow", "WRA WRB": "wrist"}
FILE_FROM_WORLD = {"y": np.eye(3), "z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])}
UNITS = {"mm": 0.001, "cm": 0.01, "m": 1.0}


def placed(motion: Motion, *, medial: bool = True) -> dict[str, np.ndarray]:
    """Markers on the body: around its joints, and on the bones of its pelvis."""
    body = Rotation.from_quat(np.array(motion.orientations_wxyz), scalar_first=True)
    tilted = body * Rotation.from_euler("X", markers.PELVIC_TILT_RAD)
    root = np.array(motion.positions_m)
    joint = {name: np.array(motion.joints_m)[:, i] for i, name in enumerate(SMPL_22.joints)}
    left, ahead = body.apply([1.0, 0, 0]), body.apply([0, 0, 1.0])
    marked = {name: root + tilted.apply([x, 0.0, z]) for name, (x, z) in PELVIS.items()}
    for side in ("left", "right"):
        letter = side[0].upper()
        for names, bare in PAIRS.items():
            outer, inner = names.split()
            out = 0.04 if medial else 0.0
            marked[letter + outer] = joint[f"{side}_{bare}"] + out * left
            if medial:
                marked[letter + inner] = joint[f"{side}_{bare}"] - out * left
        marked[f"{letter}SHO"] = joint[f"{side}_shoulder"]
        marked[f"{letter}TOE"] = joint[f"{side}_foot"]
        sign = 1.0 if side == "left" else -1.0
        marked[f"{letter}FHD"] = joint["head"] + 0.08 * ahead + sign * 0.07 * left
        marked[f"{letter}BHD"] = joint["head"] - 0.08 * ahead + sign * 0.07 * left
    marked["C7"], marked["CLAV"] = joint["neck"] - 0.06 * ahead, joint["neck"] + 0.06 * ahead
    marked["T10"], marked["STRN"] = joint["spine3"] - 0.1 * ahead, joint["spine3"] + 0.1 * ahead
    return marked


def table_of(
    marked: dict[str, np.ndarray], *, up: str = "z", unit: str = "mm"
) -> tuple[list[str], np.ndarray]:
    """Names and positions in the file's axes and unit."""
    positions = np.stack(list(marked.values()), axis=1) @ FILE_FROM_WORLD[up].T / UNITS[unit]
    return list(marked), positions


def trc_text(names: list[str], positions: np.ndarray, times_s: np.ndarray, unit: str = "mm") -> str:
    frames, count = positions.shape[:2]
    rate = 1 / np.diff(times_s).mean()
    lines = [
        "PathFileType\t4\t(X/Y/Z)\ttake.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
        "OrigNumFrames",
        f"{rate:g}\t{rate:g}\t{frames}\t{count}\t{unit}\t{rate:g}\t1\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i}" for i in range(1, count + 1) for axis in "XYZ"),
        "",
    ]
    for index, time in enumerate(times_s):
        cells = ["" if np.isnan(v) else f"{v:.6f}" for v in positions[index].ravel()]
        lines.append("\t".join([str(index + 1), f"{time:.6f}", *cells]))
    return "\n".join(lines) + "\n"


def dec_floats(values: np.ndarray) -> bytes:
    """VAX floats: four times the number, high word first."""
    words = (np.asarray(values, np.float32) * 4).astype("<f4").view("<u2").reshape(-1, 2)
    return np.ascontiguousarray(words[:, ::-1]).tobytes()


def c3d_bytes(
    names: list[str],
    positions: np.ndarray,
    rate_hz: float,
    *,
    unit: str = "mm",
    processor: int = 84,
    wide: bool = True,
    analog: int = 0,
    scale: float = 0.05,
    first: int = 1,
    long: bool = False,
    labels_width: int = 12,
) -> bytes:
    """A C3D file by the format's description; NaN becomes a residual of -1."""
    order = ">" if processor == 86 else "<"

    def floats(*values: float) -> bytes:
        if processor == 85:
            return dec_floats(np.array(values))
        return np.array(values, order + "f4").tobytes()

    def named(group: int, name: str, body: bytes, *, last: bool = False) -> bytes:
        step = struct.pack(order + "h", 0 if last else 2 + len(body) + 1)
        return struct.pack("bb", len(name), group) + name.encode() + step + body + b"\0"

    def text(words: list[str], width: int) -> bytes:
        data = "".join(word.ljust(width) for word in words).encode("latin-1")
        return struct.pack("bBBB", -1, 2, width, len(words)) + data

    frames, points = positions.shape[:2]
    stop = first + frames - 1
    some, more = names[:255], names[255:]
    parameters = struct.pack("bb", 5, -1) + b"POINT" + struct.pack(order + "h", 3) + b"\0"
    parameters += named(1, "LABELS", text(some, labels_width))
    if more:
        parameters += named(1, "LABELS2", text(more, labels_width))
    parameters += named(1, "UNITS", text([unit], 4))
    parameters += named(1, "SCALE", struct.pack("bB", 4, 0) + floats(-1.0 if wide else scale))
    parameters += named(1, "RATE", struct.pack("bB", 4, 0) + floats(rate_hz))
    if long:
        parameters += struct.pack("bb", 5, -2) + b"TRIAL" + struct.pack(order + "h", 3) + b"\0"
        for name, at in (("ACTUAL_START_FIELD", first), ("ACTUAL_END_FIELD", stop)):
            ends = struct.pack(order + "HH", at % 65536, at // 65536)
            parameters += named(2, name, struct.pack("bBB", 2, 1, 2) + ends)
    parameters += named(1, "USED", struct.pack(order + "bBH", 2, 0, points), last=True)
    blocks = -(-(4 + len(parameters)) // 512)
    parameters = struct.pack("BBBB", 1, 0x50, blocks, processor) + parameters
    header = struct.pack("BB", 2, 0x50)
    header += struct.pack(order + "5H", points, analog, first, min(stop, 65535), 10) + floats(
        -1.0 if wide else scale
    )
    header += struct.pack(order + "2H", 2 + blocks, 1 if analog else 0) + floats(rate_hz)
    values = np.zeros((frames, 4 * points + analog))
    seen = np.isfinite(positions).all(axis=2)
    four = np.zeros((frames, points, 4))
    four[:, :, :3] = np.where(seen[:, :, None], positions, 9.0) / (1.0 if wide else scale)
    four[:, :, 3] = np.where(seen, 0.0, -1.0)
    values[:, : 4 * points] = four.reshape(frames, -1)
    values[:, 4 * points :] = 7.0
    if not wide:
        data = values.round().astype(order + "i2").tobytes()
    else:
        data = (
            dec_floats(values.ravel()) if processor == 85 else values.astype(order + "f4").tobytes()
        )
    return header.ljust(512, b"\0") + parameters.ljust(512 * blocks, b"\0") + data


def save(folder: Path, data: str | bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def check(back: Motion, original: Motion, *, slack_m: float) -> None:
    """Asserts that the body is the marked body; hips are estimated and may be 5 cm off."""
    np.testing.assert_allclose(back.positions_m, original.positions_m, atol=slack_m)
    mine, theirs = (
        Rotation.from_quat(np.array(motion.orientations_wxyz), scalar_first=True)
        for motion in (back, original)
    )
    assert (mine.inv() * theirs).magnitude().max() < slack_m / 0.08
    for index, name in enumerate(back.skeleton.joints):
        known = {"chest": "spine3"}.get(name, name)
        expected = np.array(original.joints_m)[:, SMPL_22.joints.index(known)]
        slack = 0.05 if name.endswith("hip") else slack_m
        np.testing.assert_allclose(back.joints_m[:, index], expected, atol=slack, err_msg=name)
    assert back.skeleton.missing == ()


# The same body in every file


@settings(max_examples=25)
@given(
    up=st.sampled_from(sorted(FILE_FROM_WORLD)),
    unit=st.sampled_from(sorted(UNITS)),
    processor=st.sampled_from(sorted(c3d.PROCESSORS)),
    wide=st.booleans(),
    analog=st.sampled_from([0, 6]),
    first=st.sampled_from([1, 117]),
    long=st.booleans(),
    prefix=st.sampled_from(["", "Ann:"]),
)
def test_c3d_files_of_any_kind_hold_the_body(
    up: str,
    unit: str,
    processor: int,
    wide: bool,
    analog: int,
    first: int,
    long: bool,
    prefix: str,
    performed: Motion,
    folder: Path,
) -> None:
    names, positions = table_of(placed(performed), up=up, unit=unit)
    data = c3d_bytes(
        [prefix + name for name in names],
        positions,
        30.0,
        unit=unit,
        processor=processor,
        wide=wide,
        analog=analog,
        scale=0.0002 / UNITS[unit],
        first=first,
        long=long,
    )
    [back] = readers.read(save(folder, data, "take.c3d"))
    check(back, performed, slack_m=2e-6 if wide else 3e-4)
    np.testing.assert_allclose(back.times_s, performed.times_s, atol=1e-9)
    assert back.source.notes[1:3] == (
        f"lengths in {unit}, as the file says",
        f"{up.upper()} up: the axis the pelvis points along",
    )


@pytest.mark.parametrize("up", sorted(FILE_FROM_WORLD))
@pytest.mark.parametrize("unit", sorted(UNITS))
def test_trc_files_hold_the_body(up: str, unit: str, performed: Motion, folder: Path) -> None:
    names, positions = table_of(placed(performed), up=up, unit=unit)
    text = trc_text(names, positions, np.array(performed.times_s), unit)
    [back] = readers.read(save(folder, text.replace("\n", "\r\n"), "take.trc"))
    check(back, performed, slack_m=2e-6)
    np.testing.assert_allclose(back.times_s, performed.times_s, atol=1e-6)


def test_facts_do_not_depend_on_the_file(performed: Motion, folder: Path, same_story) -> None:
    names, positions = table_of(placed(performed))
    save(folder, c3d_bytes(names, positions, 30.0, wide=False, scale=0.2), "facts.c3d")
    save(folder, trc_text(names, positions, np.array(performed.times_s)), "facts.trc")
    motions = [performed, *readers.read(folder / "facts.c3d"), *readers.read(folder / "facts.trc")]
    original, *copies = measurement.measure_all(motions)
    assert len(copies) == 2
    for facts in copies:
        same_story(facts, original)


def test_names_of_other_sets_are_the_same_markers(performed: Motion, folder: Path) -> None:
    names, positions = table_of(placed(performed))
    other = {"LASI": "L.ASIS", "RASI": "R_ASIS", "LPSI": "L PSIS", "RPSI": "RIPS", "LKNE": "LFLE"}
    other |= {"RSHO": "RAcromion", "LTOE": "LMT2", "C7": "CV7"}
    renamed = [other.get(name, name) for name in names]
    [back] = trc.read(
        save(folder, trc_text(renamed, positions, np.array(performed.times_s)), "o.trc")
    )
    check(back, performed, slack_m=2e-6)


def test_a_sacrum_replaces_the_back_of_the_pelvis(performed: Motion, folder: Path) -> None:
    marked = placed(performed)
    marked["V.Sacral"] = (marked.pop("LPSI") + marked.pop("RPSI")) / 2
    names, positions = table_of(marked)
    [back] = c3d.read(save(folder, c3d_bytes(names, positions, 30.0), "sacrum.c3d"))
    check(back, performed, slack_m=2e-6)


def test_two_subjects_are_two_motions_in_one_world(performed: Motion, folder: Path) -> None:
    marked = placed(performed)
    both = {f"Ann:{name}": track for name, track in marked.items()}
    both |= {f"Bob:{name}": np.add(track, [2.0, 0.0, 0.0]) for name, track in marked.items()}
    both["*99"] = marked["LASI"]
    names, positions = table_of(both)
    ann, bob = c3d.read(save(folder, c3d_bytes(names, positions, 30.0), "duo.c3d"))
    assert (ann.source.clip, bob.source.clip) == ("duo_Ann", "duo_Bob")
    assert (ann.source.person, bob.source.person) == (0, 1)
    assert ann.source.shared_world
    np.testing.assert_allclose(
        bob.positions_m - ann.positions_m, [[2, 0, 0]] * ann.frames, atol=1e-5
    )


def test_frames_beyond_the_headers_count_are_counted(performed: Motion, folder: Path) -> None:
    names, positions = table_of(placed(performed))
    data = c3d_bytes(names, positions, 30.0, first=65530, long=True)
    assert len(c3d.parse(save(folder, data, "long.c3d")).times_s) == performed.frames


def test_three_hundred_markers_keep_their_names(performed: Motion, folder: Path) -> None:
    marked = {f"extra{i}": placed(performed)["C7"] for i in range(300)} | placed(performed)
    names, positions = table_of(marked)
    assert c3d.parse(save(folder, c3d_bytes(names, positions, 30.0), "many.c3d")).names == tuple(
        names
    )


# Gaps and missing joints


@pytest.mark.parametrize("kind", ["c3d", "trc"])
def test_gaps_are_unobserved_and_rare_joints_left_out(
    performed: Motion, folder: Path, kind: str
) -> None:
    marked = placed(performed, medial=False)
    marked["RASI"][5:8] = np.nan  # the pelvis
    marked["LSHO"][20] = np.nan  # a joint, once
    marked["RWRA"][::3] = np.nan  # a joint, often
    names, positions = table_of(marked)
    data = (
        c3d_bytes(names, positions, 30.0)
        if kind == "c3d"
        else trc_text(names, positions, np.array(performed.times_s))
    )
    [back] = readers.read(save(folder, data, f"gaps.{kind}"))
    assert np.flatnonzero(~back.observed).tolist() == [5, 6, 7, 20]
    assert "right_wrist" not in back.skeleton.joints
    assert "left_wrist" in back.skeleton.joints
    assert back.source.notes[-1] == "too often unseen: right_wrist"
    assert back.source.notes[-2].startswith("on the skin, not inside: left_knee, left_ankle")


def test_zeros_and_words_in_a_table_are_gaps(performed: Motion, folder: Path) -> None:
    names, positions = table_of(placed(performed))
    positions[3, names.index("LSHO")] = 0.0
    text = trc_text(names, positions, np.array(performed.times_s))
    rows = text.split("\n")
    rows[10] = rows[10].replace(rows[10].split("\t")[2], "NaN", 1)  # frame 4's first cell
    [back] = trc.read(save(folder, "\n".join(rows), "zeros.trc"))
    assert np.flatnonzero(~back.observed).tolist() == [3, 4]


def test_options_override_and_a_body_upside_down_is_assumed_to_stand(
    performed: Motion, folder: Path
) -> None:
    names, positions = table_of(placed(performed))
    path = save(folder, c3d_bytes(names, positions, 30.0, unit=""), "told.c3d")
    [guessed] = c3d.read(path)
    assert guessed.source.notes[1] == "lengths in mm, by the width of the pelvis"
    [told] = c3d.read(path, up="y", unit_m=0.0015, dtype=np.float64)
    assert told.source.notes[1:3] == ("lengths in units of 0.0015 m, as told", "Y up: as told")
    file_m = performed.positions_m @ FILE_FROM_WORLD["z"].T
    np.testing.assert_allclose(told.positions_m, 1.5 * file_m, atol=1e-5)
    flipped = c3d_bytes(names, positions * [1, -1, -1], 30.0)
    [upside] = c3d.read(save(folder, flipped, "flipped.c3d"))
    assert upside.source.notes[2] == "Z up: assumed: the pelvis does not point along an axis"


# Broken files


def small() -> tuple[list[str], np.ndarray, np.ndarray]:
    still = np.array([[120.0, 0, 0], [-120, 0, 0], [40, 150, 30], [-40, 150, 30]]) + 1000
    return list(PELVIS), np.tile(still, (5, 1, 1)), np.arange(5) / 50


SMALL_TRC = trc_text(*small())
BROKEN_TRC = {
    "empty": ("", "1 lines; the header alone has 5"),
    "no type": ("junk" + SMALL_TRC, "line 1: 'junkPathFileType"),
    "no names": (SMALL_TRC.replace("Frame#\tTime", "F\tT"), "expected Frame#, Time"),
    "no markers": ("\n".join(["PathFileType", "a", "b", "Frame#\tTime", "", "1\t0"]), "no markers"),
    "cut": (
        SMALL_TRC[: SMALL_TRC.index("\n4\t")],
        "numframes: '5' announced, but the file has 3 rows",
    ),
    "huge claim": (SMALL_TRC.replace("50\t50\t5\t", f"50\t50\t{10**12}\t"), "the file has 5 rows"),
    "markers miscounted": (SMALL_TRC.replace("\t5\t4\tmm", "\t5\t9\tmm"), "nummarkers: '9'"),
    "axes miscounted": (SMALL_TRC.replace("\tX4\tY4\tZ4", ""), "9 axes for 4 markers"),
    "cells too many": (SMALL_TRC.replace("\n2\t", "\n2\t2\t2\t2\t"), "line 8: 17 cells"),
    "a word": (SMALL_TRC.replace("\n2\t0.02", "\n2\tsoon"), "line 8: 'soon0000' is no"),
    "infinite": (SMALL_TRC.replace("1120.0", "1e999", 1), "1e99900000' is not finite"),
    "no time": (SMALL_TRC.replace("\n2\t0.020000", "\n2\t"), "a row without a time"),
    "backwards": (SMALL_TRC.replace("0.040000", "0.010000"), "do not increase"),
    "no pelvis": (SMALL_TRC.replace("LASI", "HAND"), "the markers are HAND, RASI, LPSI, RPSI"),
    "pelvis never whole": (
        SMALL_TRC.replace("1120.000000\t1000.000000\t1000.000000", "\t\t"),
        "the whole pelvis is seen in no frame",
    ),
    "wrong unit": (SMALL_TRC.replace("\tmm\t", "\tm\t"), "240 m wide"),
    "unknown unit": (
        SMALL_TRC.replace("\tmm\t", "\tell\t").replace("1120.0", "9120.0"),
        "unit 'ell' is not one of mm, cm",
    ),
    "latin header": (SMALL_TRC.encode().replace(b"LASI", b"L\xfc"), "not UTF-8"),
}


@pytest.mark.parametrize("name", BROKEN_TRC)
def test_a_broken_trc_file_is_one_error_with_the_cause(name: str, tmp_path: Path) -> None:
    data, cause = BROKEN_TRC[name]
    with pytest.raises(ValueError, match=r"bad_file\.trc") as caught:
        readers.read(save(tmp_path, data, "bad_file.trc"))
    assert cause in str(caught.value)


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


SMALL_C3D = c3d_bytes(small()[0], small()[1], 50.0)
FRAMES_AT = SMALL_C3D.index(b"\0", 1)
BROKEN_C3D = {
    "empty": (b"", "0 bytes; the header alone has 512"),
    "text": (b"x" * 600, "the second byte is 0x78"),
    "no parameters": (patched(SMALL_C3D, 0, b"\xff"), "begin in block 255"),
    "processor": (patched(SMALL_C3D, 512 + 3, b"\x00"), "processor 0; expected 84, 85 or 86"),
    "cut in the frames": (SMALL_C3D[:-9], "of 16 values are 320 bytes, but the file has 311"),
    "cut in the parameters": (SMALL_C3D[:600], "but the file has 0"),
    "huge claim": (patched(SMALL_C3D, 8, b"\xff\xff"), "65,535 frames of 16 values"),
    "many points": (SMALL_C3D.replace(b"USED", b"UZED"), None),
    "no frames": (patched(SMALL_C3D, 6, b"\x09\x00"), "frames 9 to 5"),
    "frames in the header": (patched(SMALL_C3D, 16, b"\x01\x00"), "begin in block 1"),
    "rate": (SMALL_C3D.replace(np.float32(50).tobytes(), np.float32(5e9).tobytes()), "rate 5e+09"),
    "no rate": (SMALL_C3D.replace(np.float32(50).tobytes(), b"\0\0\0\0"), "rate 0"),
    "scale": (SMALL_C3D.replace(b"\0\0\x80\xbf", b"\0\0\xc0\x7f"), "scale nan"),
    "no pelvis": (SMALL_C3D.replace(b"LASI", b"HAND"), "the markers are HAND, RASI"),
    "unseen": (c3d_bytes(small()[0], np.full((5, 4, 3), np.nan), 50.0), "seen in no frame"),
    "chain goes back": (SMALL_C3D.replace(b"LABELS\x37", b"LABELS\x01"), "'LABELS' points back"),
}


@pytest.mark.parametrize("name", BROKEN_C3D)
def test_a_broken_c3d_file_is_one_error_with_the_cause(name: str, tmp_path: Path) -> None:
    data, cause = BROKEN_C3D[name]
    path = save(tmp_path, data, "bad_file.c3d")
    if cause is None:  # the header's own count is enough
        assert readers.read(path)[0].frames == 5
        return
    with pytest.raises(ValueError, match=r"bad_file\.c3d") as caught:
        readers.read(path)
    assert cause in str(caught.value)


@settings(max_examples=250)
@given(data=st.data(), kind=st.sampled_from(["c3d", "trc"]))
def test_damage_anywhere_is_harmless_or_refused(
    data: st.DataObject, kind: str, folder: Path, read_damaged
) -> None:
    whole = SMALL_C3D if kind == "c3d" else SMALL_TRC.encode()
    for motion in read_damaged(data, whole, folder / f"mutated.{kind}", readers.read):
        assert np.isfinite(motion.joints_m).all()


def test_formats_are_recognised_by_their_contents(tmp_path: Path) -> None:
    assert c3d.recognise(save(tmp_path, SMALL_C3D, "a.dat"))
    assert trc.recognise(save(tmp_path, SMALL_TRC, "a.txt"))
    for form in (c3d, trc):
        assert not form.recognise(save(tmp_path, b"\x02\x50" + b"x" * 2000, "b.dat"))


def test_files_that_other_tools_write_are_read(performed: Motion, folder: Path) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    names, positions = table_of(placed(performed))
    positions[7, 0] = np.nan
    out = ezc3d.c3d()
    out["parameters"]["POINT"]["RATE"]["value"] = [30]
    out["parameters"]["POINT"]["LABELS"]["value"] = names
    out["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    four = np.ones((4, len(names), len(positions)))
    four[:3] = positions.transpose(2, 1, 0)
    out["data"]["points"] = four
    out.write(str(folder / "ezc3d.c3d"))
    [back] = c3d.read(folder / "ezc3d.c3d")
    assert np.flatnonzero(~back.observed).tolist() == [7]
    seen = np.array(back.observed)
    np.testing.assert_allclose(back.positions_m[seen], performed.positions_m[seen], atol=2e-6)
