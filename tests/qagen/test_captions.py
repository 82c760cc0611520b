"""Captions say what was measured, in its order, and nothing else."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kinematics.curation import records
from kinematics.curation.records import Check, ClipReport, Move, Person, Verdict
from qagen.commands.app import app
from qagen.study import captions

MOVES = st.builds(
    Move,
    part=st.sampled_from(sorted(captions.PARTS)),
    start_s=st.integers(0, 9).map(float),
    end_s=st.just(10.0),
    direction=st.sampled_from([None, "left", "right", "up", "down"]),
    path=st.floats(0.3, 9),
    repetitions=st.integers(0, 9),
)
PEOPLE = st.builds(
    Person,
    tracklet=st.integers(0, 99),
    start_s=st.just(0.0),
    end_s=st.floats(1, 10),
    acts=st.booleans(),
    box_px=st.tuples(*[st.floats(0, 900)] * 4),
    moves=st.lists(MOVES, max_size=6).map(tuple),
)


def report(people: tuple[Person, ...], *attributes: str, fewest: int | None = None) -> ClipReport:
    most = float(len(people))
    checks = (
        Check(name="people", value=most if fewest is None else float(fewest), least=1.0),
        Check(name="people", value=most, most=5.0),
    )
    return ClipReport(
        clip="a",
        path="a.mp4",
        verdicts=(Verdict(stage="people", checks=checks),),
        attributes=attributes,
        people=people,
    )


@given(st.lists(PEOPLE, min_size=1, max_size=5).map(tuple))
def test_every_movement_is_said_once_in_its_order_and_no_other(people):
    first, *lines = captions.caption(report(people)).split("\n")
    assert len(lines) == len(people)
    assert first.endswith(("person in the video.", "people in the video."))
    ordered = sorted(people, key=lambda one: (one.start_s - one.end_s, one.tracklet))
    for line, person in zip(
        lines, sorted(ordered, key=lambda one: one.box_px[0] + one.box_px[2]), strict=True
    ):
        parts = re.findall(rf"moves the ({'|'.join(captions.PARTS.values())})", line)
        expected = person.moves if person.acts else ()
        assert sorted(parts) == sorted(captions.PARTS[move.part] for move in expected)
        starts = {move.start_s for move in expected}
        assert line.count(", then ") == max(len(starts) - 1, 0)
        told = [move for move in expected if move.repetitions > 1]
        assert len(re.findall(r"\d times", line)) == len(told)
        assert ("hardly moves" in line) == (not person.acts)


@given(st.lists(PEOPLE, min_size=1, max_size=5).map(tuple))
def test_the_order_of_tracklets_of_different_lengths_and_places_does_not_matter(people):
    lengths = {person.end_s for person in people}
    places = {person.box_px[0] + person.box_px[2] for person in people}
    if len(lengths) == len(places) == len(people):
        assert captions.caption(report(people)) == captions.caption(report(people[::-1]))


def person(left: float, *moves: Move, acts: bool = True, end_s: float = 9.0) -> Person:
    return Person(
        tracklet=0,
        start_s=0.0,
        end_s=end_s,
        acts=acts,
        box_px=(left, 0.0, left + 9, 99.0),
        moves=moves,
    )


def test_two_people_with_their_attributes():
    raised = Move(part="right_upper_limb", start_s=0.0, end_s=1.0, direction="up", path=1.0)
    kicked = Move(part="left_lower_limb", start_s=0.0, end_s=1.0, direction="left", path=2.0)
    nodded = Move(part="head", start_s=3.0, end_s=6.0, path=0.5, repetitions=4)
    told = captions.caption(
        report((person(50, raised, nodded, kicked), person(0, acts=False)), "an old man", "a girl")
    )
    assert told.split("\n") == [
        "There are two people in the video.",
        "The person on the left, an old man, hardly moves.",
        "The person on the right, a girl, moves the left foot to the left of the picture and at "
        "the same time moves the right hand up, then moves the head back and forth 4 times.",
    ]


def test_people_who_come_and_go_are_counted_from_to():
    told = captions.caption(report((person(0), person(50), person(90)), fewest=1))
    assert told.startswith("There are 1 to 3 people in the video.\nThe first person from the left")


def test_a_person_who_was_lost_and_found_again_is_told_once():
    most = report((person(0), person(5, end_s=2.0), person(7, end_s=1.0)))
    checks = tuple(Check(name="people", value=1.0) for _ in range(2))
    one = ClipReport(
        clip="a",
        path="a",
        verdicts=(Verdict(stage="people", checks=checks),),
        people=most.people,
    )
    assert captions.caption(one) == "There is one person in the video.\nThe person moves."


def test_the_command_writes_a_line_a_clip(tmp_path):
    kept, out = tmp_path / "kept.jsonl", tmp_path / "captions.jsonl"
    records.write(kept, [report((person(0),)), report((person(0), person(50)))])
    done = CliRunner().invoke(app, ["captions", str(kept), "--out", str(out)])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["caption"].split("\n")[0] for row in rows] == [
        "There is one person in the video.",
        "There are two people in the video.",
    ]
    kept.write_text("{}\n")
    done = CliRunner().invoke(app, ["captions", str(kept), "--out", str(out)])
    assert done.exit_code == 2
    assert "line 1: not a report of a clip" in done.output
    assert len(list(tmp_path.iterdir())) == 2
