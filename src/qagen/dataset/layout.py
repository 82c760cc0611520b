"""A data set as a folder: rows by split, one line a clip, and a manifest that says what is in it.

    train.jsonl  val.jsonl  test.jsonl    records, in the order of their ids
    clips.jsonl                           the clips that were asked about, and how they move
    manifest.json                         how it was made, what was left out and why, how even it is

Nothing in the folder depends on the machine, the number of workers or the time of day. The
fields take most of this file's length.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kinematics.facts import Frame, MotionFacts, PathSample
from qagen.dataset.balance import Evenness
from qagen.dataset.splits import SPLITS, Split
from qagen.language import phrases
from qagen.schema import record
from qagen.schema.certificates import Certification, Yield
from qagen.schema.record import Record
from qagen.schema.suite import HUMANMOVE, Suite, tasks_of

SCHEMA_VERSION = 2

MANIFEST = "manifest.json"
CLIPS = "clips.jsonl"

SIDES: tuple[str, ...] = tuple(f"{split}.jsonl" for split in SPLITS)
"""The files of rows."""


class Clip(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person of one clip: who, which side of the split, and how they move."""

    clip: str
    person: int
    take: str
    subject: str
    group: str = ""
    split: Split = "train"
    source: str
    """The motion file, relative to the folder that was built from."""
    digest: str
    """A hash of the bytes that were read."""
    frame: Frame
    thresholds: str
    duration_s: float
    fps: float
    coverage: float
    has_joints: bool
    path_m: float
    extent_m: float
    turn_rad: float
    """Left and right together."""
    shape: str
    movements: dict[str, int]
    """How often each signal moved, by `+signal` and `-signal`, and each vertical episode."""
    asked: int
    """Questions that could be asked of those that were tried, before any selection."""
    rejected: int
    """Questions that were tried and could not be asked."""
    samples: tuple[PathSample, ...]
    """The anchored track, five times a second."""

    @property
    def name(self) -> str:
        """What tells it from every other clip and person."""
        return f"{self.clip}#{self.person}"


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what is in a data set, apart from the motions."""

    seed: int = 0
    suites: tuple[Suite, ...] = (HUMANMOVE,)
    """Whose tasks may be asked."""
    tasks: tuple[str, ...] = ()
    """Those that are asked; all tasks of the suites unless some are given."""
    frame: Frame = "first_heading"
    per_task: int | None = None
    """Questions a clip and task, at most."""
    balanced: bool = True
    """Whether answers are made even by selecting."""
    max_blind: float | None = None
    """Share of the way from chance to all right that the best blind model may go, at most."""
    val: float = 0.1
    test: float = 0.1
    descriptors: dict[str, str] = {}
    """Words that tell people apart, by clip or `clip#person`."""
    groups: dict[str, str] = {}
    """Groups that were given, by clip or `clip#person`."""
    certify: Certification | None = None
    """What answers have to survive; none asks them as they are."""

    def __post_init__(self) -> None:
        if not self.tasks:
            msgspec.structs.force_setattr(self, "tasks", tuple(tasks_of(self.suites)))


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What was read."""

    clips: int
    minutes: float
    files: int
    digest: str
    """A hash of the names and bytes of everything that was read."""
    unreadable: tuple[tuple[str, str], ...]
    """Files and why they could not be read; the first hundred."""
    unreadable_files: int
    other_files: int
    """Files of the folder that hold no motion of a known format."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the split."""

    groups: int
    clips: int
    questions: int
    bytes: int
    sha256: str


class BlindScore(msgspec.Struct, frozen=True, kw_only=True):
    """What the best model that sees no video gets right."""

    model: str
    questions: int
    points: float
    """0 for guessing, 100 for all right."""


class Blindness(msgspec.Struct, frozen=True, kw_only=True):
    """How well questions could be answered without the video, and what it took to mend that."""

    max_blind: float
    """The bound, as a share: 0.03 for three points."""
    before: dict[str, BlindScore]
    """By task; `all` for all questions together, which has no bound."""
    after: dict[str, BlindScore]
    kept: dict[str, float]
    """Share of each task's questions that stay."""
    unreachable: dict[str, str]
    """Tasks that could not be brought down and were left as they are, and why."""
    unsure: dict[str, str]
    """Tasks with so few questions that a gain above the bound may be luck."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a data set holds and how it came about."""

    schema_version: int = SCHEMA_VERSION
    made_with: dict[str, str]
    """Versions: of the package, the record schema, the facts schema."""
    rules: str
    """Fingerprint of the vocabulary, the wordings and the rules."""
    thresholds: tuple[str, ...]
    """Fingerprints of the thresholds that the facts were measured with; more than one is a mix."""
    seed: int
    recipe: dict[str, Any]
    inputs: Inputs
    splits: dict[Split, Side]
    alike: int
    """Clips that were found to be another recording of an earlier one."""
    suites: tuple[Suite, ...]
    """The tables of the tasks that rows may name."""
    questions: dict[str, dict[str, int]]
    """By task and family."""
    withheld: dict[str, int]
    """Sound questions that were left out, by reason."""
    certified: dict[str, Yield] = {}
    """Sound questions and how many of them were certified; empty without certification."""
    rejections: dict[str, dict[str, int]]
    """Questions that were tried and could not be asked, by task and reason."""
    letters: dict[str, Evenness]
    """How often each letter is right, by number of options."""
    ranks: dict[str, Evenness]
    """How often the right number is the lowest, second, ... of those offered."""
    answers: dict[str, dict[str, int]]
    """How often each answer is right, by rule."""
    majority: dict[str, float]
    """What knowing the stem alone gets right: the share of each stem's most frequent answer."""
    clips_sha256: str
    blind: Blindness | None = None
    """What blind models know, where a build was told to bound it."""
    plan: str = ""
    """Fingerprint of recipe, input and versions: a build of the same plan may take its place."""


class _SchemaOnly(msgspec.Struct):
    schema_version: int = 0


def clip_of(facts: MotionFacts, **identity: Any) -> Clip:
    """What a data set says of a clip; `identity` gives the fields that facts do not know.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> clip = clip_of(
    ...     facts, take="", subject="", source="", digest="", asked=0, rejected=0
    ... )
    >>> clip.movements, round(clip.path_m)
    ({'+forward': 1, '+start_distance': 1}, 3)
    """
    movements: dict[str, int] = {}
    for event in facts.events:
        name = ("+" if event.amount > 0 else "-") + event.signal
        movements[name] = movements.get(name, 0) + 1
    for episode in facts.episodes:
        movements[episode.kind] = movements.get(episode.kind, 0) + 1
    return Clip(
        clip=facts.clip,
        person=facts.person,
        frame=facts.frame,
        thresholds=facts.thresholds,
        duration_s=facts.duration_s,
        fps=facts.fps,
        coverage=facts.coverage,
        has_joints=facts.has_joints,
        path_m=facts.whole.path_m,
        extent_m=facts.shape.extent_m,
        turn_rad=facts.posture.turn_left_rad + facts.posture.turn_right_rad,
        shape=facts.shape.shape,
        movements=movements,
        samples=facts.samples,
        **identity,
    )


def phrase_of(recipe: Recipe, clip: str, person: int) -> str:
    """The words that tell a person apart, or none.

    >>> recipe = Recipe(descriptors={"a#1": "the woman in red", "a#2": "unknown"})
    >>> phrase_of(recipe, "a", 1), phrase_of(recipe, "a", 2)
    ('the woman in red', '')
    """
    words = recipe.descriptors.get(f"{clip}#{person}") or recipe.descriptors.get(clip, "")
    return "" if phrases.subject(words) == phrases.subject("") else words


def read_manifest(folder: Path | str) -> Manifest:
    """The manifest of a data set; raises `ValueError` when there is none or it is another version.

    >>> read_manifest("/nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json; expected a folder that `qagen build` has finished...
    """
    path = Path(folder, MANIFEST)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(
            f"{folder}: no {MANIFEST}; expected a folder that `qagen build` has finished. If it "
            "was interrupted, give the same command again"
        ) from None
    try:
        version = msgspec.json.decode(data, type=_SchemaOnly).schema_version
        if version != SCHEMA_VERSION:
            raise ValueError(
                f"a manifest of schema version {version}, expected {SCHEMA_VERSION}: build the "
                "data set again with this release, or read it with the release that wrote it"
            )
        return msgspec.json.decode(data, type=Manifest)
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: {error}") from error


def check_files(folder: Path | str, manifest: Manifest) -> None:
    """Raises one `ValueError` that names every file which is not as the manifest says.

    >>> check_files("/nowhere", read_manifest("/nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json...
    """
    expected = {f"{split}.jsonl": side.sha256 for split, side in manifest.splits.items()}
    expected[CLIPS] = manifest.clips_sha256
    problems = []
    for name, digest in expected.items():
        path = Path(folder, name)
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif file_sha256(path) != digest:
            problems.append(f"{name} was changed")
    if problems:
        raise ValueError(
            f"{folder}: {'; '.join(problems)} since {MANIFEST} was written. Build it again, or "
            "copy the whole folder again"
        )


def file_sha256(path: Path | str) -> str:
    """The SHA-256 of a file, as hexadecimal digits.

    >>> file_sha256("/dev/null")[:8]
    'e3b0c442'
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows(folder: Path | str) -> Iterator[tuple[Split, Record]]:
    """All rows of a data set with the side that they are on.

    >>> list(rows("/nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FileNotFoundError: ...
    """
    for split in SPLITS:
        for row in record.read(Path(folder, f"{split}.jsonl")):
            yield split, row


def clips(folder: Path | str) -> Iterator[Clip]:
    """The clips of a data set, in the order in which they were read.

    >>> list(clips("/nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FileNotFoundError: ...
    """
    path = Path(folder, CLIPS)
    decoder = msgspec.json.Decoder(Clip)
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
