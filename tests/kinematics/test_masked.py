"""Reductions that leave out the unseen: agreement with NumPy, empty masks, long sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinematics.geometry import masked

FRAMES = 64
SEEDS = st.integers(0, 10_000)
SHARES = st.floats(0, 1)

TOTAL, MEAN, MAXIMUM, MINIMUM = map(
    jax.jit, (masked.total, masked.mean, masked.maximum, masked.minimum)
)
QUANTILE = jax.jit(masked.quantile, static_argnames=("share", "steps"))


def drawn(seed: int, seen_share: float) -> tuple[np.ndarray, np.ndarray]:
    """Random rows and which of them count; the others hold what must never come through."""
    random = np.random.default_rng(seed)
    seen = random.random(FRAMES) < seen_share
    values = random.normal(size=(FRAMES, 3)).astype(np.float32)
    values[~seen] = random.choice([np.nan, np.inf, -np.inf, 1e30], size=(int((~seen).sum()), 3))
    return values, seen


@given(seed=SEEDS, seen_share=SHARES)
def test_only_what_was_seen_counts(seed, seen_share):
    values, seen = drawn(seed, seen_share)
    kept = values[seen].astype(float)
    arrays = (jnp.asarray(values), jnp.asarray(seen))
    close = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(TOTAL(*arrays), kept.sum(axis=0), **close)
    if len(kept):
        np.testing.assert_allclose(MEAN(*arrays), kept.mean(axis=0), **close)
        np.testing.assert_array_equal(MAXIMUM(*arrays), kept.max(axis=0).astype(np.float32))
        np.testing.assert_array_equal(MINIMUM(*arrays), kept.min(axis=0).astype(np.float32))


@given(seed=SEEDS, seen_share=st.floats(0.1, 1), share=st.sampled_from([0.1, 0.5, 0.75]))
def test_a_quantile_is_the_level_below_which_its_share_lies(seed, seen_share, share):
    values, seen = drawn(seed, seen_share)
    seen[0], values[0] = True, 0.5
    kept = np.sort(values[seen, 0].astype(float))
    level = float(QUANTILE(jnp.asarray(values[:, 0]), jnp.asarray(seen), share=share))
    exact = kept[max(int(np.ceil(share * len(kept) - 1e-5)) - 1, 0)]  # the first that is enough
    resolution = np.ptp(kept) / 2**18
    assert exact - 1e-6 <= level <= exact + resolution + 1e-6


@pytest.mark.parametrize("steps", [4, 10])
def test_a_quantile_is_as_fine_as_its_halvings(steps):
    values = jnp.asarray(np.random.default_rng(0).permutation(FRAMES), jnp.float32)
    level = float(QUANTILE(values, jnp.ones(FRAMES, bool), share=0.5, steps=steps))
    assert 0 <= level - 31 <= 63 / 2**steps


def test_where_nothing_was_seen_the_answer_is_the_one_asked_for():
    values, nothing = jnp.full((FRAMES, 2), jnp.nan), jnp.zeros(FRAMES, bool)
    for reduce in (TOTAL, MEAN, MAXIMUM, MINIMUM):
        assert reduce(values, nothing).tolist() == [0, 0]
    assert float(QUANTILE(values[:, 0], nothing, share=0.5)) == 0
    assert masked.maximum(values, nothing, empty=-7.0).tolist() == [-7, -7]
    assert masked.minimum(values, nothing, empty=7.0).tolist() == [7, 7]


@pytest.mark.parametrize("wide", [False, True])
def test_long_sums_stay_accurate(wide):
    """A million float32 terms: within n * 6e-8 of their magnitudes, exact where float64 exists."""
    count = 1_000_000
    values = np.random.default_rng(4).uniform(0.5, 1.5, count).astype(np.float32)
    exact = values.astype(np.float64).sum()
    with jax.enable_x64(wide):
        total = TOTAL(jnp.asarray(values), jnp.ones(count, bool))
        assert total.dtype == masked.accumulator() == (jnp.float64 if wide else jnp.float32)
        assert abs(float(total) - exact) <= (1e-12 * exact if wide else count * 6e-8 * exact)
        mean = MEAN(jnp.asarray(values), jnp.ones(count, bool))
        assert float(mean) == pytest.approx(exact / count, rel=1e-12 if wide else 1e-4)


def test_what_follows_a_clip_does_not_touch_its_sum():
    """In float64 the same number to the last bit, however much padding there is."""
    values = np.random.default_rng(5).normal(size=FRAMES).astype(np.float32)
    with jax.enable_x64(True):
        sums = {
            float(
                TOTAL(jnp.asarray(np.pad(values, (0, extra))), jnp.arange(FRAMES + extra) < FRAMES)
            )
            for extra in (0, 17, 448)
        }
    assert max(sums) - min(sums) < 1e-14


@pytest.mark.parametrize("reduce", [masked.total, masked.mean, masked.maximum, masked.minimum])
def test_no_gradient_leaks_into_what_was_not_seen(reduce):
    values = jnp.asarray(np.random.default_rng(6).normal(size=FRAMES), jnp.float32)
    seen = jnp.arange(FRAMES) % 3 > 0
    gradient = np.asarray(jax.jit(jax.grad(reduce))(values, seen))
    assert np.isfinite(gradient).all()
    assert (gradient[~np.asarray(seen)] == 0).all()
    assert gradient.sum() == pytest.approx(int(seen.sum()) if reduce is masked.total else 1)
    at_nothing = jax.jit(jax.grad(reduce))(values, jnp.zeros(FRAMES, bool))
    assert at_nothing.tolist() == [0] * FRAMES
