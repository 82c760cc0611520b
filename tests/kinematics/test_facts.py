"""Facts as plain data: what is written is what is read, and nothing heavy is needed for either."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinematics import facts

SRC = Path(facts.__file__).parents[1]
HEAVY = ("beartype", "equinox", "jax", "jaxlib", "jaxtyping", "matplotlib", "numpy", "scipy")
"""What a reader of facts need not have installed."""

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def an_event(signal: str = "forward", *, start_s: float = 0.0) -> facts.Event:
    return facts.Event(
        signal=signal,
        start_s=start_s,
        end_s=start_s + 2.0,
        amount=2.5,
        peak_speed=1.5,
        mean_speed=1.25,
        coverage=1.0,
        quarter_amounts=(0.5, 1.0, 1.0, 0.0),
    )


def some_facts(**changes: object) -> facts.MotionFacts:
    """Facts of a clip in which nothing is known but what `changes` say."""
    names = facts.WindowFacts.__struct_fields__
    window = facts.WindowFacts(**dict.fromkeys(names, 0.0))
    angles = [name for name in facts.Posture.__struct_fields__ if name.endswith("_rad")]
    given_values: dict[str, object] = {
        "clip": "a",
        "take": "a",
        "person": 0,
        "path": "",
        "shared_world": False,
        "notes": (),
        "frame": "first_heading",
        "thresholds": "0" * 12,
        "frames": 61,
        "duration_s": 2.0,
        "fps": 30.0,
        "coverage": 1.0,
        "has_joints": False,
        "events": (),
        "episodes": (),
        "whole": window,
        "quarters": (window,) * 4,
        "shape": facts.PathShape(
            straightness=1.0,
            returns=0,
            laps=0.0,
            turning_radius_m=None,
            extent_m=0.0,
            shape="stays",
        ),
        "posture": facts.Posture(
            lean_of="pelvis", heading_coverage=1.0, **dict.fromkeys(angles, 0.0)
        ),
        "parts": (),
        "samples": (),
        **changes,
    }
    return facts.MotionFacts(**given_values)


def in_a_bare_process(program: str) -> str:
    """What a Python program prints that finds this package and none of the heavy ones."""
    hidden = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{hidden}\n{program}"],
        env={"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# A line and back ---------------------------------------------------------------------------------


@given(
    start_s=FINITE,
    amount=FINITE,
    parts=st.tuples(FINITE, FINITE, FINITE, FINITE),
    radius_m=st.none() | FINITE,
    clip=st.text(),
    notes=st.lists(st.text(), max_size=3),
)
def test_what_is_written_is_what_is_read(start_s, amount, parts, radius_m, clip, notes):
    event = msgspec.structs.replace(
        an_event(), start_s=start_s, amount=amount, quarter_amounts=parts
    )
    shape = msgspec.structs.replace(some_facts().shape, turning_radius_m=radius_m)
    whole = some_facts(
        clip=clip,
        notes=tuple(notes),
        events=(event,),
        episodes=(facts.VerticalEpisode(kind="jump", start_s=start_s, end_s=0.5, height_m=amount),),
        shape=shape,
        samples=(
            facts.PathSample(
                time_s=start_s, left_m=amount, up_m=0.0, forward_m=-amount, heading_rad=amount
            ),
        ),
    )
    line = facts.to_line(whole)
    assert b"\n" not in line
    assert facts.from_line(line) == whole
    assert facts.from_line(line.decode()) == whole
    assert facts.to_line(facts.from_line(line)) == line


def test_a_line_is_json_that_others_can_read():
    row = json.loads(facts.to_line(some_facts(events=(an_event(),), clip="Gänge")))
    assert row["schema_version"] == facts.SCHEMA_VERSION
    assert row["clip"] == "Gänge"
    assert row["events"][0]["signal"] == "forward"
    assert row["events"][0]["quarter_amounts"] == [0.5, 1.0, 1.0, 0.0]
    assert set(row) == set(facts.MotionFacts.__struct_fields__)


def test_facts_do_not_change():
    with pytest.raises(AttributeError):
        some_facts().clip = "b"
    assert hash(an_event()) == hash(an_event())


def test_events_and_episodes_by_kind_in_time_order():
    jump = facts.VerticalEpisode(kind="jump", start_s=0.0, end_s=0.5, height_m=0.3)
    crouch = facts.VerticalEpisode(kind="crouch", start_s=1.0, end_s=2.0, height_m=-0.3)
    clip = some_facts(
        events=(an_event("left"), an_event("heading", start_s=1.0), an_event("left", start_s=3.0)),
        episodes=(jump, crouch),
    )
    assert [event.start_s for event in clip.events_on("left")] == [0.0, 3.0]
    assert clip.events_on("up") == ()
    assert clip.episodes_of("crouch") == (crouch,)
    assert clip.episodes_of("rise") == ()


# Other versions and damaged files ----------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_schema_version_is_refused_by_name(version):
    other = facts.to_line(some_facts(schema_version=version))
    with pytest.raises(
        ValueError, match=rf"schema version {version}, expected 1: measure .* again"
    ):
        facts.from_line(other)


def test_another_version_is_refused_even_when_nothing_else_fits():
    with pytest.raises(ValueError, match="schema version 7, expected 1"):
        facts.from_line(b'{"schema_version": 7, "who": "knows"}')
    with pytest.raises(ValueError, match="schema version 0, expected 1"):
        facts.from_line(b"{}")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{not json", "malformed"),
        (facts.to_line(some_facts())[:-40], "malformed"),
        (b'{"schema_version": 1, "clip": "a"}', "missing required field `take`"),
        (
            facts.to_line(some_facts(events=(an_event(),))).replace(b'"forward"', b'"onward"'),
            r"Invalid enum value 'onward' - at `\$.events\[0\].signal`",
        ),
        (facts.to_line(some_facts(schema_version=3)), "schema version 3"),
    ],
)
def test_read_errors_name_the_file_and_the_line(tmp_path, line, problem):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(facts.to_line(some_facts()) + b"\n\n" + line + b"\n")
    clips = facts.read(path)
    assert next(clips) == some_facts()
    with pytest.raises(ValueError, match=rf"facts\.jsonl, line 3: .*{problem}"):
        next(clips)


def test_reading_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jsonl"):
        next(facts.read(tmp_path / "nowhere.jsonl"))


# Files -------------------------------------------------------------------------------------------


def test_a_file_holds_the_clips_in_order(tmp_path):
    path = tmp_path / "new" / "folder" / "facts.jsonl"
    clips = [some_facts(clip=name) for name in "abc"]
    assert facts.write(path, iter(clips)) == 3
    assert list(facts.read(path)) == clips
    assert path.read_bytes().count(b"\n") == 3
    assert facts.write(str(path), []) == 0
    assert list(facts.read(str(path))) == []


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "facts.jsonl"
    facts.write(path, [some_facts(clip="old")])

    def failing():
        yield some_facts(clip="new")
        assert [clip.clip for clip in facts.read(path)] == ["old"]
        raise RuntimeError("the power goes out")

    with pytest.raises(RuntimeError, match="power"):
        facts.write(path, failing())
    assert [clip.clip for clip in facts.read(path)] == ["old"]
    assert facts.write(path, [some_facts(clip="new")] * 2) == 2
    assert [clip.clip for clip in facts.read(path)] == ["new", "new"]
    assert [file.name for file in tmp_path.iterdir()] == ["facts.jsonl"]


# Without arrays ----------------------------------------------------------------------------------


def test_facts_are_read_and_written_where_no_array_library_is_installed(tmp_path):
    path = tmp_path / "facts.jsonl"
    facts.write(path, [some_facts(clip="from afar", events=(an_event(),))])
    program = f"""
from kinematics import facts, skeleton
(clip,) = facts.read({str(path)!r})
facts.write({str(tmp_path / "copy.jsonl")!r}, [clip])
print(clip.clip, clip.events_on("forward")[0].amount, skeleton.SMPL_22.name)
"""
    assert in_a_bare_process(program) == "from afar 2.5 smpl_22"
    assert (tmp_path / "copy.jsonl").read_bytes() == path.read_bytes()


def test_hiding_a_library_does_hide_it():
    program = """
try:
    import kinematics.motion
except ImportError as error:
    print(error.name)
"""
    assert in_a_bare_process(program) in HEAVY


def test_all_signals_are_either_lengths_or_angles():
    assert len(facts.SIGNALS) == len(set(facts.SIGNALS)) == 7
    assert set(facts.SIGNALS) > facts.ANGULAR_SIGNALS
    assert len(facts.ANGULAR_SIGNALS) == 3
