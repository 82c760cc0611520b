"""Measuring motions: arrays in, facts as plain data out.

Every step is a pure function of one clip; batches run `jit(vmap(step))`, compiled once per step
and shape (see `batch`). Per-frame work is in the clip's own precision, sums in float64.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from kinematics import loading
from kinematics.facts import SIGNALS, Frame, MotionFacts
from kinematics.geometry import anchor
from kinematics.geometry import kernels as compiler
from kinematics.loading import Given
from kinematics.motion import AnchoredMotion, Motion
from kinematics.movement import assemble, batch, descriptors, events, totals, trajectory, vertical
from kinematics.movement import signals as signals_of
from kinematics.movement.assemble import Measured
from kinematics.skeleton import CANONICAL

MEASURABLE: tuple[Frame, ...] = ("first_heading", "body", "camera")
"""Frames of reference with a vertical up axis; the first pose's axes may be tilted."""

MOST_WAITING = 4096
"""Most clips held back before batches that are not full are measured anyway."""

_START_FRAMES = 72
"""Two strides on the analysis grid: the frames that the anchor reads."""


class Trace(NamedTuple):
    """One clip's signals over time, for plots: those in which events are detected, and the raw."""

    times_s: Float[np.ndarray, " samples"]
    signals: Float[np.ndarray, "samples signals"]
    raw: Float[np.ndarray, "samples signals"]
    observed: Bool[np.ndarray, " samples"]
    positions_m: Float[np.ndarray, "samples 3"]
    heading_rad: Float[np.ndarray, " samples"]


def _anchored(
    orientations_wxyz: Float[Array, "frames 4"],
    positions_m: Float[Array, "frames 3"],
    usable: Bool[Array, " frames"],
    step_s: Float[Array, ""],
    points_m: Float[Array, "frames points 3"] | None,
    camera: tuple[Float[Array, "4"], Float[Array, "3"]] | None,
    frame: Frame,
) -> AnchoredMotion:
    frames = positions_m.shape[0]
    motion = Motion(
        orientations_wxyz=orientations_wxyz,
        positions_m=positions_m,
        times_s=jnp.arange(frames, dtype=positions_m.dtype) * step_s,
        observed=usable,
        joints_m=points_m,
        skeleton=None if points_m is None else CANONICAL,
        camera_orientations_wxyz=(
            None if camera is None else jnp.broadcast_to(camera[0], (frames, 4))
        ),
        camera_positions_m=None if camera is None else jnp.broadcast_to(camera[1], (frames, 3)),
    )
    return anchor.anchor(motion, frame=frame, window_frames=_START_FRAMES)


def _signals(
    anchored: AnchoredMotion,
    points_m: Float[Array, "frames points 3"] | None,
    present: Bool[Array, " points"],
    length: Int[Array, ""],
    from_start_m: Float[Array, "frames 3"] | None = None,
) -> signals_of.Signals:
    return signals_of.read(
        anchored, points_m=points_m, present=present, length=length, from_start_m=from_start_m
    )


def _vertical(
    read: signals_of.Signals,
    points_m: Float[Array, "frames points 3"] | None,
    present: Bool[Array, " points"],
) -> vertical.Vertical:
    return vertical.find(read, points_m=points_m, present=present)


def _shape(read: signals_of.Signals) -> trajectory.Shape:
    return trajectory.path_shape(
        read.positions_m,
        read.velocity_mps,
        read.usable,
        read.length,
        start_distance_m=read.values[:, SIGNALS.index("start_distance")],
    )


def _totals(
    read: signals_of.Signals, times_s: Float[Array, " frames"], frame: Frame
) -> totals.Totals:
    return totals.by_quarter(read, times_s, paced=frame == "body")


def _parts(
    points_m: Float[Array, "frames points 3"],
    times_s: Float[Array, " frames"],
    usable: Bool[Array, " frames"],
    present: Bool[Array, " points"],
    length: Int[Array, ""],
) -> descriptors.PartMotion:
    return descriptors.describe(points_m, times_s, usable, present=present, length=length)


_LOOPS = (events.find, _vertical, _parts)
"""Steps that spend most of their time in scans."""


@cache
def _batched(step: Callable[..., Any], frame: Frame | None = None) -> Callable[..., Any]:
    """The step over a batch, compiled once per shape."""
    work: compiler.Work = "loops" if step in _LOOPS else "filters"
    if frame is None:
        return compiler.jit(jax.vmap(step), work=work)
    return compiler.jit(jax.vmap(lambda *row: step(*row, frame)), work=work)


def kernels(stacked: batch.Batch, *, frame: Frame) -> Measured:
    """All results for a batch: each line is one compiled step over all its clips."""
    camera = None
    if stacked.camera_orientations_wxyz is not None and frame == "camera":
        camera = (stacked.camera_orientations_wxyz, stacked.camera_positions_m)
    present = stacked.present
    with jax.enable_x64(True):
        track = (
            stacked.orientations_wxyz,
            stacked.positions_m,
            stacked.usable,
            stacked.steps_s,
        )
        anchored = _batched(_anchored, frame)(*track, stacked.points_m, camera)
        points = None if stacked.points_m is None else _batched(anchor.body_points)(anchored)
        seen = (points, anchored.times_s, stacked.usable, present, stacked.lengths)
        from_start = None
        if frame != "first_heading":  # whose origin is the start
            from_start = _batched(_anchored, "first_heading")(*track, None, None).positions_m
        read = _batched(_signals)(anchored, points, present, stacked.lengths, from_start)
        return Measured(
            signals=read,
            events=_batched(events.find)(read),
            walked_m=_batched(events.walked_m)(read.positions_m),
            vertical=_batched(_vertical)(read, points, present),
            totals=_batched(_totals, frame)(read, anchored.times_s),
            shape=_batched(_shape)(read),
            parts=None if points is None else _batched(_parts)(*seen),
        )


_Waiting = tuple[int, Motion, batch.Clip]
"""A motion's index in the input, the motion, and its clip."""

T = TypeVar("T")


def _facts_of(waiting: list[_Waiting], shape: batch.Shape) -> Iterator[tuple[int, MotionFacts]]:
    clips = [clip for _, _, clip in waiting]
    measured = kernels(batch.stack(clips, shape), frame=shape.frame)
    facts = assemble.all_facts(
        [motion for _, motion, _ in waiting], clips, measured, frame=shape.frame
    )
    for (index, _, _), clip_facts in zip(waiting, facts, strict=True):
        yield index, clip_facts


def _check_frame(frame: Frame) -> None:
    if frame not in MEASURABLE:
        raise ValueError(
            f"frame {frame!r}: expected one of {', '.join(MEASURABLE)}. Facts refer to up and "
            "to the ground, which first_pose tilts; use anchor.to_first_pose for its arrays"
        )


def measure_all(
    motions: Given | Iterable[Given],
    *,
    frame: Frame = "first_heading",
    dtype: str = "float32",
    progress: Callable[[int], None] | None = None,
) -> Iterator[MotionFacts]:
    """Facts of many motions of any lengths, in order, as a stream.

    `motions` are motions, or paths of motion files, packed stores or folders of both; a file gives
    one motion per person. Clips of similar length are computed together; the results for a clip do
    not depend on the others. `dtype="float64"` computes everything in double precision. `progress`
    is called with the number of clips measured so far.

    >>> from kinematics import synthetic
    >>> corpus = [performance.motion for performance in synthetic.corpus(3, seed=1)]
    >>> [facts.clip == motion.source.clip for facts, motion in zip(measure_all(corpus), corpus)]
    [True, True, True]
    """
    _check_frame(frame)
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype {dtype!r}: expected float32 or float64")
    given = loading.motions(motions)
    return _in_order(given, _facts_of, frame=frame, dtype=dtype, progress=progress)


def _in_order(
    motions: Iterable[Motion],
    made_of: Callable[[list[_Waiting], batch.Shape], Iterator[tuple[int, T]]],
    *,
    frame: Frame,
    dtype: str,
    progress: Callable[[int], None] | None = None,
) -> Iterator[T]:
    """Results of `made_of` in the motions' order; motions of one shape are computed together."""
    waiting: dict[batch.Shape, list[_Waiting]] = {}
    done: dict[int, T] = {}
    taken = 0

    def flush(shapes: list[batch.Shape]) -> None:
        for shape in shapes:
            done.update(made_of(waiting.pop(shape), shape))
        if progress is not None:
            progress(taken + len(done))

    for given, motion in enumerate(motions):
        if frame == "camera" and motion.camera_orientations_wxyz is None:
            anchor.anchor(motion, frame="camera")  # raises an error that names the missing camera
        clip = batch.prepare(motion, dtype=dtype)
        shape = batch.shape_of(clip, frame=frame, dtype=dtype)
        rows = waiting.setdefault(shape, [])
        rows.append((given, motion, clip))
        if len(rows) == shape.rows:
            flush([shape])
        elif 1 + given - taken - len(done) >= MOST_WAITING:
            flush(list(waiting))
        while taken in done:
            yield done.pop(taken)
            taken += 1
    flush(list(waiting))
    while taken in done:
        yield done.pop(taken)
        taken += 1


def measure(
    motion: Given | Sequence[Motion],
    *,
    frame: Frame = "first_heading",
    dtype: str = "float32",
) -> MotionFacts:
    """Facts of one motion, bit-identical to those from `measure_all`.

    `motion` is a motion, the path of a file with one person, or the list that `read` returns for
    such a file. Raises `ValueError` if there are several motions.

    >>> from kinematics import synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0, speed_mps=1.2)).motion)
    >>> [(event.signal, round(event.amount, 1)) for event in facts.events_on("forward")]
    [('forward', 3.0)]
    """
    (facts,) = measure_all([loading.one_motion(motion)], frame=frame, dtype=dtype)
    return facts


def trace(motion: Motion, *, frame: Frame = "first_heading") -> Trace:
    """The signals of one motion over time, as `measure` uses them.

    >>> from kinematics import synthetic
    >>> trace(synthetic.perform(synthetic.stand(2.0)).motion).times_s.shape
    (61,)
    """
    (traced,) = trace_all([motion], frame=frame)
    return traced


def trace_all(motions: Iterable[Motion], *, frame: Frame = "first_heading") -> Iterator[Trace]:
    """`trace` of many motions, in order, as a stream, computed in batches like facts.

    >>> from kinematics import synthetic
    >>> corpus = [performance.motion for performance in synthetic.corpus(3, seed=1)]
    >>> [len(clip.times_s) > 1 for clip in trace_all(corpus)]
    [True, True, True]
    """
    _check_frame(frame)
    return _in_order(motions, _traces_of, frame=frame, dtype="float32")


def _traces_of(waiting: list[_Waiting], shape: batch.Shape) -> Iterator[tuple[int, Trace]]:
    clips = [clip for _, _, clip in waiting]
    read = kernels(batch.stack(clips, shape), frame=shape.frame).signals
    values, raw, positions = map(np.asarray, (read.values, read.raw, read.positions_m))
    for row, (index, _, clip) in enumerate(waiting):
        count = len(clip.usable)
        yield (
            index,
            Trace(
                times_s=np.arange(count) * clip.step_s,
                signals=values[row, :count],
                raw=raw[row, :count],
                observed=clip.seen,
                positions_m=positions[row, :count],
                heading_rad=values[row, :count, SIGNALS.index("heading")],
            ),
        )
