"""One contract for the whole family of primitives, and manners for every public name.

A primitive is a pure function of one clip's arrays. It does the same eagerly and compiled, alone
and in a batch; it keeps its input's precision, does not see what padding follows the clip, and has
finite gradients where nothing moves and nothing is turned. A new primitive joins by one line in
`PRIMITIVES`; a missing line fails.
"""

import importlib
import inspect
import math
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, PyTree

import kinematics
from kinematics import synthetic, thresholds
from kinematics.geometry import anchor, masked, orientation, residual, rotation, smpl_body, windows
from kinematics.motion import AnchoredMotion, Motion
from kinematics.movement import (
    descriptors,
    events,
    repetition,
    signals,
    totals,
    trajectory,
    vertical,
)
from kinematics.skeleton import CANONICAL, COCO_17, POINTS, SMPL_22

FRAMES, PADDED_FRAMES, FPS = 40, 64, 30.0
MODULES = (
    anchor,
    descriptors,
    events,
    masked,
    orientation,
    repetition,
    residual,
    rotation,
    signals,
    smpl_body,
    totals,
    trajectory,
    vertical,
    windows,
)


class Clip(NamedTuple):
    """Everything that some primitive takes, of one clip."""

    motion: Motion
    anchored: AnchoredMotion
    points_m: Array
    """The body's points, seen from the pelvis."""
    present: Array
    length: Array
    signals: signals.Signals
    records: events.EventFrames
    keypoints_px: Array
    confidence: Array

    @property
    def wxyz(self) -> Array:
        return self.motion.orientations_wxyz

    @property
    def root_m(self) -> Array:
        return self.motion.positions_m

    @property
    def times_s(self) -> Array:
        return self.motion.times_s

    @property
    def seen(self) -> Array:
        return self.motion.observed

    @property
    def track(self) -> tuple[Array, Array, Array, Array]:
        return self.wxyz, self.root_m, self.times_s, self.seen


class Primitive(NamedTuple):
    """One line of the contract."""

    covers: str
    call: Callable[[Clip], PyTree]
    padded: bool = False
    """Is told which frames count; what follows them must change nothing."""
    flat: bool = False
    """Counts or chooses: its gradient is zero everywhere."""
    eager: bool = True
    """False for what is compiled in itself, or runs another primitive on other arrays."""


def world(dtype: jnp.dtype) -> anchor.Reference:
    """The world's own axes, as a reference."""
    return anchor.Reference(jnp.array([1, 0, 0, 0], dtype), jnp.zeros(3, dtype))


CHAIN = smpl_body.BodyModel(
    rest_m=jnp.zeros((3, 3)),
    shapes_m=jnp.ones((3, 3, 10)),
    mean_pose_rad=jnp.zeros((3, 3)),
    parents=(-1, 0, 1),
    family="smpl",
)
"""Three bones in a row, of any length."""

PRIMITIVES = (
    # rotation: one quaternion or angle a frame
    Primitive("rotation.sqrt", lambda c: rotation.sqrt(c.root_m)),
    Primitive("rotation.norm", lambda c: rotation.norm(*c.root_m.T)),
    Primitive("rotation.atan2", lambda c: rotation.atan2(c.root_m[:, 0], c.root_m[:, 2])),
    Primitive("rotation.sincos", lambda c: rotation.sincos(c.root_m)),
    Primitive("rotation.wrapped", lambda c: rotation.wrapped(4 * c.root_m)),
    Primitive("rotation.product", lambda c: rotation.product(c.wxyz, c.wxyz[::-1])),
    Primitive("rotation.multiply", lambda c: rotation.multiply(c.wxyz, c.wxyz[::-1])),
    Primitive("rotation.conjugate", lambda c: rotation.conjugate(c.wxyz)),
    Primitive("rotation.rotate", lambda c: rotation.rotate(c.wxyz, c.root_m)),
    Primitive("rotation.from_rotvec", lambda c: rotation.from_rotvec(c.root_m)),
    Primitive("rotation.about_up", lambda c: rotation.about_up(c.root_m)),
    Primitive("rotation.heading", lambda c: rotation.heading(c.wxyz)),
    Primitive("rotation.tilt", lambda c: rotation.tilt(c.wxyz)),
    Primitive("rotation.lean", lambda c: rotation.lean(c.wxyz)),
    # bodies: every joint of a frame
    Primitive("smpl_body.rest_joints_m", lambda c: smpl_body.rest_joints_m(CHAIN, c.root_m[0])),
    Primitive(
        "smpl_body.pose",
        lambda c: jax.vmap(partial(smpl_body.pose, parents=CHAIN.parents))(
            c.points_m[:, :3], c.points_m[:, 3:6]
        ),
    ),
    # reductions and windows
    Primitive("masked.total", lambda c: masked.total(c.root_m, c.seen), padded=True),
    Primitive(
        "masked.weighted_totals",
        lambda c: masked.weighted_totals(c.root_m, c.seen[:, None].astype(c.root_m.dtype)),
        padded=True,
    ),
    Primitive("masked.mean", lambda c: masked.mean(c.root_m, c.seen), padded=True),
    Primitive("masked.maximum", lambda c: masked.maximum(c.root_m, c.seen), padded=True),
    Primitive("masked.minimum", lambda c: masked.minimum(c.root_m, c.seen), padded=True),
    Primitive(
        "masked.quantile",
        lambda c: masked.quantile(c.root_m[:, 1], c.seen, share=0.75),
        padded=True,
        flat=True,
    ),
    Primitive(
        "windows.segment_share",
        lambda c: windows.segment_share(c.times_s, c.seen, start_s=0.21, end_s=0.98),
        padded=True,
    ),
    # frames of reference
    Primitive("anchor.first_pose", lambda c: anchor.first_pose(*c.track), padded=True),
    Primitive(
        "anchor.steady_heading",
        lambda c: anchor.steady_heading(*c.track, reference=anchor.first_pose(*c.track)),
        padded=True,
    ),
    Primitive(
        "anchor.relative_to",
        lambda c: anchor.relative_to(
            anchor.Track(c.wxyz, c.root_m, c.motion.joints_m), world(c.root_m.dtype)
        ),
    ),
    Primitive(
        "anchor.to_first_heading",
        lambda c: anchor.to_first_heading(c.motion),
        padded=True,
        eager=False,
    ),
    Primitive(
        "anchor.to_first_pose", lambda c: anchor.to_first_pose(c.motion), padded=True, eager=False
    ),
    Primitive("anchor.to_camera", lambda c: anchor.to_camera(c.motion), padded=True, eager=False),
    Primitive("anchor.to_body", lambda c: anchor.to_body(c.motion), padded=True, eager=False),
    Primitive("anchor.body_points", lambda c: anchor.body_points(c.anchored)),
    # trajectory
    Primitive(
        "trajectory.step_travel",
        lambda c: trajectory.step_travel(c.root_m, 0.5 + 0 * c.times_s[1:]),
    ),
    Primitive(
        "trajectory.travel",
        lambda c: trajectory.travel(c.anchored, start_s=0.21, end_s=0.98),
        padded=True,
        eager=False,
    ),
    Primitive(
        "trajectory.start_distance", lambda c: trajectory.start_distance(c.anchored), eager=False
    ),
    Primitive(
        "trajectory.value_at",
        lambda c: trajectory.value_at(c.root_m[:, 2], c.times_s, 0.5 * c.times_s[20]),
    ),
    Primitive(
        "trajectory.distance_reach",
        lambda c: trajectory.distance_reach(
            c.root_m[:, 2], c.times_s, c.seen, start_s=c.times_s[5], end_s=c.times_s[30]
        ),
        padded=True,
    ),
    Primitive(
        "trajectory.reach",
        lambda c: trajectory.reach(c.anchored, start_s=0.21, end_s=0.98),
        padded=True,
        eager=False,
    ),
    Primitive(
        "trajectory.course_turning",
        lambda c: trajectory.course_turning(c.signals.velocity_mps, c.seen),
        padded=True,
    ),
    Primitive(
        "trajectory.path_shape",
        lambda c: trajectory.path_shape(
            c.signals.positions_m, c.signals.velocity_mps, c.signals.usable, c.length
        ),
        padded=True,
    ),
    # orientation
    Primitive(
        "orientation.unwrapped",
        lambda c: orientation.unwrapped(rotation.heading(c.wxyz), c.seen),
        padded=True,
    ),
    Primitive("orientation.heading", lambda c: orientation.heading(c.wxyz, c.seen), padded=True),
    Primitive("orientation.lean", lambda c: orientation.lean(c.anchored)),
    Primitive("orientation.turn", lambda c: orientation.turn(c.anchored), padded=True, eager=False),
    # signals and what is found on them
    Primitive(
        "signals.gait_free", lambda c: signals.gait_free(c.root_m[:, 2], c.length), padded=True
    ),
    Primitive("signals.light", lambda c: signals.light(c.root_m[:, 2], c.length), padded=True),
    Primitive(
        "signals.change_rate",
        lambda c: signals.change_rate(c.root_m[:, 2], c.length, step_s=c.times_s[1], reach=3),
        padded=True,
    ),
    Primitive("signals.gait_share", lambda c: signals.gait_share(0.2 + 0.1 * c.root_m[:, 0])),
    Primitive(
        "signals.read",
        lambda c: signals.read(c.anchored, points_m=c.points_m, present=c.present, length=c.length),
        padded=True,
    ),
    Primitive("events.find", lambda c: events.find(c.signals), padded=True, flat=True),
    Primitive("events.walked_m", lambda c: events.walked_m(c.root_m), padded=True),
    Primitive("events.compact", lambda c: events.compact(c.records, c.signals, places=8)),
    Primitive(
        "events.is_drift",
        lambda c: events.is_drift(jnp.arange(3), c.root_m[-1], 4 * jnp.ones_like(c.root_m[-1])),
        flat=True,
    ),
    Primitive(
        "events.excursions",
        lambda c: events.excursions(
            c.signals.values[:, 3:4],
            c.length,
            rules=(thresholds.RETURN,),
        ),
        padded=True,
    ),
    Primitive(
        "vertical.find",
        lambda c: vertical.find(c.signals, points_m=c.points_m, present=c.present),
        padded=True,
    ),
    Primitive("totals.by_quarter", lambda c: totals.by_quarter(c.signals, c.times_s), padded=True),
    # parts and image points
    Primitive(
        "descriptors.describe",
        lambda c: descriptors.describe(
            c.points_m, c.times_s, c.seen, present=c.present, length=c.length
        ),
        padded=True,
    ),
    Primitive(
        "descriptors.from_keypoints",
        lambda c: descriptors.from_keypoints(
            c.keypoints_px, c.confidence, c.times_s, skeleton=COCO_17
        ),
        eager=False,
    ),
    Primitive(
        "descriptors.points_from_joints",
        lambda c: descriptors.points_from_joints(c.keypoints_px, skeleton=COCO_17),
    ),
    Primitive(
        "repetition.count",
        lambda c: repetition.count(
            c.root_m, c.times_s, c.seen[:, None], least_swing=0 * c.root_m[0] + 0.05
        ),
        padded=True,
        flat=True,
    ),
    Primitive(
        "repetition.principal_axis",
        lambda c: repetition.principal_axis(tuple(c.points_m[:6, :, 1] ** 2)),
    ),
    Primitive(
        "repetition.reversal_axis",
        lambda c: repetition.reversal_axis(jnp.transpose(c.points_m[:, 1:4], (2, 1, 0))),
    ),
    Primitive(
        "residual.fit_affine",
        lambda c: residual.fit_affine(
            c.keypoints_px[0], c.keypoints_px[9], weights=c.confidence[0]
        ),
    ),
    Primitive(
        "residual.fit_pairs",
        lambda c: residual.fit_pairs(c.keypoints_px[:-9].T, c.keypoints_px[9:].T),
    ),
    Primitive(
        "residual.between_frames",
        lambda c: residual.between_frames(c.keypoints_px, weights=c.confidence),
    ),
    Primitive(
        "residual.motion_score",
        lambda c: residual.motion_score(c.keypoints_px, scale_px=5.0, weights=c.confidence),
    ),
)
EXEMPT = {
    "anchor.anchor": "what the four `to_...` call, which are in the table",
    "masked.accumulator": "names a dtype, computes nothing",
    "events.is_sway": "NumPy, on the host, after the kernels; tested with events",
    "events.find_jitted": "events.find, compiled",
    "events.split": "NumPy, on the host, after the kernels; tested with events",
    "signals.read_jitted": "signals.read, compiled",
    "descriptors.points_present": "a table of a skeleton, on the host",
    "descriptors.all_part_facts": "turns arrays into plain data, on the host",
    "descriptors.part_facts": "turns arrays into plain data, on the host",
}
TABLE = {primitive.covers: primitive for primitive in PRIMITIVES}


# Clips -------------------------------------------------------------------------------------------


@jax.jit
def _read(motion: Motion, present: Array, length: Array) -> tuple[PyTree, ...]:
    anchored = anchor.anchor(motion, frame="first_heading")
    points_m = anchor.body_points(anchored)
    read = signals.read(anchored, points_m=points_m, present=present, length=length)
    return anchored, points_m, read, events.find(read)


def clip_of(motion: Motion, *, frames: int = FRAMES) -> Clip:
    """A motion of 40 frames, in float32, followed by repetitions of its last frame."""
    rows = np.minimum(np.arange(frames), FRAMES - 1)

    def padded(array: np.ndarray) -> Array:
        return jnp.asarray(np.asarray(array)[rows], jnp.float32)

    points_of = [joints[0] for joints in SMPL_22.points]
    wxyz, place_m = np.float32([0.1, 0.1, 0.985, 0.1]), np.float32([0.5, 1.4, 4.0])
    held = Motion(
        orientations_wxyz=padded(motion.orientations_wxyz),
        positions_m=padded(motion.positions_m),
        times_s=jnp.arange(frames, dtype=jnp.float32) / FPS,
        observed=jnp.asarray((np.arange(frames) < FRAMES) & motion.observed[rows]),
        joints_m=padded(motion.joints_m[:, points_of]),
        camera_orientations_wxyz=jnp.tile(wxyz / np.linalg.norm(wxyz), (frames, 1)),
        camera_positions_m=jnp.tile(place_m, (frames, 1)),
        skeleton=CANONICAL,
    )
    present, length = jnp.ones(len(POINTS), bool), jnp.asarray(FRAMES)
    anchored, points_m, read, records = _read(held, present, length)
    return Clip(
        motion=held,
        anchored=anchored,
        points_m=points_m,
        present=present,
        length=length,
        signals=read,
        records=records,
        keypoints_px=jnp.max(jnp.abs(held.joints_m)) * bent_px(frames)
        + 3 * held.joints_m[:, :17, :2],
        confidence=jnp.full((frames, 17), 0.9, jnp.float32),
    )


def bent_px(frames: int) -> Array:
    """What keeps image points apart: no frame's lie on a line."""
    angle = jnp.arange(17.0)[None, :, None] + 0.1 * jnp.arange(frames)[:, None, None]
    return 2 * jnp.concatenate([jnp.cos(angle), jnp.sin(2 * angle)], axis=-1)


@cache
def walker(*, frames: int = FRAMES) -> Clip:
    """Somebody who sets off on a bend, with one unseen frame."""
    script = synthetic.then(synthetic.arc(0.6, 2.0, speed_mps=1.1), synthetic.stand(1.0))
    motion = synthetic.perform(
        script, jitter_m=0.002, jitter_rad=0.01, start_heading_rad=0.7
    ).motion
    return clip_of(cut(motion, unseen=17), frames=frames)


@cache
def stroller() -> Clip:
    """Somebody who was walking already, swaying."""
    performance = synthetic.perform(synthetic.walk(5.0), cut_s=(1.3, 0.0), start_heading_rad=3.0)
    return clip_of(cut(performance.motion))


@cache
def jumper() -> Clip:
    script = synthetic.then(synthetic.jump(0.35, forward_m=0.3), synthetic.stand(1.0))
    return clip_of(cut(synthetic.perform(script, jitter_m=0.002, start_heading_rad=-2.0).motion))


def cut(motion: Motion, *, unseen: int | None = None) -> Motion:
    return Motion.from_arrays(
        orientations_wxyz=motion.orientations_wxyz[:FRAMES],
        positions_m=motion.positions_m[:FRAMES],
        joints_m=motion.joints_m[:FRAMES],
        times_s=motion.times_s[:FRAMES],
        observed=np.arange(FRAMES) != unseen,
        skeleton=motion.skeleton,
    )


@cache
def resting() -> list[Clip]:
    """Nothing moves: upright, facing away, head down; and all joints in one point at the origin."""
    body = synthetic.perform(synthetic.stand(2.0), gait=None).motion
    still_m = np.repeat(body.joints_m[:1], FRAMES, axis=0)
    still = []
    for quaternion, joints_m in [
        ([1.0, 0, 0, 0], still_m),
        ([0.0, 0, 1, 0], still_m),
        ([0.0, 1, 0, 0], still_m),
        ([1.0, 0, 0, 0], 0 * still_m),
    ]:
        motion = Motion.from_arrays(
            orientations_wxyz=np.tile(np.float32(quaternion), (FRAMES, 1)),
            positions_m=joints_m[:, 0],
            joints_m=joints_m,
            times_s=np.arange(FRAMES) / FPS,
            skeleton=SMPL_22,
        )
        still.append(clip_of(motion))
    return still


MOVING = 3


def clips() -> list[Clip]:
    """Those that move come first."""
    return [walker(), stroller(), jumper(), *resting()]


@cache
def stacked() -> tuple[Clip, Clip]:
    """All clips as one batch: the floats, and the rest."""
    rows = jax.tree.map(lambda *leaves: np.stack(leaves), *clips())
    return eqx.partition(jax.tree.map(jnp.asarray, rows), is_float)


# The contract ------------------------------------------------------------------------------------


def is_float(leaf: Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jnp.inexact)


def assert_same(found: PyTree, expected: PyTree, *, within: float = 1e-4) -> None:
    """Floats to rounding, everything else exactly."""
    leaves, others = jax.tree.leaves(found), jax.tree.leaves(expected)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for place, (leaf, other) in enumerate(zip(leaves, others, strict=True)):
        assert leaf.shape == other.shape
        assert leaf.dtype == other.dtype
        if is_float(leaf):
            name = f"leaf {place}"
            np.testing.assert_allclose(leaf, other, rtol=within, atol=within, err_msg=name)
        else:
            np.testing.assert_array_equal(leaf, other)


@cache
def jitted(covers: str) -> Callable[[Clip], PyTree]:
    return jax.jit(TABLE[covers].call)


@cache
def alone(covers: str, *, frames: int = FRAMES) -> PyTree:
    """The primitive, compiled, of the walker."""
    return jax.device_get(jitted(covers)(walker(frames=frames)))


@cache
def batched(covers: str) -> tuple[PyTree, PyTree]:
    """Results and gradients of a batch: those that move, then those at rest."""

    def loss(floats: Clip, others: Clip) -> tuple[Array, PyTree]:
        out = TABLE[covers].call(eqx.combine(floats, others))
        floats_out = [leaf for leaf in jax.tree.leaves(out) if is_float(leaf)]
        known = (jnp.where(jnp.isnan(leaf), 0, leaf) for leaf in floats_out)  # depth may be unknown
        return sum((jnp.sum(leaf) for leaf in known), jnp.zeros(())), out

    together = jax.jit(jax.vmap(jax.grad(loss, has_aux=True)))
    gradients, results = jax.device_get(together(*stacked()))
    return results, gradients


@pytest.mark.parametrize("covers", [p.covers for p in PRIMITIVES if p.eager])
def test_eager_is_compiled(covers):
    assert_same(jax.device_get(TABLE[covers].call(walker())), alone(covers))


@pytest.mark.parametrize("covers", TABLE)
def test_a_batch_is_a_loop(covers):
    results, _ = batched(covers)
    for row, clip in enumerate(clips()):
        of_row = jax.tree.map(lambda leaf, row=row: leaf[row], results)
        assert_same(of_row, jax.device_get(jitted(covers)(clip)))


@pytest.mark.parametrize("covers", TABLE)
def test_gradients_are_finite_where_nothing_moves(covers):
    _, gradients = batched(covers)
    for leaf in jax.tree.leaves(gradients):
        assert np.isfinite(leaf).all()
    # and there is one where something does
    somewhere = any(np.any(leaf[:MOVING]) for leaf in jax.tree.leaves(gradients))
    assert somewhere != TABLE[covers].flat


@pytest.mark.parametrize("covers", TABLE)
def test_precision_is_kept(covers):
    """float64 stays float64; in float32 sums may be wider, what there is one of a frame may not."""

    def traced(dtype: str) -> list[jax.ShapeDtypeStruct]:
        cast = jax.tree.map(lambda x: x.astype(dtype) if is_float(x) else x, walker())
        return [x for x in jax.tree.leaves(jax.eval_shape(TABLE[covers].call, cast)) if is_float(x)]

    with jax.enable_x64(True):
        assert all(leaf.dtype == jnp.float64 for leaf in traced("float64"))
        for leaf in traced("float32"):
            a_frame = leaf.shape[:1] in [(FRAMES - 1,), (FRAMES,), (FRAMES + 1,)]
            assert leaf.dtype == jnp.float32 or not a_frame


def movements(records: events.EventFrames) -> list[tuple[int, ...]]:
    """What was found, whenever it was noticed: signal, turning points, start, end."""
    where = np.argwhere(np.asarray(records.begin) >= 0)
    fields = [np.asarray(field)[tuple(where.T)] for field in records]
    fields[-1] = np.minimum(fields[-1], FRAMES)
    return sorted(zip(where[:, 1].tolist(), *(field.tolist() for field in fields), strict=True))


@pytest.mark.parametrize("covers", [p.covers for p in PRIMITIVES if p.padded])
def test_what_follows_the_clip_changes_nothing(covers):
    plain, padded = alone(covers), alone(covers, frames=PADDED_FRAMES)
    if isinstance(plain, events.EventFrames):  # a movement may be noticed later, but be no other
        assert len(movements(plain)) > 0
        assert movements(padded) == movements(plain)
        return
    extra = PADDED_FRAMES - FRAMES

    def of_clip(leaf: Array, like: Array) -> Array:
        is_longer = leaf.ndim and leaf.shape[0] == like.shape[0] + extra
        return leaf[: like.shape[0]] if is_longer else leaf

    assert_same(jax.tree.map(of_clip, padded, plain), plain, within=2e-5)


# Manners -----------------------------------------------------------------------------------------

OWN_EXAMPLES = {
    "kinematics.commands": "their examples are those of `--help`, and run in its tests",
    "kinematics.intake": "what the commands share; their tests run it",
    "kinematics.terminal": "what the commands share; their tests run it",
    **dict.fromkeys(
        [
            *("kinematics.curation.describe.people", "kinematics.curation.intake.find"),
            *("kinematics.curation.intake.fingerprint", "kinematics.curation.movement.steps"),
            *("kinematics.curation.picture.draw", "kinematics.curation.records.write"),
            *("kinematics.curation.run.curate_some", "kinematics.curation.verbs.by_spacy"),
        ],
        "the inside of `curate`, whose tests run it",
    ),
    "kinematics.curation.videos": "needs the extra `curation`, with which its tests run",
    "kinematics.output.write_bytes": "`output.whole` shows how it writes",
    "kinematics.readers.archives.holds_arrays": "a yes or no about a file, tested with files",
    "kinematics.readers.border.load": "the bytes of a file, tested with files",
    "kinematics.readers.border.starts": "the first bytes of a file, tested with files",
    "kinematics.readers.c3d": "C3D files cannot be written in an example; its tests write them",
    "kinematics.readers.native.write": "the example of `read` writes its file",
    "kinematics.readers.pickled.storage_of": "the inside of `pickled.load`",
    "kinematics.readers.smpl.model_for": "needs a model file, which its tests make",
    "kinematics.readers.trc.read": "the example of `parse` has a file",
    "kinematics.store.layout.find": "a list of folders, tested with folders",
    "kinematics.store.layout.recognise": "a yes or no about a folder, tested with folders",
    "kinematics.show.view": "needs the extra `view`, with which its tests run",
    "kinematics.movement.batch": "the inside of `measure`, whose examples run it",
    "kinematics.movement.assemble": "the inside of `measure`, whose examples run it",
    "kinematics.facts.read": "the example of `write` reads its file",
    "kinematics.thresholds.fingerprint": "its value changes with the thresholds",
    "kinematics.geometry.kernels.keep_freed_memory": "it has no result; its test sees the effect",
    "kinematics.checks": "the inside of `Motion.from_arrays`, whose example runs it",
    "kinematics.movement.measurement.kernels": "the inside of `measure`, whose examples run it",
}
"""Modules and functions that need no example of their own, and why."""

OPTIONS_OF_COMMANDS = ("kinematics.commands",)
"""Typer reads options off defaults, so commands have positional ones."""


def public(module: object) -> Iterator[tuple[str, Callable]]:
    """The functions and classes that a module defines for others, by full name."""
    for name, value in vars(module).items():
        inner = inspect.unwrap(value) if callable(value) else value
        if name.startswith("_") or not (inspect.isfunction(inner) or inspect.isclass(inner)):
            continue
        if inner.__module__ == module.__name__:
            yield f"{module.__name__}.{name}", inner


def everything() -> dict[str, Callable]:
    names = ["kinematics"]
    names += [m.name for m in pkgutil.walk_packages(kinematics.__path__, "kinematics.")]
    modules = [importlib.import_module(name) for name in names if "__main__" not in name]
    return {name: value for module in modules for name, value in public(module)}


PUBLIC = everything()
FUNCTIONS = {name: value for name, value in PUBLIC.items() if inspect.isfunction(value)}


def test_every_primitive_is_under_contract():
    there = {
        ".".join(name.split(".")[-2:])
        for module in MODULES
        for name, value in public(module)
        if inspect.isfunction(value)
    }
    assert there - set(TABLE) == set(EXEMPT), "add a line to PRIMITIVES, or to EXEMPT with a reason"
    assert set(TABLE) <= there
    assert len(TABLE) == len(PRIMITIVES)


def test_the_walk_finds_what_is_wrapped():
    """Compiled functions and custom derivatives are functions still."""
    names = (
        *("geometry.rotation.atan2", "movement.trajectory.travel", "movement.events.find_jitted"),
        "synthetic.stage.perform",
    )
    assert {f"kinematics.{name}" for name in names} <= set(FUNCTIONS)


def test_options_are_keywords():
    """Data comes first and has no default; what has a default is named by its caller."""
    unnamed = {
        name: [p.name for p in parameters if p.default is not p.empty and p.kind != p.KEYWORD_ONLY]
        for name, function in FUNCTIONS.items()
        if (parameters := inspect.signature(function).parameters.values())
    }
    assert not {
        name: options
        for name, options in unnamed.items()
        if options and not name.startswith(OPTIONS_OF_COMMANDS)
    }


def test_everything_public_says_what_it_is():
    texts = {name: inspect.getdoc(value) or "" for name, value in PUBLIC.items()}
    # a NamedTuple without words of its own gets a list of its fields
    assert not [
        name
        for name, text in texts.items()
        if not text or text.startswith(name.split(".")[-1] + "(")
    ]


def test_every_function_shows_an_example():
    silent = [
        name
        for name, value in FUNCTIONS.items()
        if ">>> " not in inspect.getdoc(value)
        and not re.fullmatch(
            r"kinematics\.readers\.\w+\.recognise", name
        )  # `readers.read` uses them
    ]
    assert not [name for name in silent if not name.startswith(tuple(OWN_EXAMPLES))]
    unneeded = [own for own in OWN_EXAMPLES if not any(name.startswith(own) for name in silent)]
    assert not unneeded, "has examples now: take it off the list"


def test_quantities_are_named_with_their_unit():
    """A parameter that is an angle, a length or a time says in which unit."""
    bare = {"angle", "distance", "duration", "height", "position", "positions", "speed", "times"}
    unclear = {
        name: bare & set(inspect.signature(value).parameters) for name, value in FUNCTIONS.items()
    }
    assert not {name: parameters for name, parameters in unclear.items() if parameters}


def test_gradient_rows_are_those_meant():
    """The clips at rest are at rest, and the walker is not."""
    for clip in resting():
        assert float(jnp.ptp(clip.root_m, axis=0).max()) == 0
    assert math.hypot(*(walker().root_m[-1] - walker().root_m[0])) > 0.5
