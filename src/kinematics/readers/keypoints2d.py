"""2D keypoints of pose estimators: JSON of COCO, AlphaPose, MMPose (so RTMPose), and OpenPose.

* COCO results and AlphaPose: a list of people, each with `image_id` and `keypoints` x, y, score;
  identities in `track_id` or AlphaPose's `idx`.
* MMPose: a list of frames (`frame_id`, `instances`), in `instance_info` or bare; or the people of
  a single image; identities in `track_id`.
* OpenPose, and tools with the same output: a folder with one file per frame, `people` with
  `pose_keypoints_2d`; identities in `person_id`, which is -1 without tracking.

People are never tracked here. From a file without identities, all detections become one
`KeypointTrack` with `person=None`. The layouts were checked with the writers of MMPose's demo and
inferencer, of AlphaPose, and with OpenPose's description of its output. They share most of the
steps, so one module reads them all, longer than most.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from jaxtyping import Float

from kinematics.keypoints import SKELETONS, KeypointTrack
from kinematics.readers.border import load, refuse, starts
from kinematics.skeleton import Skeleton

MAX_JSON_BYTES: int = 256 * 1024**2
"""Maximum bytes of JSON in one file or folder; decoded they are about ten times as large."""

MAX_FILES: int = 1_000_000
"""Maximum files in one folder: nine hours at 30 fps."""

MAX_ABS_PX = 1e6
"""Maximum coordinate of a point in an image."""

MAX_PERSON = 2**40
"""Maximum number of a person."""

MAX_FRAME = 2**40
"""Maximum number of a frame."""

_EXPECTED = (
    "2D keypoints: JSON of COCO results, AlphaPose or MMPose, or a folder of OpenPose's files"
)
_CURE = "Write the keypoints again with one of these tools; `skeleton` names other layouts"
_DIGITS = re.compile(r"(\d+)\D*$")


class _Item(msgspec.Struct):
    """A person, or a frame with people, in any of the formats."""

    image_id: int | str | None = None
    frame_id: int | None = None
    instances: "list[_Item] | None" = None
    keypoints: msgspec.Raw = msgspec.Raw()
    keypoint_scores: list[float] | None = None
    track_id: int | None = None
    idx: msgspec.Raw = msgspec.Raw()


class _Person(msgspec.Struct):
    """A person in OpenPose's format."""

    pose_keypoints_2d: list[float] | None = None
    pose_keypoints: list[float] | None = None
    person_id: list[int] | int | None = None


class _Object(msgspec.Struct):
    people: list[_Person] | None = None
    instance_info: list[_Item] | None = None


class _Detection(NamedTuple):
    frame: int
    person: int | None
    points: Float[np.ndarray, "points 3"]
    """x, y, confidence."""


_items = msgspec.json.Decoder(list[_Item])
_object = msgspec.json.Decoder(_Object)
_flat = msgspec.json.Decoder(list[float])
_nested = msgspec.json.Decoder(list[list[float]])
_ids = msgspec.json.Decoder(float | list[Any] | None)


def recognise(path: Path | str) -> bool:
    """Whether a file is JSON with keypoints, or a folder has JSON files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a_00001_keypoints.json").write_text('{"version":1.3,"people":[]}')
    ...     recognise(folder), recognise(Path(folder, "a_00001_keypoints.json"))
    (True, True)
    """
    path = Path(path)
    if path.is_dir():
        return next(path.glob("*.json"), None) is not None
    begin = starts(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    words = (b'"keypoints"', b'"people"', b'"instance_info"', b'"instances"')
    return begin[:1] in (b"[", b"{") and any(word in begin for word in words)


def read(
    path: Path | str,
    *,
    skeleton: Skeleton | None = None,
    fps: float | None = None,
    image_size_px: tuple[int, int] | None = None,
) -> list[KeypointTrack]:
    """The people of a video: one track per person, or one of all detections without identities.

    `fps` gives the rows their times. `image_size_px` (width, height) is kept, and coordinates that
    were divided by it are multiplied again. `skeleton` is the layout of the points; by default it
    is selected by their number. Raises one `ValueError` that names all problems.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.json")
    ...     points = ",".join(["120.5,80,0.9"] * 17)
    ...     _ = path.write_text(f'[{{"image_id":7,"track_id":2,"keypoints":[{points}]}}]')
    ...     [track] = read(path, fps=25.0)
    >>> track.person, track.frames.tolist(), track.times_s.tolist(), track.skeleton.name
    (2, [7], [0.28], 'coco_17')
    """
    path = Path(path)
    problems: list[str] = []
    if fps is not None and not (np.isfinite(fps) and fps > 0):
        problems.append(f"fps: {fps}; expected frames a second")
    people = _folder(path, problems) if path.is_dir() else _file(path, problems)
    counts = sorted({len(detection.points) for detection in people})
    layout = skeleton or (SKELETONS.get(counts[0]) if counts else None)
    if not people and not problems:
        problems.append("no person in it")
    elif people and layout is None:
        known = ", ".join(map(str, SKELETONS))
        problems.append(f"{counts[0]} points a person; known layouts have {known}")
    elif layout and counts not in ([], [len(layout.joints)]):
        problems.append(
            f"people of {', '.join(map(str, counts[:5]))} points; expected the "
            f"{len(layout.joints)} points of {layout.name}"
        )
    if problems or layout is None:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    points = np.stack([detection.points for detection in people])
    notes = _to_pixels(points, image_size_px, problems)
    persons = _persons(people, problems)
    if problems:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    frames = np.array([detection.frame for detection in people], dtype=np.int64)
    if persons is None:
        notes.append("no identities in the file: rows of one frame are different people")
    tracks = []
    for person in [None] if persons is None else sorted(set(persons)):
        rows = np.arange(len(people)) if persons is None else np.flatnonzero(persons == person)
        rows = rows[np.argsort(frames[rows], kind="stable")]
        tracks.append(
            KeypointTrack(
                keypoints_px=points[rows, :, :2],
                confidence=points[rows, :, 2],
                frames=frames[rows],
                times_s=None if fps is None else frames[rows] / fps,
                person=None if person is None else int(person),
                image_size_px=image_size_px,
                skeleton=layout,
                clip=path.stem,
                path=str(path),
                notes=tuple(notes),
            )
        )
    return tracks


def _decoded(data: bytes, problems: list[str], where: str) -> list[_Item] | _Object | None:
    """The decoded JSON; None, and a new entry in `problems`, if it cannot be decoded."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        return _items.decode(text) if text[:1] == b"[" else _object.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problems.append(f"{where}{error}")
    except RecursionError:
        problems.append(f"{where}nested deeper than keypoints can be")
    return None


def _folder(path: Path, problems: list[str]) -> list[_Detection]:
    """The people of a folder of OpenPose's files, one file per frame."""
    people: list[_Detection] = []
    files = sorted(path.glob("*.json"))
    if len(files) > MAX_FILES:
        problems.append(f"{len(files):,} files; expected at most {MAX_FILES:,}")
        return people
    total = sum(file.stat().st_size for file in files)
    if total > MAX_JSON_BYTES:
        problems.append(f"{total:,} bytes; expected at most {MAX_JSON_BYTES:,}. Split the folder")
        return people
    if not files:
        problems.append("a folder without .json files")
    numbers: dict[int, str] = {}
    for file in files:
        frame = _file_number(file)
        decoded = _decoded(file.read_bytes(), problems, f"{file.name}: ")
        if decoded is None:
            continue
        if not isinstance(decoded, _Object) or decoded.people is None:
            problems.append(f"{file.name}: no 'people', which each file of a folder must have")
        elif frame is None:
            problems.append(f"{file.name}: no frame number in its name")
        elif frame in numbers:
            problems.append(f"{file.name}: the same frame number as {numbers[frame]}")
        else:
            numbers[frame] = file.name
            people += _openpose(decoded.people, frame, problems, f"{file.name}: ")
    return people


def _file(path: Path, problems: list[str]) -> list[_Detection]:
    """The people of one file."""
    decoded = _decoded(load(path, most_bytes=MAX_JSON_BYTES), problems, "")
    if decoded is None:
        return []
    if not isinstance(decoded, _Object):
        return list(_listed(decoded, problems))
    if decoded.people is not None:
        return list(_openpose(decoded.people, _file_number(path) or 0, problems, ""))
    if decoded.instance_info is None:
        problems.append("neither 'people' nor 'instance_info' in it")
        return []
    return list(_listed(decoded.instance_info, problems))


def _frame_number(name: str) -> int | None:
    """The last number in a name."""
    digits = _DIGITS.search(name)
    if digits is None or len(digits[1]) > 18 or int(digits[1]) > MAX_FRAME:
        return None
    return int(digits[1])


def _file_number(path: Path) -> int | None:
    """The frame number in the name of a file of OpenPose."""
    return _frame_number(path.name.removesuffix("_keypoints.json").removesuffix(".json"))


def _openpose(
    people: list[_Person], frame: int, problems: list[str], where: str
) -> Iterator[_Detection]:
    """The people of one frame that have body keypoints."""
    for number, person in enumerate(people):
        flat = person.pose_keypoints_2d or person.pose_keypoints
        if not flat:
            continue
        ids = person.person_id if isinstance(person.person_id, list) else [person.person_id]
        known = [number for number in ids if number is not None and number >= 0]
        points = _triples(flat, problems, f"{where}person {number}")
        if points is not None:
            yield _Detection(frame, known[0] if len(known) == 1 else None, points)


def _triples(
    flat: list[float], problems: list[str], where: str
) -> Float[np.ndarray, "points 3"] | None:
    """x, y and confidence of each point."""
    if not flat or len(flat) % 3:
        problems.append(f"{where}: {len(flat)} numbers; expected x, y, confidence of each point")
        return None
    return np.array(flat, dtype=np.float64).reshape(-1, 3)


def _listed(items: list[_Item], problems: list[str]) -> Iterator[_Detection]:
    """The people of a list of people, or of frames with people."""
    untracked = all(_idx(item) in (0, None) for item in items)  # AlphaPose without tracking
    for number, item in enumerate(items):
        where = f"entry {number}"
        if item.instances is not None:
            if item.frame_id is None or not 0 <= item.frame_id <= MAX_FRAME:
                problems.append(f"{where}: frame_id {item.frame_id}; expected a frame number")
                continue
            for inner, person in enumerate(item.instances):
                points = _points(person, problems, f"{where}, person {inner}")
                if points is not None:
                    yield _Detection(item.frame_id, person.track_id, points)
            continue
        name = item.image_id if item.image_id is not None else item.frame_id
        frame = _frame_number(name) if isinstance(name, str) else name
        if name is None and item.keypoint_scores is not None:
            frame = 0  # the people of one image
        if frame is None or not 0 <= frame <= MAX_FRAME:
            problems.append(f"{where}: image_id {str(name)[:40]!a}; expected a frame number")
            continue
        points = _points(item, problems, where)
        tracked = item.track_id
        if tracked is None and not untracked:
            tracked = _idx(item)
        if points is not None:
            yield _Detection(frame, tracked, points)


def _idx(item: _Item) -> int | None:
    """AlphaPose's identity: a number, or the list of numbers that its suppression merged.

    Several different numbers, or an empty list, are not an identity.
    """
    if not bytes(item.idx):
        return None
    try:
        waiting = [_ids.decode(item.idx)]
    except (msgspec.DecodeError, RecursionError):
        return None
    numbers: set[float] = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, int | float):
            numbers.add(float(value))
    number = numbers.pop() if len(numbers) == 1 else 0.5
    return int(number) if abs(number) < MAX_FRAME and number.is_integer() else None


def _points(item: _Item, problems: list[str], where: str) -> Float[np.ndarray, "points 3"] | None:
    """The points of a person: one list with scores, or pairs and a separate list of scores."""
    raw = bytes(item.keypoints)
    if not raw:
        problems.append(f"{where}: no 'keypoints'")
        return None
    try:
        if not raw[1:].lstrip().startswith(b"["):
            return _triples(_flat.decode(raw), problems, where)
        pairs = _nested.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        problems.append(f"{where}: keypoints: {error}")
        return None
    scores = item.keypoint_scores or [1.0] * len(pairs)
    widths = {len(pair) for pair in pairs}
    if widths == {3} and item.keypoint_scores is None:
        return np.array(pairs, dtype=np.float64)
    if widths != {2} or len(scores) != len(pairs):
        problems.append(
            f"{where}: {len(pairs)} keypoints of {sorted(widths)} numbers, {len(scores)} scores; "
            "expected x and y, and as many scores"
        )
        return None
    return np.column_stack([np.array(pairs, dtype=np.float64), scores])


def _to_pixels(
    points: Float[np.ndarray, "rows points 3"],
    image_size_px: tuple[int, int] | None,
    problems: list[str],
) -> list[str]:
    """Scales points to pixels in place, sets missing points to NaN, and returns the notes."""
    notes = ["2D keypoints"]
    if not np.isfinite(points).all():
        problems.append(f"{int((~np.isfinite(points)).sum())} values are not finite")
        return notes
    if (points[:, :, 2] < 0).any():
        problems.append("confidences below zero")
    if np.abs(points[:, :, :2]).max() > MAX_ABS_PX:
        problems.append(f"coordinates up to {np.abs(points[:, :, :2]).max():.3g}; expected pixels")
    missing = (points[:, :, :2] == 0).all(axis=2)
    if not missing.all() and np.abs(points[:, :, :2]).max() <= 1.0:
        if image_size_px is None or points[:, :, :2].min() < 0:
            problems.append(
                "coordinates between -1 and 1 were divided by the size of the image; expected "
                "pixels. Give image_size_px (for 0 to 1), or write pixels"
            )
        else:
            points[:, :, :2] *= image_size_px
            notes.append("coordinates multiplied by the size of the image")
    points[missing] = [np.nan, np.nan, 0.0]
    return notes


def _persons(people: list[_Detection], problems: list[str]) -> np.ndarray | None:
    """Each detection's identity; None unless all have one."""
    numbers = [detection.person for detection in people if detection.person is not None]
    if len(numbers) < len(people):
        return None
    distinct = {(detection.frame, detection.person) for detection in people}
    if len(distinct) < len(people):
        repeated = len(people) - len(distinct)
        problems.append(f"{repeated} people are twice in one frame, by their identities")
        return None
    if beyond := [number for number in numbers if abs(number) > MAX_PERSON]:
        problems.append(f"identity {str(beyond[0])[:40]}; expected at most {MAX_PERSON:,}")
        return None
    return np.array(numbers, dtype=np.int64)
