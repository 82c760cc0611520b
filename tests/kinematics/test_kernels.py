"""Loops compiled whole are the loops that they stand for; kernels are where they should be."""

import platform
import subprocess
import sys
from functools import partial
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics.geometry import kernels, orientation, rotation


def follow(so_far, row):
    """A step that keeps state of several kinds, as the scans over frames do."""
    level, count = so_far
    value, wanted = row
    higher = wanted & (value > level)
    level = jnp.where(higher, value, 0.5 * level)
    return (level, count + higher.astype(jnp.int32)), level * value


@jax.jit
def ours(start, rows):
    return kernels.scan(follow, start, rows)


@jax.jit
def plain(start, rows):
    return jax.lax.scan(follow, start, rows)


WIDTH = 300
"""Smaller loops the compiler makes into one kernel by itself."""


def clip(seed: int) -> tuple:
    random = np.random.default_rng(seed)
    values = jnp.asarray(random.normal(size=(40, WIDTH)), jnp.float32)
    wanted = jnp.asarray(random.random((40, WIDTH)) < 0.7)
    return (jnp.zeros(WIDTH), jnp.zeros(WIDTH, jnp.int32)), (values, wanted)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_whole_scan_is_a_scan(seed):
    for one, other in zip(
        jax.tree.leaves(ours(*clip(seed))), jax.tree.leaves(plain(*clip(seed))), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-6)
        assert one.dtype == other.dtype


def test_batches_and_gradients_go_through():
    (level, count), rows = clip(1)

    def loss(scan, factor):
        return scan((level, count), (factor * rows[0], rows[1]))[1].sum()

    factors = jnp.array([0.5, 1.0, 2.0])
    for change in (jax.grad, jax.jacfwd):
        slopes = [
            jax.vmap(change(lambda factor, scan=scan: loss(scan, factor)))(factors)
            for scan in (ours, plain)
        ]
        np.testing.assert_allclose(*slopes, rtol=1e-5)
        assert np.all(np.abs(slopes[0]) > 0)


def headings(orientations_wxyz):
    return orientation.heading(orientations_wxyz, jnp.ones(len(orientations_wxyz), bool))


def nested(rows):
    return kernels.scan(lambda sums, row: (kernels.each(jnp.sin, sums + row), row), rows[0], rows)


@pytest.mark.parametrize("run", [headings, nested])
@pytest.mark.parametrize("frames", [3, 40])
def test_a_loop_of_ones_own_may_hold_them(run, frames):
    """Also one over less than a kilobyte, which the compiler makes a kernel by itself."""
    clips = np.random.default_rng(frames).normal(size=(5, frames, 4)).astype(np.float32)
    clips /= np.linalg.norm(clips, axis=-1, keepdims=True)
    compiled = jax.jit(lambda clips: jax.lax.map(run, clips))
    for place, clip in enumerate(clips):
        expected = jax.tree.leaves(jax.jit(run)(clip))
        for one, other in zip(jax.tree.leaves(compiled(clips)), expected, strict=True):
            np.testing.assert_allclose(one[place], other, rtol=1e-5, atol=1e-6)
    text = compiled.lower(clips).compile().as_text()
    if run is headings and jax.default_backend() == "cpu":
        assert (" while(" not in text[text.index("\nENTRY") :]) == (frames == 3)


def test_each_row_is_mapped():
    rows = (jnp.arange(4.0), jnp.arange(4.0) + 1)
    added, product = kernels.each(lambda row: (row[0] + row[1], row[0] * row[1]), rows)
    assert added.tolist() == [1, 3, 5, 7]
    assert product.tolist() == [0, 2, 6, 12]


def steps_called_one_by_one(run) -> bool:
    """Whether the compiled program's own level has the loop, and so a call for every step."""
    text = run.lower(*clip(0)).compile().as_text()
    return " while(" in text[text.index("\nENTRY") :]


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="one kernel is what a CPU is given")
def test_the_compiler_understands_the_mark():
    assert steps_called_one_by_one(plain)
    assert not steps_called_one_by_one(ours)


def test_another_compiler_gets_a_plain_loop(monkeypatch):
    monkeypatch.setattr(kernels, "_TRIED", (0, 0))
    anew = jax.jit(lambda *arrays: kernels.scan(follow, *arrays))
    assert steps_called_one_by_one(anew)
    np.testing.assert_array_equal(anew(*clip(2))[1], plain(*clip(2))[1])


def kernels_of(run) -> int:
    """How many kernels the compiled program calls; costly functions have their own anyway."""
    text = jax.jit(run).lower(jnp.array(2.0), jnp.arange(4.0)).compile().as_text()
    return text[text.index("\nENTRY") :].count(" fusion(")


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other compilers fuse in other ways")
def test_what_is_the_same_for_every_frame_is_a_kernel_of_its_own():
    def turned(turn, rows, *, keep=lambda values: values):
        scale, more = keep((turn * turn + 1, turn * turn * turn))
        return rows * scale + more

    assert kernels_of(turned) == 1
    assert kernels_of(partial(turned, keep=kernels.once)) == 2


def test_gradients_and_batches_go_through_what_is_worked_out_once():
    slopes = jax.vmap(
        jax.grad(lambda turn: jnp.sum(kernels.once((turn**2, turn))[0] * jnp.arange(3.0)))
    )
    assert slopes(jnp.array([1.0, -2.0])).tolist() == [6, -12]


def mixed(values):
    return jnp.stack([jnp.cumsum(values), values * values, rotation.sqrt(values)], axis=-1)


@pytest.mark.parametrize("work", get_args(kernels.Work))
def test_settings_change_no_formula(work):
    values = jnp.linspace(0.1, 9.0, 64)
    np.testing.assert_allclose(
        kernels.jit(mixed, work=work)(values), jax.jit(mixed)(values), rtol=1e-6
    )
    ours = kernels.jit(jax.vmap(jax.grad(lambda x: mixed(x[None]).sum())), work=work)
    np.testing.assert_allclose(ours(values), 1 + 2 * values + 0.5 / np.sqrt(values), rtol=1e-6)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="settings for a CPU's vectors")
@pytest.mark.parametrize("work", get_args(kernels.Work))
def test_a_processor_without_wide_vectors_is_no_obstacle(work, monkeypatch):
    narrow = {**kernels._SETTINGS[work], "xla_cpu_max_isa": "AVX2"}
    monkeypatch.setitem(kernels._SETTINGS, work, narrow)
    values = jnp.linspace(0.1, 9.0, 64)
    np.testing.assert_allclose(kernels.jit(mixed, work=work)(values), mixed(values), rtol=1e-6)


def test_another_compiler_is_told_nothing(monkeypatch):
    monkeypatch.setitem(kernels._SETTINGS, "loops", {"xla_no_such_setting": True})
    if jax.default_backend() == "cpu":
        with pytest.raises(jax.errors.JaxRuntimeError, match="xla_no_such_setting"):
            kernels.jit(jnp.negative, work="loops")(jnp.ones(2))
    for name, value in (("_TRIED", (0, 0)), ("jax.default_backend", lambda: "gpu")):
        with monkeypatch.context() as other:
            other.setattr(f"kinematics.geometry.kernels.{name}", value)
            assert kernels.jit(jnp.negative, work="loops")(jnp.ones(2)).tolist() == [-1, -1]


@settings(max_examples=20, deadline=None)
@given(
    shape=st.lists(st.integers(0, 5), max_size=3), count=st.integers(1, 5), seed=st.integers(0, 99)
)
def test_interleaved_components_are_a_stack(shape, count, seed):
    random = np.random.default_rng(seed)
    components = [jnp.asarray(random.normal(size=shape), jnp.float32) for _ in range(count)]
    found = kernels.interleaved(*components)
    np.testing.assert_array_equal(found, jnp.stack(components, axis=-1))
    assert found.dtype == jnp.float32


def test_interleaved_components_keep_their_gradients_apart():
    x, weights = jnp.arange(1.0, 4.0), jnp.array([[1.0, 3.0, 10.0]])

    def loss(x):
        return (kernels.interleaved(x, jnp.sqrt(x), x * x) * weights).sum()

    np.testing.assert_allclose(jax.grad(loss)(x), 1 + 1.5 / jnp.sqrt(x) + 20 * x, rtol=1e-6)


FAULTS = """
import resource, sys
import numpy as np
from kinematics.geometry import kernels

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1] == "kept":
    kernels.keep_freed_memory()
def batch():
    arrays = [np.ones(250_000) for _ in range(8)]
for _ in range(3):
    batch()
before = faults()
for _ in range(10):
    batch()
print((faults() - before) / 10)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how glibc keeps memory")
def test_freed_memory_is_used_again():
    pages = {
        how: float(subprocess.check_output([sys.executable, "-c", FAULTS, how], text=True))
        for how in ("kept", "as usual")
    }
    assert pages["as usual"] > 1000
    assert pages["kept"] < 100
