"""What the benchmark runs: clips, the primitives, and each primitive as the peers write it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import _loops
import _peers
import jax
import jax.numpy as jnp
import numpy as np

from kinematics import synthetic
from kinematics.geometry import anchor, kernels, orientation, residual
from kinematics.motion import AnchoredMotion, Motion
from kinematics.movement import batch, events, totals
from kinematics.synthetic import Script

CLIP_FRAMES = 300
FPS = 30.0
KEYPOINTS = 17
"""Points of the affine fit, in pixels of a 4K picture."""

Arrays = Any
"""A tree of arrays, one row a clip."""


# ----------------------------------------------------------------------------------------- clips


def scripts() -> list[Script]:
    """Ten seconds or more of everything that a person does."""
    s = synthetic
    rest = s.stand(8.0)
    return [
        s.walk(4.0).then(s.turn(1.57), s.walk(3.0), rest),
        s.stand(1.0).then(s.bow(1.0), s.jump(0.3), s.wave(), s.crouch(0.4), rest),
        s.run(9.0).then(s.walk_backward(2.0), s.sidestep(1.0, to="left"), rest),
        s.arc(1.5, 5.0).then(s.wave(side="left"), rest),
        s.walk(2.0).then(s.pause(2.0), s.walk_backward(2.0), rest),
        s.wave(cycles=8).then(s.turn(-3.0), rest),
        s.walk(9.0, speed_mps=1.0).then(rest),
        s.sit(0.4).then(s.pause(2.0), s.stand_up(), s.walk(3.0), rest),
    ]


def cut(motion: Motion, frames: int) -> Motion:
    """The first frames of a motion."""
    assert motion.joints_m is not None
    return replace(
        motion,
        orientations_wxyz=motion.orientations_wxyz[:frames],
        positions_m=motion.positions_m[:frames],
        times_s=motion.times_s[:frames],
        observed=motion.observed[:frames],
        joints_m=motion.joints_m[:frames],
    )


@cache
def takes() -> tuple[Motion, ...]:
    """Eight tracked clips, each with its own noise and heading."""
    return tuple(
        cut(
            synthetic.perform(
                script,
                fps=FPS,
                seed=seed,
                jitter_m=0.004,
                jitter_rad=0.01,
                start_heading_rad=1.3 * seed,
            ).motion,
            CLIP_FRAMES,
        )
        for seed, script in enumerate(scripts())
    )


def corpus(clips: int, *, joints: bool) -> list[Motion]:
    """Clips of 300 frames, each somewhere else in the world."""
    random = np.random.default_rng(0)
    motions = []
    for place in range(clips):
        take = takes()[place % len(takes())]
        if not joints:
            take = replace(take, joints_m=None, skeleton=None)
        x_m, z_m, turn_rad = random.uniform(-3, 3, 3)
        motions.append(synthetic.moved(take, turn_rad=turn_rad, shift_m=(x_m, 0.0, z_m)))
    return motions


def long_motion(frames: int, *, joints: bool) -> Motion:
    """One clip of any length: a take played forth and back again and again."""
    take = takes()[frames % len(takes())]
    place = np.arange(frames) % (2 * CLIP_FRAMES)
    place = np.minimum(place, 2 * CLIP_FRAMES - 1 - place)
    assert take.joints_m is not None
    return replace(
        take,
        orientations_wxyz=take.orientations_wxyz[place],
        positions_m=take.positions_m[place],
        times_s=np.arange(frames) / FPS,
        observed=np.ones(frames, dtype=bool),
        joints_m=take.joints_m[place] if joints else None,
        skeleton=take.skeleton if joints else None,
    )


def pixels(points_m: np.ndarray) -> np.ndarray:
    """Body points as a panning 4K camera sees them: any points do for an affine fit."""
    flat = points_m[..., :KEYPOINTS, :2] * 600 + 1900
    pan = 2.0 * np.arange(points_m.shape[-3])[:, None, None]
    return (flat + pan).astype(points_m.dtype)


def track_of(motion: Motion) -> _peers.Track:
    """What the peers start from."""
    points_m = None
    if motion.joints_m is not None and motion.skeleton is not None:
        points_m = batch.body_points_of(np.asarray(motion.joints_m), motion.skeleton)
    arrays = (np.asarray(a) for a in (motion.orientations_wxyz, motion.positions_m, motion.times_s))
    return _peers.Track(*arrays, points_m)


# ----------------------------------------------------------------------------------- the primitives


def _anchored(
    wxyz: Arrays, positions_m: Arrays, usable: Arrays, step_s: Arrays, points_m: Arrays = None
) -> AnchoredMotion:
    return measurement._anchored(wxyz, positions_m, usable, step_s, points_m, None, "first_heading")


def _root_anchored(*row: Arrays) -> tuple[Arrays, Arrays]:
    anchored = _anchored(*row)
    return anchored.orientations_wxyz, anchored.positions_m


def _seen_from_body(*row: Arrays) -> tuple[Arrays, Arrays, Arrays]:
    anchored = _anchored(*row)
    return anchored.orientations_wxyz, anchored.positions_m, anchor.body_points(anchored)


def _joints_anchored(*row: Arrays) -> tuple[Arrays, Arrays, Arrays]:
    return _seen_from_body(*row)  # under a name of its own, which compiles when it is timed


def _turned(wxyz: Arrays, times_s: Arrays, seen: Arrays) -> _peers.Turned:
    one = AnchoredMotion(wxyz, jnp.zeros((len(times_s), 3), wxyz.dtype), times_s, seen)
    heading, lean, turn = (
        orientation.heading(wxyz, seen),
        orientation.lean(one),
        orientation.turn(one),
    )
    return _peers.Turned(
        heading.heading_rad, *lean, turn_left_rad=turn.left_rad, turn_right_rad=turn.right_rad
    )


def _travelled(read: Arrays, times_s: Arrays) -> _peers.Travelled:
    added, shape = totals.by_quarter(read, times_s), measurement._shape(read)
    reach = added.reach
    return _peers.Travelled(
        net_m=added.net_m,
        net_turn_rad=added.net_turn_rad,
        path_m=added.path_m,
        paced_m=jnp.concatenate([added.paced_positive_m, added.paced_negative_m], axis=1),
        peak_speed_mps=added.peak_speed_mps,
        max_tilt_rad=added.max_tilt_rad,
        furthest_m=reach.furthest_m,
        furthest_s=reach.furthest_s,
        closest_m=reach.closest_m,
        closest_s=reach.closest_s,
        straightness=shape.straightness,
        turning_rad=shape.turning_rad,
        returns=shape.returns,
    )


def _residuals(points_px: Arrays) -> _peers.Residuals:
    fit = residual.between_frames(points_px)
    return _peers.Residuals(fit.matrix, fit.residuals_px, fit.rms_px)


def _movements(read: Arrays) -> Arrays:
    return events.find(read)


def _picked(records: Arrays) -> list[_peers.Movement]:
    """The records of all movements of a batch, off the device."""
    begin, furthest, start, end = (np.asarray(values) for values in records)
    at = np.nonzero(begin >= 0)
    rows = (at[-1], begin[at], furthest[at], start[at], end[at])
    return [_peers.Movement(*row) for row in zip(*(row.tolist() for row in rows), strict=True)]


def fetched(results: Arrays) -> Arrays:
    """The results as NumPy arrays, as the library takes them: five times as fast as `device_get`
    where there are many."""
    return jax.tree.map(np.asarray, results)


class Stages(NamedTuple):
    """A batch at the stations that primitives start from: arrays on the device."""

    wxyz: Arrays
    positions_m: Arrays
    usable: Arrays
    steps_s: Arrays
    points_m: Arrays
    anchored_wxyz: Arrays
    anchored_m: Arrays
    body_points_m: Arrays
    read: Arrays
    times_s: Arrays
    present: Arrays
    lengths: Arrays
    points_px: Arrays


@dataclass(frozen=True, kw_only=True)
class Primitive:
    """One pure function of one clip, and the same as others write it."""

    name: str
    step: Callable[..., Arrays]
    inputs: Callable[[Stages], tuple]
    by_clip: Callable[[Stages, np.ndarray], object]
    """Peers are given one clip's stages as NumPy arrays, and its times."""
    by_frame: Callable[[Stages, np.ndarray], object]
    by_batch: Callable[[Stages, np.ndarray], object] | None
    """The same of a whole batch."""
    joints: bool = False
    work: kernels.Work = "filters"
    """How the engine has it compiled."""
    finish: Callable[[Arrays], Any] = jax.block_until_ready
    """What belongs to the work on a batch; results may stay on the device."""
    fetch: Callable[[Arrays], Any] = fetched
    """What belongs to the work on a single clip, whose results are wanted on the host."""
    tolerance: float = 2e-4


def _root(stages: Stages, times_s: np.ndarray) -> _peers.Track:
    return _peers.Track(stages.wxyz, stages.positions_m, times_s)


def _whole(stages: Stages, times_s: np.ndarray) -> _peers.Track:
    return _peers.Track(stages.wxyz, stages.positions_m, times_s, stages.points_m)


def _read(stages: Stages) -> _peers.Signals:
    return _peers.Signals(*(getattr(stages.read, name) for name in _peers.Signals._fields))


def _root_only(track: _peers.Track) -> tuple[np.ndarray, np.ndarray]:
    return track.orientations_wxyz, track.positions_m


def _with_points(track: _peers.Track) -> tuple[np.ndarray, ...]:
    assert track.points_m is not None
    return track.orientations_wxyz, track.positions_m, track.points_m


PRIMITIVES = (
    Primitive(
        name="anchor",
        step=_root_anchored,
        inputs=lambda at: (at.wxyz, at.positions_m, at.usable, at.steps_s),
        by_clip=lambda at, times_s: _root_only(_peers.anchored_by_clip(_root(at, times_s))),
        by_frame=lambda at, times_s: _root_only(_loops.anchored(_root(at, times_s))),
        by_batch=lambda at, times_s: _root_only(_peers.anchored_by_batch(_root(at, times_s))),
    ),
    Primitive(
        name="joints anchor",
        step=_joints_anchored,
        inputs=lambda at: (at.wxyz, at.positions_m, at.usable, at.steps_s, at.points_m),
        by_clip=lambda at, times_s: _with_points(_peers.anchored_by_clip(_whole(at, times_s))),
        by_frame=lambda at, times_s: _with_points(_loops.anchored(_whole(at, times_s))),
        by_batch=lambda at, times_s: _with_points(_peers.anchored_by_batch(_whole(at, times_s))),
        joints=True,
    ),
    Primitive(
        name="trajectory",
        step=_travelled,
        inputs=lambda at: (at.read, at.times_s),
        by_clip=lambda at, times_s: _peers.travelled(_read(at), times_s),
        by_frame=lambda at, times_s: _loops.travelled(_read(at), times_s),
        by_batch=lambda at, times_s: _peers.travelled(_read(at), times_s),
    ),
    Primitive(
        name="orientation",
        step=_turned,
        inputs=lambda at: (at.anchored_wxyz, at.times_s, at.usable),
        by_clip=lambda at, _: _peers.turned_by_clip(at.anchored_wxyz),
        by_frame=lambda at, _: _loops.turned(at.anchored_wxyz),
        by_batch=lambda at, _: _peers.turned_by_batch(at.anchored_wxyz),
    ),
    Primitive(
        name="affine residual",
        step=_residuals,
        inputs=lambda at: (at.points_px,),
        by_clip=lambda at, _: _peers.residuals_by_clip(at.points_px),
        by_frame=lambda at, _: _loops.residuals(at.points_px),
        by_batch=lambda at, _: _peers.residuals_by_batch(at.points_px),
        joints=True,
        work="loops",
        tolerance=1e-2,
    ),
    Primitive(
        name="parts",
        step=measurement._parts,
        inputs=lambda at: (at.body_points_m, at.times_s, at.usable, at.present, at.lengths),
        by_clip=lambda at, times_s: _peers.described(at.body_points_m, times_s),
        by_frame=lambda at, times_s: _loops.described(at.body_points_m, times_s),
        by_batch=lambda at, times_s: _peers.described(at.body_points_m, times_s),
        joints=True,
        work="loops",
        tolerance=1e-3,
    ),
    Primitive(
        name="events",
        step=_movements,
        inputs=lambda at: (at.read,),
        by_clip=lambda at, _: _peers.movements_by_clip(_read(at)),
        by_frame=lambda at, _: _loops.movements(_read(at)),
        by_batch=None,
        work="loops",
        finish=_picked,
        fetch=_picked,
    ),
)


@cache
def batched(
    step: Callable[..., Arrays], *, work: kernels.Work = "filters"
) -> Callable[..., Arrays]:
    """The step over a batch, compiled as the engine does."""
    return kernels.jit(jax.vmap(step), work=work)


def rows_of(frames: int, *, joints: bool, dtype: str = "float32") -> int:
    """Clips a call, by the engine's own budget."""
    return batch.Shape(frames, joints, dtype, "first_heading").rows


def stages_of(
    motions: Sequence[Motion], *, joints: bool, dtype: str = "float32", rows: int = 0
) -> Stages:
    """The motions at every station, as one batch of exactly their length.

    Filled up to the engine's number of rows with copies of the first, as the engine does.
    """
    frames = motions[0].frames
    clips = [batch.prepare(motion, dtype=dtype) for motion in motions]
    rows = rows or rows_of(frames, joints=joints, dtype=dtype)
    clips += [clips[0]] * (rows - len(clips))
    raw = [clip._asdict() for clip in clips]
    wxyz, positions_m, usable = (
        jnp.asarray(np.stack([one[name] for one in raw]))
        for name in ("orientations_wxyz", "positions_m", "usable")
    )
    steps_s = jnp.asarray([clip.step_s for clip in clips], wxyz.dtype)
    present = jnp.asarray(np.stack([clip.present for clip in clips]))
    lengths = jnp.full(rows, frames, jnp.int32)
    points_m = body_points_m = points_px = None
    if joints:
        points_m = jnp.asarray(np.stack([one["points_m"] for one in raw]))
        anchored = batched(_seen_from_body)(wxyz, positions_m, usable, steps_s, points_m)
        anchored_wxyz, anchored_m, body_points_m = anchored
        points_px = jnp.asarray(pixels(np.asarray(points_m)))
        read = None
        times_s = steps_s[:, None] * jnp.arange(frames, dtype=wxyz.dtype)
    else:
        one = batched(_anchored)(wxyz, positions_m, usable, steps_s)
        anchored_wxyz, anchored_m, times_s = one.orientations_wxyz, one.positions_m, one.times_s
        read = batched(measurement._signals)(one, None, present, lengths)
    return Stages(
        wxyz=wxyz,
        positions_m=positions_m,
        usable=usable,
        steps_s=steps_s,
        points_m=points_m,
        anchored_wxyz=anchored_wxyz,
        anchored_m=anchored_m,
        body_points_m=body_points_m,
        read=read,
        times_s=times_s,
        present=present,
        lengths=lengths,
        points_px=points_px,
    )


def row(tree: Arrays, place: int) -> Arrays:
    return jax.tree.map(lambda values: np.asarray(values[place]), tree)
