"""Facts as tables: every fact is in one, under its unit, with any library or none."""

import importlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import kinematics
from kinematics import facts, synthetic, tables
from kinematics.facts import MotionFacts

TABLES = get_args(tables.Table)


@pytest.fixture(scope="module")
def clips() -> list[MotionFacts]:
    """Somebody who walks, turns and jumps with joints, and somebody who stands, without."""
    script = synthetic.walk(3.0).then(synthetic.turn(math.radians(90)), synthetic.jump(0.4))
    moved = synthetic.perform(script, clip="moves").motion
    still = synthetic.perform(synthetic.stand(2.0), joints=False, clip="stands").motion
    return list(kinematics.measure_all([moved, still.renamed(person=3)]))


def test_events_are_in_metres_or_in_radians(clips: list[MotionFacts]) -> None:
    rows = kinematics.to_rows(clips, "events")
    assert len(rows) == len(clips[0].events)
    for row, event in zip(rows, clips[0].events, strict=True):
        unit, other = ("rad", "m") if event.signal in facts.ANGULAR_SIGNALS else ("m", "rad")
        assert (row["clip"], row["person"], row["signal"]) == ("moves", 0, event.signal)
        assert row[f"amount_{unit}"] == event.amount
        assert tuple(row[f"quarter_{n}_{unit}"] for n in range(1, 5)) == event.quarter_amounts
        assert all(row[name] is None for name in row if name.endswith(f"_{other}"))
        speeds = (f"peak_speed_{unit}_per_s", f"mean_speed_{unit}_per_s")
        if unit == "m":
            speeds = ("peak_speed_mps", "mean_speed_mps")
        assert tuple(row[name] for name in speeds) == (event.peak_speed, event.mean_speed)
        assert sum(value is None for value in row.values()) == 7


def test_a_clip_is_one_row(clips: list[MotionFacts]) -> None:
    for row, clip in zip(kinematics.to_rows(clips, "clips"), clips, strict=True):
        for part in (clip.whole, clip.posture, clip.shape):
            held = msgspec.structs.asdict(part)
            for name in held.keys() - {"start_s", "end_s", "coverage"}:
                assert row[name] == held[name], name
        for name in ("clip", "person", "frame", "frames", "duration_s", "fps", "coverage"):
            assert row[name] == getattr(clip, name)


def test_quarters_episodes_and_samples_are_their_fields(clips: list[MotionFacts]) -> None:
    rows = kinematics.to_rows(clips, "quarters")
    assert [(row["clip"], row["quarter"]) for row in rows] == [
        (clip, number) for clip in ("moves", "stands") for number in (1, 2, 3, 4)
    ]
    for table, inside in (("episodes", clips[0].episodes), ("samples", clips[0].samples)):
        rows = kinematics.to_rows(clips[0], table)
        assert len(inside) > 0
        assert rows == [
            {"clip": "moves", "person": 0, **msgspec.structs.asdict(one)} for one in inside
        ]


def test_parts_lose_nothing(clips: list[MotionFacts]) -> None:
    rows = kinematics.to_rows(clips, "parts")
    assert len(rows) == len(clips[0].parts)
    for row, part in zip(rows, clips[0].parts, strict=True):
        pair = (None, None) if part.distance_range is None else part.distance_range
        assert (row["nearest_m"], row["furthest_m"]) == pair
        assert (row["left_share"], row["backward_share"]) == (
            part.directions[0],
            part.directions[-1],
        )
        held = {*row.values()}
        assert {value for value in msgspec.structs.astuple(part) if type(value) is float} <= held


@pytest.mark.parametrize("library", get_args(tables.Library))
@pytest.mark.parametrize("table", TABLES)
def test_frames_hold_the_rows(table: str, library: str, clips: list[MotionFacts]) -> None:
    pytest.importorskip(library)
    rows = kinematics.to_rows(clips, table)
    frame = kinematics.to_frame(clips, table, library=library)
    assert type(frame).__module__.startswith(library)
    assert list(frame.columns)[:2] == ["clip", "person"]
    assert frame.shape == (len(rows), len(rows[0]))
    for name in rows[0]:
        for wanted, value in zip((row[name] for row in rows), frame[name], strict=True):
            missing = value is None or value != value  # pandas writes NaN
            assert (wanted is None) == missing
            assert missing or wanted == value
    empty = kinematics.to_frame([], table, library=library)
    assert list(empty.columns) == list(frame.columns) == list(rows[0])
    assert list(empty.dtypes) == list(frame.dtypes)


WRONG_NAMES = """\
import sys
import kinematics
from kinematics import facts, synthetic
clips = list(facts.read(sys.argv[1]))
for wrong in (
    lambda: kinematics.to_rows(clips, "turns"),
    lambda: kinematics.to_frame(clips, "turns"),
    lambda: kinematics.to_frame(clips, "events", library="arrow"),
    lambda: clips[0].events_on("turn"),
    lambda: clips[0].episodes_of("hop"),
    lambda: synthetic.perform(synthetic.stand(1.0)).truth.events_on("turn"),
):
    try:
        wrong()
    except ValueError as error:
        print(error)
"""


def test_wrong_names_give_an_error_that_lists_the_right_ones(
    clips: list[MotionFacts], tmp_path: Path
) -> None:
    """In an interpreter of its own, where no test checks the types of arguments first."""
    facts.write(tmp_path / "facts.jsonl", clips)
    done = subprocess.run(
        [sys.executable, "-c", WRONG_NAMES, tmp_path / "facts.jsonl"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        f"table 'turns': expected one of {', '.join(TABLES)}",
        f"table 'turns': expected one of {', '.join(TABLES)}",
        "library 'arrow': expected one of pandas, polars",
        f"signal 'turn': expected one of {', '.join(facts.SIGNALS)}",
        f"episode 'hop': expected one of {', '.join(get_args(facts.Episode))}",
        f"signal 'turn': expected one of {', '.join(facts.SIGNALS)}",
    ]


def test_without_any_library_one_error_names_both(
    clips: list[MotionFacts], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in get_args(tables.Library):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pandas or polars.*to_rows needs neither"):
        kinematics.to_frame(clips, "events")
    with pytest.raises(ImportError, match="needs polars: pip install polars"):
        kinematics.to_frame(clips, "events", library="polars")
    assert kinematics.to_rows(clips, "events")


def test_the_other_library_serves_where_pandas_is_missing(
    clips: list[MotionFacts], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Polars:
        def DataFrame(self, columns: dict, *, schema: dict) -> tuple:  # noqa: N802 - its name
            return columns, schema

    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", Polars())
    columns, schema = kinematics.to_frame(clips, "quarters")
    assert list(columns) == list(schema)
    assert columns["clip"] == ["moves"] * 4 + ["stands"] * 4
    assert schema["quarter"] is int


def test_tables_import_no_library_until_one_is_asked_for() -> None:
    program = "import json, sys; from kinematics import to_frame; print(json.dumps([*sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = json.loads(done.stdout)
    assert "kinematics.tables" in loaded
    assert not {"pandas", "polars", "numpy", "jax"} & {*loaded}
    assert importlib.import_module("kinematics.tables").to_frame is kinematics.to_frame
