"""Every row of a data set checked against the motions, by a second and independent derivation.

The motions are measured by `qagen.verify.remeasure`; answers, margins, evidence and sentences are
derived by `qagen.verify.rederive` from the ask of each row.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec

from kinematics import thresholds
from qagen import processes
from qagen.language.phrases import Speaker
from qagen.schema import record as record_of
from qagen.schema.certificates import Certification
from qagen.schema.question import Unit
from qagen.schema.record import Record
from qagen.schema.suite import HUMANMOVE
from qagen.verify import copies as copies_of
from qagen.verify import evidence, sentences
from qagen.verify.findings import Finding
from qagen.verify.library import Library
from qagen.verify.moves import Clip
from qagen.verify.rederive import table

SIDES = ("train.jsonl", "val.jsonl", "test.jsonl")
"""The files of a data set that hold rows."""

MANIFEST = "manifest.json"

SAME_TIME_S = 1e-3
"""Durations this close are the same."""


class Difference(NamedTuple):
    """One thing that a row says, and what the second derivation says."""

    what: str
    recorded: str
    derived: str

    def __str__(self) -> str:
        return f"{self.what}: recorded {self.recorded}; derived {self.derived}"


class Mismatch(NamedTuple):
    """A row that does not hold."""

    where: str
    """Its file and line."""
    id: str
    clip: str
    asked: str
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.id} ({self.clip}, {self.asked})"]
        return "\n".join([*lines, *(f"  {one}" for one in self.differences)])


class VerifyReport(NamedTuple):
    """How many rows hold, and all that do not."""

    verified: int
    mismatches: tuple[Mismatch, ...]

    def __str__(self) -> str:
        return f"{self.verified} verified, {len(self.mismatches)} mismatches"


class _Row(NamedTuple):
    where: str
    record: Record
    is_repeated: bool = False
    """Whether an earlier row has the same id."""


class _Job(NamedTuple):
    """What a worker needs to check any rows."""

    motions: Path
    policy: Certification | None
    copies: int


def verify_folder(
    out_dir: Path | str, motions_dir: Path | str, *, copies: int = 0, workers: int = 1
) -> VerifyReport:
    """Every row of the data set in a folder, derived again from the motions it was built from.

    Certificates have to be what the manifest promises. With `copies`, so many of the copies that
    certified are made, measured and asked again, which takes as long as so many motions would.
    The report is the same, line for line, for any number of workers.

    >>> verify_folder("/nowhere", "/nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no train.jsonl, val.jsonl or test.jsonl in it; expected a data set ...
    """
    folder, motions = Path(out_dir), Path(motions_dir)
    sides = [folder / name for name in SIDES if (folder / name).is_file()]
    problems = []
    if not sides:
        problems.append(
            f"{folder}: no train.jsonl, val.jsonl or test.jsonl in it; expected a data set that "
            "`qagen build` wrote"
        )
    if not motions.exists():
        problems.append(f"{motions}: no such folder; expected the motions that it was built from")
    if problems:
        raise ValueError("; ".join(problems))
    rows: list[_Row] = []
    mismatches: list[Mismatch] = []
    for side in sides:
        for row in _rows(side):
            if isinstance(row, Mismatch):
                mismatches.append(row)
            else:
                rows.append(row)
    job = _Job(motions, _policy(folder), copies)
    found = _check_all(_in_order(rows), job, workers=workers)
    mismatches += [one for one in found if one is not None]
    return VerifyReport(sum(one is None for one in found), tuple(mismatches))


def _rows(side: Path) -> Iterator[_Row | Mismatch]:
    """The rows of one file; a line that is no row is a mismatch by itself."""
    with side.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"{side.name}, line {number}"
            try:
                yield _Row(where, record_of.from_line(line))
            except (ValueError, msgspec.DecodeError) as error:
                wrong = Difference("row", str(error), "a row of a data set")
                yield Mismatch(where, "?", "?", "?", (wrong,))


class _Promise(msgspec.Struct):
    """What a manifest says of certificates."""

    certify: Certification | None = None


class _Promised(msgspec.Struct):
    recipe: _Promise


def _policy(folder: Path) -> Certification | None:
    """What answers had to survive; none where nothing was promised, or no manifest is there."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Promised).recipe.certify
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}; build the data set again") from error


def _in_order(rows: Iterable[_Row]) -> list[_Row]:
    """Rows of one clip together, so that every motion is measured once."""
    seen: set[str] = set()
    ordered = []
    for row in sorted(rows, key=lambda row: _motion_of(row.record)):
        ordered.append(row._replace(is_repeated=row.record.id in seen))
        seen.add(row.record.id)
    return ordered


def _check_all(rows: Sequence[_Row], job: _Job, *, workers: int) -> list[Mismatch | None]:
    """One result a row, in the order of the rows."""
    if workers == 1:
        return _Checker(job).check(rows)
    pieces = [
        # as lines: a row that was pickled is equal, but does not encode to the same bytes
        [(row.where, record_of.to_line(row.record), row.is_repeated) for row in piece]
        for piece in _pieces(rows, wanted=PIECES_A_WORKER * workers)
    ]
    if not pieces:
        return []
    count = min(workers, len(pieces))
    with processes.workers(count, _start_worker, job) as pool:
        return [one for found in pool.map(_check_own, pieces) for one in found]


PIECES_A_WORKER = 8
"""Enough that all workers are done at about the same time."""


def _pieces(rows: Sequence[_Row], *, wanted: int) -> Iterator[list[_Row]]:
    """The rows in about so many pieces, none of which cuts a file of motions in two."""
    piece: list[_Row] = []
    for _, ones in groupby(rows, key=lambda row: (row.record.source, row.record.clip)):
        piece += ones
        if len(piece) * wanted >= len(rows):
            yield piece
            piece = []
    if piece:
        yield piece


_checker: "_Checker | None" = None


def _start_worker(job: _Job) -> None:
    global _checker
    _checker = _Checker(job)


def _check_own(lines: Sequence[tuple[str, bytes, bool]]) -> list[Mismatch | None]:
    assert _checker is not None
    return _checker.check(
        [_Row(where, record_of.from_line(line), is_repeated) for where, line, is_repeated in lines]
    )


class _Checker:
    """Checks one row after another, with the motions at hand."""

    def __init__(self, job: _Job) -> None:
        self._library = Library(job.motions)
        self._tried = _Copies(self._library, job.policy, job.copies)

    def check(self, rows: Iterable[_Row]) -> list[Mismatch | None]:
        """One result a row; none where it holds."""
        return [self._checked(row) for row in rows]

    def _checked(self, row: _Row) -> Mismatch | None:
        one = row.record
        differences = list(_alone(one, is_repeated=row.is_repeated))
        clip = self._library.clip(one)
        if isinstance(clip, str):
            differences.append(Difference("motion", one.source, clip))
        else:
            differences += verify(one, clip)
            differences += self._tried.differences(one)
        mismatch = Mismatch(row.where, one.id, one.clip, one.ask.name, tuple(differences))
        return mismatch if differences else None


def _motion_of(one: Record) -> tuple[str, str, int, str]:
    return one.source, one.clip, one.person, one.frame


class _Copies:
    """The copies of one motion after another, made when a certificate asks for them."""

    def __init__(self, library: Library, policy: Certification | None, count: int) -> None:
        self._library, self._policy, self._count = library, policy, count
        self._made: tuple[tuple[str, str, int, str], list[Clip]] | None = None

    def differences(self, one: Record) -> list[Difference]:
        """What is wrong with a row's certificate."""
        wrong = [*copies_of.form(one, self._policy)]
        if self._policy is not None and self._count and one.certificate and not wrong:
            wrong += copies_of.held(one, self._clips(one, self._policy), self._policy)
        return [Difference(*found) for found in wrong]

    def _clips(self, one: Record, policy: Certification) -> list[Clip]:
        wanted = _motion_of(one)
        if self._made is None or self._made[0] != wanted:
            motion = self._library.motion(one)
            count = min(self._count, policy.copies)
            clips = (
                []
                if isinstance(motion, str)
                else copies_of.clips_of(motion, policy, frame=one.frame, copies=count)
            )
            self._made = (wanted, clips)
        return self._made[1]


def _alone(one: Record, *, is_repeated: bool) -> Iterator[Difference]:
    """What can be said of a row without its motion."""
    if one.id != record_of.content_id(one):
        yield Difference("id", one.id, f"{record_of.content_id(one)}, the hash of the row")
    if is_repeated:
        yield Difference("id", one.id, "an id that no other row has")
    if one.thresholds != thresholds.fingerprint():
        yield Difference("thresholds", one.thresholds, thresholds.fingerprint())


def verify(one: Record, clip: Clip) -> list[Difference]:
    """What a row says otherwise than the second derivation of its clip; nothing when it holds.

    >>> from kinematics import synthetic
    >>> from qagen.rules import generate
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> derived = derive.derived(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> asked, _ = generate.ask_all(derived.facts)
    >>> rows = [generate.to_record(one, derived.facts) for one in asked]
    >>> [difference for row in rows for difference in verify(row, moves.clip_of(derived))]
    []
    """
    rule = table.RULES.get(one.ask.rule)
    if rule is None:
        return [Difference("ask", one.ask.name, "a rule that is known")]
    speaker = sentences.speaker_of(one, lean_of=clip.facts.posture.lean_of)
    try:
        found = rule.derive(clip, one.ask)
        stem = sentences.stem(one, speaker)
    except (KeyError, ValueError) as error:
        return [Difference("ask", one.ask.name, f"nothing that could be asked ({error})")]
    differences = [
        *_form(one, rule),
        *_options(one, found.code, speaker, unit=found.unit),
        *_margin(one, found),
        *(Difference(*problem) for problem in evidence.problems(clip, one)),
    ]
    shown = (one.media, one.people, one.start_s)
    if shown != ("video", (), 0.0) or abs(one.end_s - clip.facts.duration_s) > SAME_TIME_S:
        recorded = f"{one.media}, {one.start_s:g} to {one.end_s:g} s, people {one.people}"
        derived = f"the whole video, {clip.facts.duration_s:g} s, of one person"
        differences.append(Difference("shown", recorded, derived))
    if one.question != stem:
        differences.append(Difference("question", one.question, stem))
    return differences


def _form(one: Record, rule: table.Rule) -> Iterator[Difference]:
    """Suite, task, number of options and what guessing gets right."""
    if (one.suite, one.task) != (HUMANMOVE.name, rule.category):
        recorded, derived = f"{one.suite}, {one.task}", f"{HUMANMOVE.name}, {rule.category}"
        yield Difference("task", recorded, derived)
    wanted = table.CHOICES[rule.category]
    if not len(one.options) == len(one.option_codes) == wanted:
        yield Difference("options", f"{len(one.options)}", f"{wanted}")
    if abs(one.chance - 1 / wanted) > 1e-6:
        yield Difference("chance", f"{one.chance:.4f}", f"{1 / wanted:.4f}")
    if min(len(set(one.options)), len(set(one.option_codes))) < len(one.options):
        yield Difference("options", "; ".join(one.options), "no two alike")


def _options(one: Record, code: str, speaker: Speaker, *, unit: Unit) -> Iterator[Difference]:
    """Exactly the true option is the answer, and every option says what its code means."""
    true = [place for place, offered in enumerate(one.option_codes) if offered == code]
    if true != [one.answer_index]:
        marked = one.option_codes[one.answer_index : one.answer_index + 1]
        recorded = marked[0] if marked and one.answer_index >= 0 else f"place {one.answer_index}"
        offered = "" if code in one.option_codes else ", which is not offered"
        yield Difference("answer", recorded, f"{code or 'nothing clear'}{offered}")
    for offered, text in zip(one.option_codes, one.options, strict=False):
        try:
            expected = sentences.option_text(offered, one, speaker, unit=unit)
        except (KeyError, ValueError):
            expected = "a code that means something"
        if text != expected:
            yield Difference(f"option {offered}", text, expected)
    if 0 <= one.answer_index < len(one.options):
        last = f"The answer is: {one.options[one.answer_index]}."
        if not one.reasoning or one.reasoning[-1] != last:
            yield Difference("reasoning", " ".join(one.reasoning[-1:]), last)


def _margin(one: Record, found: Finding) -> Iterator[Difference]:
    """The margin is that of the facts and not below its band."""
    said, unit = one.margin, found.unit
    shown = f"{found.margin:.4f} {unit}, band {found.band:.4f}"
    relative = evidence.RELATIVE
    if one.ask.rule in table.OF_MEAN_SPEED:
        relative = evidence.MEAN_SPEED
    alike = evidence.near(said.value, found.margin, unit, relative=relative)
    if said.unit != unit or not alike or abs(said.band - found.band) > 1e-3:
        yield Difference("margin", f"{said.value:.4f} {said.unit}, band {said.band:.4f}", shown)
    elif said.value < said.band:
        yield Difference("margin", f"{said.value:.4f} {said.unit}", f"at least {said.band:.4f}")
