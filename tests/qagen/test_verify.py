"""Rows that were built hold; rows that were changed by hand do not, whatever was changed."""

import itertools
import math
import pkgutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinematics import store, synthetic
from kinematics.movement import measurement
from kinematics.readers import native
from qagen.language import stems
from qagen.rules import generate, humanmove
from qagen.schema import record
from qagen.schema.question import Ask, Evidence
from qagen.schema.record import Record
from qagen.verify import evidence, findings, moves, quantities
from qagen.verify.rederive import kinds, table
from qagen.verify.remeasure import derive
from qagen.verify.rows import _pieces, _Row, verify, verify_folder

CLIPS = 13


@pytest.fixture(scope="module")
def motions():
    performed = (one.motion for one in synthetic.corpus(200, seed=21))
    # clips that are padded to one length are compiled once
    return list(itertools.islice((one for one in performed if 7.5 < one.duration_s < 11), CLIPS))


@pytest.fixture(scope="module")
def clips(motions) -> dict[str, moves.Clip]:
    return {motion.source.clip: moves.clip_of(derive.derived(motion)) for motion in motions}


@pytest.fixture(scope="module")
def rows(motions) -> list[Record]:
    return [
        generate.to_record(question, facts, descriptor="in a red coat")
        for facts in measurement.measure_all(motions)
        for question in generate.ask_all(facts, descriptor="in a red coat")[0]
    ]


@pytest.fixture(scope="module")
def of_each_rule(rows) -> dict[str, Record]:
    """For every rule a row: one that is neither the first nor the last of its clip."""
    return {row.ask.rule: row for row in rows}


# What was built holds ----------------------------------------------------------------------------


def test_every_row_holds(rows, clips):
    wrong = {row.ask.name: verify(row, clips[row.clip]) for row in rows}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert len(rows) > 100 * CLIPS


def test_every_rule_that_asks_is_written_a_second_time(rows):
    assert {row.ask.rule for row in rows} <= set(table.RULES)
    assert {row.task for row in rows} == {task.name for task in table.SUITES["humanmove"]}


def test_a_task_has_the_same_file_name_among_the_rules_and_their_derivations():
    rules, derivations = (
        {module.name for module in pkgutil.iter_modules(package.__path__)}
        for package in (humanmove, table.humanmove)
    )
    assert rules == derivations == {task.name for task in table.SUITES["humanmove"]}


def test_names_of_rules_are_unique_over_all_suites():
    tasks = [task for suite in table.SUITES.values() for task in suite]
    assert len(table.RULES) == sum(len(task.rules) for task in tasks)


@pytest.mark.parametrize(("frame", "joints"), [("body", False), ("camera", True)])
def test_rows_of_other_frames_hold(motions, frame, joints):
    for motion in motions[:3]:
        filmed = _filmed(motion, joints=joints)
        (facts,) = measurement.measure_all([filmed], frame=frame)
        clip = moves.clip_of(derive.derived(filmed, frame=frame))
        asked, _ = generate.ask_all(facts)
        found = [verify(generate.to_record(one, facts), clip) for one in asked]
        assert found
        assert [one for one in found if one] == []


def _filmed(motion, *, joints: bool):
    half_a_turn = np.tile([0.0, 1.0, 0, 0], (motion.frames, 1))  # upright, looking along +Z
    return type(motion).from_arrays(
        orientations_wxyz=np.array(motion.orientations_wxyz),
        positions_m=np.array(motion.positions_m),
        times_s=np.array(motion.times_s),
        joints_m=np.array(motion.joints_m) if joints else None,
        skeleton=motion.skeleton if joints else None,
        camera_orientations_wxyz=half_a_turn,
        camera_positions_m=np.zeros((motion.frames, 3)),
        source=motion.source,
    )


# What was changed does not -----------------------------------------------------------------------


def _with(row: Record, **changes: object) -> Record:
    """The row changed by hand, by somebody who knows how ids are made."""
    return record.named(msgspec.structs.replace(row, **changes))


def _next(row: Record) -> int:
    return (row.answer_index + 1) % len(row.options)


def _swapped(values: tuple, one: int, other: int) -> tuple:
    changed = list(values)
    changed[one], changed[other] = changed[other], changed[one]
    return tuple(changed)


def _first_evidence(row: Record, **changes: object) -> tuple[Evidence, ...]:
    return (msgspec.structs.replace(row.evidence[0], **changes), *row.evidence[1:])


_SIDES = {"left": "right", "right": "left", "quarter": "half", "video": "clip", "person": "dog"}


def _other_words(text: str) -> str:
    return next(text.replace(one, other) for one, other in _SIDES.items() if one in text)


CHANGES: dict[str, Callable[[Record], Record]] = {
    "answer": lambda row: _with(row, answer_index=_next(row)),
    "answer beyond the options": lambda row: _with(row, answer_index=len(row.options)),
    "answer before the options": lambda row: _with(row, answer_index=-1),
    "options swapped": lambda row: _with(
        row, options=_swapped(row.options, row.answer_index, _next(row))
    ),
    "codes swapped": lambda row: _with(
        row, option_codes=_swapped(row.option_codes, row.answer_index, _next(row))
    ),
    "options and codes swapped": lambda row: _with(
        row,
        options=_swapped(row.options, row.answer_index, _next(row)),
        option_codes=_swapped(row.option_codes, row.answer_index, _next(row)),
    ),
    "option left out": lambda row: _with(
        row,
        options=tuple(one for place, one in enumerate(row.options) if place != _next(row)),
        option_codes=tuple(
            one for place, one in enumerate(row.option_codes) if place != _next(row)
        ),
        answer_index=row.answer_index - (_next(row) < row.answer_index),
    ),
    "option twice": lambda row: _with(
        row,
        options=tuple(row.options[row.answer_index] for _ in row.options),
        option_codes=tuple(row.option_codes[row.answer_index] for _ in row.options),
    ),
    "option reworded": lambda row: _with(row, options=(row.options[0] + " ", *row.options[1:])),
    "evidence value": lambda row: _with(
        row, evidence=_first_evidence(row, value=row.evidence[0].value * 1.02 + 0.05)
    ),
    "evidence unit": lambda row: _with(row, evidence=_first_evidence(row, unit="share")),
    "evidence name": lambda row: _with(row, evidence=_first_evidence(row, what="something")),
    "evidence time": lambda row: _with(
        row, evidence=_first_evidence(row, start_s=row.evidence[0].start_s + 0.1)
    ),
    "no evidence": lambda row: _with(row, evidence=()),
    "margin value": lambda row: _with(
        row, margin=msgspec.structs.replace(row.margin, value=row.margin.value * 1.1 + 0.02)
    ),
    "margin band": lambda row: _with(
        row, margin=msgspec.structs.replace(row.margin, band=row.margin.band + 0.01)
    ),
    "margin unit": lambda row: _with(
        row, margin=msgspec.structs.replace(row.margin, unit="m" if row.margin.unit != "m" else "s")
    ),
    "stem": lambda row: _with(row, question=_other_words(row.question)),
    "stem with more": lambda row: _with(row, question=row.question + " Look closely."),
    "descriptor": lambda row: _with(row, descriptor="in a blue coat"),
    "rule": lambda row: _with(row, ask=msgspec.structs.replace(row.ask, rule="made_up")),
    "task": lambda row: _with(row, task="existence" if row.task != "existence" else "ordering"),
    "suite": lambda row: _with(row, suite="other"),
    "people": lambda row: _with(row, people=(0, 1)),
    "media": lambda row: _with(row, media="two pictures"),
    "beginning": lambda row: _with(row, start_s=0.5),
    "end": lambda row: _with(row, end_s=row.end_s / 2),
    "chance": lambda row: _with(row, chance=row.chance / 2),
    "reasoning": lambda row: _with(row, reasoning=(*row.reasoning[:-1], "The answer is: 42.")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_hand_is_caught(change, of_each_rule, clips):
    for rule, row in of_each_rule.items():
        assert verify(CHANGES[change](row), clips[row.clip]), (rule, change)


def test_another_window_or_movement_is_another_question(of_each_rule, clips):
    """An ask that was changed no longer fits its stem, even where the answer would be the same."""
    for row in of_each_rule.values():
        window = "quarter_1" if row.ask.window != "quarter_1" else "quarter_2"
        asks = [msgspec.structs.replace(row.ask, movements=row.ask.movements[::-1])]
        if "{window}" in stems.STEMS[row.ask.rule]:
            asks.append(msgspec.structs.replace(row.ask, window=window))
        for ask in asks:
            if ask != row.ask:
                assert verify(_with(row, ask=ask), clips[row.clip]), ask.name


def test_left_out_evidence_of_a_count_is_caught(rows, clips):
    (row, *_) = (row for row in rows if row.ask.rule == "count" and len(row.evidence) > 1)
    found = verify(_with(row, evidence=row.evidence[1:]), clips[row.clip])
    assert [one.what for one in found] == [f"evidence {row.ask.movements[0]}"]


def test_a_withheld_margin_is_caught(rows, clips):
    row = rows[0]
    thin = msgspec.structs.replace(row.margin, value=row.margin.band / 2)
    assert any(one.what == "margin" for one in verify(_with(row, margin=thin), clips[row.clip]))


# Folders -----------------------------------------------------------------------------------------


@pytest.fixture
def built(tmp_path, motions, rows) -> tuple[Path, Path]:
    """A data set of four clips, and its motions."""
    out_dir, motions_dir = tmp_path / "questions", tmp_path / "motions"
    out_dir.mkdir()
    (motions_dir / "more").mkdir(parents=True)
    lines = []
    for motion in motions[:4]:
        name = f"more/{motion.source.clip}.npz"
        native.write(motion, motions_dir / name)
        lines += [_with(row, source=name) for row in rows if row.clip == motion.source.clip][::7]
    half = len(lines) // 2
    for side, some in (("train", lines[:half]), ("val", []), ("test", lines[half:])):
        data = b"".join(record.to_line(row) + b"\n" for row in some)
        (out_dir / f"{side}.jsonl").write_bytes(data)
    return out_dir, motions_dir


def _edit(path: Path, change: Callable[[Record], Record]) -> Record:
    first, *others = path.read_bytes().splitlines(keepends=True)
    row = change(record.from_line(first))
    path.write_bytes(record.to_line(row) + b"\n" + b"".join(others))
    return row


def test_a_folder_is_verified(built):
    report = verify_folder(*built)
    assert report.mismatches == ()
    assert report.verified > 50
    assert str(report) == f"{report.verified} verified, 0 mismatches"


def test_a_row_changed_in_its_file_is_named_with_both_derivations(built):
    before = verify_folder(*built)
    row = _edit(built[0] / "test.jsonl", lambda row: _with(row, answer_index=_next(row)))
    after = verify_folder(*built)
    (mismatch,) = after.mismatches
    assert after.verified == before.verified - 1
    assert mismatch.where == "test.jsonl, line 1"
    assert mismatch.id == row.id
    said = str(mismatch)
    assert row.ask.name in said
    assert f"recorded {row.option_codes[row.answer_index]}; derived" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: msgspec.structs.replace(row, chance=0.5001), "the hash of the row"),
        (lambda row: _with(row, thresholds="0" * 12), "thresholds"),
        (lambda row: _with(row, source="../x", clip="y"), "0 motions of person 0 of y"),
        (lambda row: _with(row, clip="another"), "0 motions of person 0 of another"),
        (lambda row: _with(row, person=1), "0 motions of person 1"),
        (lambda row: _with(row, frame="camera"), "no camera poses"),
    ],
)
def test_what_else_can_be_wrong_with_a_row(built, change, said):
    _edit(built[0] / "train.jsonl", change)
    (mismatch,) = verify_folder(*built).mismatches
    assert said in str(mismatch)


@pytest.mark.parametrize("source", ["", "moved/away.npz", "../questions/train.jsonl"])
def test_a_clip_whose_file_is_not_there_is_found_by_its_name(built, source):
    """Sets that were built of facts name no file; nothing outside of the folder is opened."""
    _edit(built[0] / "train.jsonl", lambda row: _with(row, source=source))
    assert verify_folder(*built).mismatches == ()


def test_motions_may_lie_in_a_packed_store(built, motions, tmp_path):
    packed = tmp_path / "packed"
    store.write(motions, packed)
    report = verify_folder(built[0], packed)
    assert report == verify_folder(*built)


def test_a_row_that_is_there_twice_is_caught(built):
    path = built[0] / "train.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines]))
    (mismatch,) = verify_folder(*built).mismatches
    assert "an id that no other row has" in str(mismatch)


def test_workers_report_the_same_line_for_line(built):
    path = built[0] / "train.jsonl"
    _edit(path, lambda row: _with(row, answer_index=_next(row)))
    _edit(built[0] / "test.jsonl", lambda row: _with(row, thresholds="0" * 12))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[-1]]))
    alone = verify_folder(*built)
    assert len(alone.mismatches) == 3
    assert verify_folder(*built, workers=2) == alone


@given(counts=st.lists(st.integers(1, 9), max_size=12), wanted=st.integers(1, 20))
def test_pieces_hold_every_row_in_order_and_cut_no_file(rows, counts, wanted):
    sources = [f"{number:02}.npz" for number, count in enumerate(counts) for _ in range(count)]
    every = [_Row("", msgspec.structs.replace(rows[0], source=source)) for source in sources]
    pieces = list(_pieces(every, wanted=wanted))
    assert [one for piece in pieces for one in piece] == every
    assert len(pieces) <= wanted
    ends = [(piece[0].record.source, piece[-1].record.source) for piece in pieces]
    assert all(before[1] < after[0] for before, after in itertools.pairwise(ends))


def test_a_line_that_is_no_row_is_a_mismatch_and_stops_nothing(built):
    verified = verify_folder(*built).verified
    with (built[0] / "val.jsonl").open("ab") as file:
        file.write(b"not a row\n")
    report = verify_folder(*built)
    assert report.verified == verified
    assert report.mismatches[0].where == "val.jsonl, line 1"


def test_another_motion_under_the_same_name_is_caught(built, motions):
    name = f"more/{motions[0].source.clip}.npz"
    native.write(synthetic.mirrored(motions[0]), built[1] / name)
    assert len(verify_folder(*built).mismatches) > 5


def test_one_error_names_all_that_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r"expected a data set.*; .*expected the motions"):
        verify_folder(tmp_path, tmp_path / "gone")


def test_a_damaged_motion_is_a_mismatch(built, motions):
    (built[1] / f"more/{motions[0].source.clip}.npz").write_bytes(b"PK\x03\x04 damaged")
    report = verify_folder(*built)
    assert report.verified > 0
    assert {one.clip for one in report.mismatches} == {motions[0].source.clip}


# The rules by themselves -------------------------------------------------------------------------


def _walk_and_back() -> moves.Clip:
    script = synthetic.walk(3.0).then(
        synthetic.stand(1.5), synthetic.walk_backward(2.0), synthetic.stand(1.5)
    )
    return moves.clip_of(derive.derived(synthetic.perform(script).motion))


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (Ask(rule="count", movements=("forward",)), "1"),
        (Ask(rule="count", movements=("turn_left",)), "0"),
        (Ask(rule="total", movements=("backward",)), "2"),
        (Ask(rule="ever", movements=("backward",)), "yes"),
        (Ask(rule="ever", movements=("backward",), negated=True), "no"),
        (Ask(rule="ever", movements=("backward",), window="quarter_1"), "no"),
        (Ask(rule="compare_total", movements=("forward", "backward")), "forward"),
        (Ask(rule="compare_count", movements=("forward", "backward")), "same"),
        (Ask(rule="next_after", movements=("forward",), nth=1), "backward"),
        (Ask(rule="next_after", movements=("backward",), nth=1), ""),
        (Ask(rule="last_before", movements=("backward",), nth=1), "forward"),
        (Ask(rule="first_of"), "forward"),
        (Ask(rule="last_of"), "backward"),
        (Ask(rule="first_in", window="quarter_1"), "forward"),
        (Ask(rule="order_of", movements=("backward", "forward")), "forward>backward"),
        (Ask(rule="quarter_of", movements=("forward",), nth=1), "quarter_1"),
        (Ask(rule="amount", movements=("backward",), nth=1), "2"),
        (Ask(rule="count_returns"), "0"),
        (Ask(rule="ever_returns", negated=True), "yes"),
        (Ask(rule="end_sector"), "forward"),
        (Ask(rule="compare_own", movements=("forward", "backward")), "forward"),
        (Ask(rule="own_travel"), "forward"),
        (Ask(rule="ever_sidesteps", movements=("left",)), "no"),
        (Ask(rule="dominant_activity", window="quarter_1"), "forward"),
        (Ask(rule="dominant_activity", window="quarter_3"), "elsewhere"),
        (Ask(rule="dominant_activity", window="quarter_4"), "staying"),
        (Ask(rule="dominant_activity"), ""),  # as long there as back
        (Ask(rule="ever_repeats", part="left_upper_limb"), "yes"),
        (Ask(rule="dominant_direction"), "forward"),
        (Ask(rule="quarter_most", movements=("backward",)), "quarter_3"),
        (Ask(rule="ever_walks", window="quarter_4"), "no"),
    ],
)
def test_answers_of_a_walk_there_and_part_of_the_way_back(ask, code):
    found = table.RULES[ask.rule].derive(_walk_and_back(), ask)
    assert found.code == code


def test_straightening_up_is_no_lean():
    script = synthetic.stand(1.0).then(
        synthetic.lean(math.radians(40), stay=True), synthetic.stand(1.5), synthetic.straighten()
    )
    clip = moves.clip_of(derive.derived(synthetic.perform(script).motion))
    assert len(clip.facts.events_on("forward_lean")) == 2
    assert len(clip.moves["lean_forward"]) == 1
    assert clip.moves["lean_backward"] == ()


@pytest.mark.parametrize("first_m", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("second_m", [0.6, 1.2, 5.5])
def test_comparisons_do_not_depend_on_the_order(first_m, second_m):
    larger = findings.larger({"first": first_m, "second": second_m}, "m")
    assert larger == findings.larger({"second": second_m, "first": first_m}, "m")
    swapped = findings.larger({"first": second_m, "second": first_m}, "m")
    names = {"first": "second", "second": "first", "same": "same"}
    assert swapped == larger._replace(code=names[larger.code])


def test_asks_that_make_no_sense_are_differences(of_each_rule, clips):
    row = of_each_rule["amount"]
    for ask in (
        Ask(rule="amount", movements=row.ask.movements, nth=99),
        Ask(rule="amount", movements=("sideways",), nth=1),
        Ask(rule="amount"),
        Ask(rule="count_repetitions", part="tail"),
    ):
        (found,) = verify(_with(row, ask=ask), clips[row.clip])
        assert found.what == "ask"


def test_time_under_way_is_not_counted_twice():
    clip = _walk_and_back()
    seconds = quantities.activities_s(clip, 0.0, clip.facts.duration_s)
    assert sum(seconds.values()) == pytest.approx(clip.facts.duration_s)
    both = [one for name in ("forward", "backward") for one in clip.moves[name]]
    assert seconds["forward"] + seconds["elsewhere"] == pytest.approx(
        sum(one.end_s - one.start_s for one in both)
    )


def test_a_value_is_near_itself_and_not_near_others():
    assert evidence.near(3.0, 3.0, "m")
    assert not evidence.near(3.0, 3.1, "m")
    assert not evidence.near(1.00, 1.04, "m/s")
    # its movement may begin a frame later
    assert evidence.near(1.00, 1.04, "m/s", relative=kinds.MEAN_SPEED)
