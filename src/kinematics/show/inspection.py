"""Descriptions of motion files and stores, with warnings about unusual data."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kinematics import readers, store
from kinematics.motion import Motion
from kinematics.readers import Format

EVEN_STEPS: float = 0.05
"""Steps between frames are even if they differ from the median by less than this share of it."""

LOW_COVERAGE: float = 0.5
"""With a smaller share of seen frames, most of the motion is unknown."""

SHORTEST_S: float = 1.0
"""Shorter motions contain no full stride."""

FEWEST_FPS: float = 8.0
"""At fewer frames per second a step fits between two frames."""

USUAL_HEIGHTS_M: tuple[float, float] = (-3.0, 3.0)
"""Heights of the root of a person near the ground; others suggest wrong axes or units."""

STILL_M: float = 1e-6
"""A camera or a root that stays within this does not move."""

Line = tuple[str, str]
"""A label and its text."""


def describe(path: Path | str) -> Iterator[Line]:
    """Lines about a file: its format, and each person's motion.

    Raises the errors of `readers.read`. Warnings are lines labelled `warning`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "walk.npy"), np.zeros((90, 322), np.float32))
    ...     dict(describe(Path(folder, "walk.npy")))["frames"]
    '90 at 30 fps, 2.97 s'
    """
    path = Path(path)
    motions = readers.read(path)
    yield from _format_lines(path)
    yield "people", str(len(motions))
    for motion in motions:
        yield from _motion_lines(motion)


def _is_of(form: Format, path: Path) -> bool:
    try:
        return form.recognise(path)
    except ValueError:  # another kind of file
        return False


def _format_lines(path: Path) -> Iterator[Line]:
    form = next(form for form in readers.FORMATS if _is_of(form, path))
    yield "format", f"{form.name}: {form.about}"
    yield "file's axes", form.axes
    yield "file's units", form.units
    yield "kept", form.keeps
    yield "lost", form.loses


def _motion_lines(motion: Motion) -> Iterator[Line]:
    source = motion.source
    yield "", ""
    yield "person", f"{source.person}, clip {source.clip!r}, take {source.take!r}"
    yield "frames", _frames(motion)
    yield "seen", f"{np.mean(motion.observed):.0%} of the frames"
    yield "root", _root(motion)
    yield "joints", _joints(motion)
    yield "camera", _camera(motion)
    for note in source.notes:
        yield "note", note
    for warning in warnings(motion):
        yield "warning", warning


def _steps_s(motion: Motion) -> np.ndarray:
    return np.diff(np.asarray(motion.times_s))


def _frames(motion: Motion) -> str:
    steps_s = _steps_s(motion)
    rate = f" at {1 / np.median(steps_s):.4g} fps" if len(steps_s) else ""
    return f"{motion.frames}{rate}, {motion.duration_s:.2f} s"


def _root(motion: Motion) -> str:
    seen = np.asarray(motion.positions_m)[np.asarray(motion.observed)]
    if not len(seen):
        return "never seen"
    low, high = seen.min(axis=0), seen.max(axis=0)
    spans = (f"{axis} {a:.2f} to {b:.2f}" for axis, a, b in zip("XYZ", low, high, strict=True))
    return f"{', '.join(spans)} m; Y is up"


def _joints(motion: Motion) -> str:
    if motion.skeleton is None:
        return "none: the root alone"
    missing = motion.skeleton.missing
    without = f", without {', '.join(missing)}" if missing else ", every body point"
    return f"{len(motion.skeleton.joints)} ({motion.skeleton.name}){without}"


def _camera(motion: Motion) -> str:
    if motion.camera_positions_m is None or motion.camera_orientations_wxyz is None:
        return "none"
    moved = max(
        float(np.ptp(values, axis=0).max())
        for values in (motion.camera_positions_m, motion.camera_orientations_wxyz)
    )
    return "known in every frame, " + ("still" if moved <= STILL_M else "moving")


def warnings(motion: Motion) -> list[str]:
    """Warnings about valid but unusual data in a motion.

    >>> from kinematics import synthetic
    >>> warnings(synthetic.perform(synthetic.walk(2.0)).motion)
    []
    """
    steps_s, texts = _steps_s(motion), []
    if motion.duration_s < SHORTEST_S:
        texts.append(f"only {motion.duration_s:.2f} s: too short for most events")
    if len(steps_s):
        usual_s = float(np.median(steps_s))
        uneven = int((np.abs(steps_s - usual_s) > EVEN_STEPS * usual_s).sum())
        if uneven:
            texts.append(
                f"{uneven} of {len(steps_s)} steps are not the usual {usual_s * 1000:.3g} ms; "
                f"the longest is {steps_s.max():.2f} s"
            )
        if 1 / usual_s < FEWEST_FPS:
            texts.append(f"{1 / usual_s:.3g} fps: steps and waves fall between frames")
    coverage = float(np.mean(motion.observed))
    if coverage < LOW_COVERAGE:
        texts.append(f"seen in {coverage:.0%} of the frames only")
    return texts + _position_warnings(motion)


def _position_warnings(motion: Motion) -> list[str]:
    """Warnings about the positions of the root."""
    seen = np.asarray(motion.positions_m)[np.asarray(motion.observed)]
    if len(seen) < 2:
        return []
    if np.ptp(seen, axis=0).max() <= STILL_M:
        return ["the root never moves: no translation in the file, or a motionless person"]
    lowest, highest = USUAL_HEIGHTS_M
    height_m = float(np.median(seen[:, 1]))
    if not lowest <= height_m <= highest:
        return [f"the root is mostly at a height of {height_m:.2f} m: are Y and metres right?"]
    return []


def describe_store(path: Path | str, *, verify: bool = False) -> Iterator[Line]:
    """Lines about a store: clips, minutes, size, checks. `verify` reads every clip.

    Raises `ValueError` if the store is damaged.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = store.write([walk, walk], Path(folder, "corpus"))
    ...     dict(describe_store(Path(folder, "corpus"), verify=True))["clips"]
    '2 with 1 names'
    """
    opened = store.read(path)
    yield "format", "packed store"
    yield "clips", f"{len(opened):,} with {len(set(opened.names)):,} names"
    yield "length", f"{opened.duration_s / 60:,.2f} minutes, {opened.frames:,} frames"
    yield "size", f"{opened.size_bytes / 1e6:,.2f} MB in {len(opened.listed)} segments"
    yield "lists", "sound: sizes, places and shapes fit the files"
    if verify:
        opened.verify()
        yield "clips read", "sound: every checksum fits, every value is allowed"
    else:
        yield "clips read", "none: each is checked when it is first read; --verify reads all now"


def formats_table() -> str:
    """The formats of `readers.FORMATS` as the Markdown table of `docs/formats.md`.

    >>> formats_table().splitlines()[0]
    '| format | axes | units | kept | lost | example |'
    """
    lines = ["| format | axes | units | kept | lost | example |", "|---|---|---|---|---|---|"]
    for form in readers.FORMATS:
        cells = (
            f"**{form.name}**: {form.about}",
            form.axes,
            form.units,
            form.keeps,
            form.loses,
            f"`{form.example}`",
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)
