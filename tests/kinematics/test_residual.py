"""The affine fit: laws, least squares in float64 as the reference, and sets it cannot fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinematics.geometry import residual

POINTS = 17
SEEDS = st.integers(0, 2**32 - 1)

fit_affine = jax.jit(residual.fit_affine)
fit_weighted = jax.jit(lambda s, t, w: residual.fit_affine(s, t, weights=w))
between_weighted = jax.jit(lambda p, w: residual.between_frames(p, weights=w))


def spread_points(draw: np.random.Generator, *, size_px: float = 4096.0) -> np.ndarray:
    """Points that fill a box somewhere in a 4K image, exact in float32."""
    box_px = draw.uniform(0.05, 1.0) * size_px
    corner_px = draw.uniform(0, size_px - box_px, size=2)
    return (corner_px + draw.uniform(0, box_px, size=(POINTS, 2))).astype(np.float32)


def affine_map(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A turn, a zoom of up to two, some shear, and a shift across the image."""
    angle_rad, shear = draw.uniform(-np.pi, np.pi), draw.uniform(-0.3, 0.3)
    turn = np.array(
        [[np.cos(angle_rad), -np.sin(angle_rad)], [np.sin(angle_rad), np.cos(angle_rad)]]
    )
    zoom = np.diag(draw.uniform(0.5, 2.0, size=2))
    return turn @ zoom @ np.array([[1, shear], [0, 1]]), draw.uniform(-2000, 2000, size=2)


def least_squares(source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Matrix and offset as the rows of (3, 2), by `lstsq` in float64."""
    root = np.sqrt(weights)[:, None]
    design = np.column_stack([source, np.ones(len(source))]).astype(np.float64)
    return np.linalg.lstsq(root * design, root * target.astype(np.float64), rcond=None)[0]


@given(SEEDS)
def test_recovers_a_noise_free_map_in_float32_at_4k(seed):
    draw = np.random.default_rng(seed)
    source, (matrix, offset) = spread_points(draw), affine_map(draw)
    target = (source.astype(np.float64) @ matrix.T + offset).astype(np.float32)
    fit = fit_affine(source, target)
    assert fit.matrix.dtype == jnp.float32
    assert not fit.degenerate
    scale = np.linalg.norm(matrix)
    assert np.abs(fit.matrix - matrix).max() <= 1e-5 * scale
    assert np.abs(fit.offset_px - offset).max() <= 1e-5 * scale * 4096
    assert fit.rms_px <= 1e-5 * np.abs(target).max()


@given(SEEDS)
def test_agrees_with_least_squares_in_float64(seed):
    draw = np.random.default_rng(seed)
    source, (matrix, offset) = spread_points(draw), affine_map(draw)
    noise_px = draw.normal(scale=draw.uniform(0.5, 50), size=source.shape)
    target = (source @ matrix.T + offset + noise_px).astype(np.float32)
    weights = draw.uniform(0.05, 1, size=POINTS).astype(np.float32)
    solution = least_squares(source, target, weights)
    left = np.linalg.norm(np.column_stack([source, np.ones(POINTS)]) @ solution - target, axis=1)
    fit = fit_weighted(source, target, weights)
    np.testing.assert_allclose(fit.matrix, solution[:2].T, atol=2e-5)
    np.testing.assert_allclose(fit.residuals_px, left, atol=5e-3)
    np.testing.assert_allclose(fit.rms_px, np.sqrt(np.average(left**2, weights=weights)), rtol=1e-4)
    np.testing.assert_allclose(fit.mean_px, np.average(left, weights=weights), rtol=1e-4)


@given(SEEDS)
def test_moving_the_source_affinely_leaves_the_residuals_alone(seed):
    draw = np.random.default_rng(seed)
    source, target = spread_points(draw), spread_points(draw)
    matrix, offset = affine_map(draw)
    moved = (source @ matrix.T + offset).astype(np.float32)
    before, after = fit_affine(source, target), fit_affine(moved, target)
    np.testing.assert_allclose(after.residuals_px, before.residuals_px, rtol=1e-3, atol=0.05)


@given(SEEDS)
def test_moving_both_sets_by_one_map_conjugates_the_fit(seed):
    draw = np.random.default_rng(seed)
    source, target = spread_points(draw), spread_points(draw)
    matrix, offset = affine_map(draw)
    before = fit_affine(source, target)
    after = fit_affine(
        *((points @ matrix.T + offset).astype(np.float32) for points in (source, target))
    )
    conjugate = matrix @ np.asarray(before.matrix, np.float64) @ np.linalg.inv(matrix)
    np.testing.assert_allclose(
        after.matrix, conjugate, rtol=1e-3, atol=1e-3 * np.abs(conjugate).max()
    )
    # the misfit itself moves with the map: it lies between its least and its greatest stretch
    least, greatest = np.linalg.svd(matrix, compute_uv=False)[[1, 0]]
    assert np.all(after.residuals_px <= greatest * before.residuals_px * 1.01 + 0.05)
    assert np.all(after.residuals_px >= least * before.residuals_px * 0.99 - 0.05)


@given(SEEDS)
def test_order_missing_points_and_weight_scale_do_not_matter(seed):
    draw = np.random.default_rng(seed)
    source, target = spread_points(draw), spread_points(draw)
    weights = draw.uniform(0.1, 1, size=POINTS).astype(np.float32)
    weights[draw.choice(POINTS, size=6, replace=False)] = 0
    fit = fit_weighted(source, target, weights)
    assert fit.used == POINTS - 6

    order = draw.permutation(POINTS)
    shuffled = fit_weighted(source[order], target[order], weights[order])
    np.testing.assert_allclose(shuffled.matrix, fit.matrix, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(shuffled.residuals_px, fit.residuals_px[order], rtol=1e-3, atol=0.02)

    scaled = fit_weighted(source, target, weights * np.float32(1000))
    np.testing.assert_allclose(scaled.matrix, fit.matrix, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(scaled.rms_px, fit.rms_px, rtol=1e-4)

    missing = weights == 0
    strange = source.copy()
    strange[missing] = draw.choice([np.nan, np.inf, -np.inf, 1e30], size=(6, 1))
    for same in (
        fit_weighted(strange, target, weights),
        fit_weighted(
            source, np.where(missing[:, None], np.nan, target), np.where(missing, 1, weights)
        ),
        fit_weighted(source, target, np.where(missing, np.nan, weights)),
        fit_weighted(source, target, np.where(missing, -1, weights)),
    ):
        for value, expected in zip(same, fit, strict=True):
            np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(np.asarray(fit.residuals_px)[missing], 0)


DEGENERATE = {
    "on a line": np.column_stack([np.linspace(0, 3000, POINTS), np.linspace(100, 1900, POINTS)]),
    "all in one place": np.full((POINTS, 2), 1234.5),
    "one point": np.where(np.arange(POINTS)[:, None] == 3, 700.0, np.nan) * np.ones((1, 2)),
    "two points": np.where(np.arange(POINTS)[:, None] < 2, np.arange(34.0).reshape(17, 2), np.nan),
    "no points": np.full((POINTS, 2), np.nan),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_sets_are_flagged_and_fall_back_to_a_translation(name):
    source = DEGENERATE[name].astype(np.float32)
    target = source + np.float32([30, -40])
    fit = fit_affine(source, target)
    assert fit.degenerate
    np.testing.assert_array_equal(fit.matrix, np.eye(2))
    expected = [0, 0] if name == "no points" else [30, -40]
    np.testing.assert_allclose(fit.offset_px, expected, atol=1e-3)
    np.testing.assert_allclose(fit.residuals_px, 0, atol=1e-3)


@pytest.mark.parametrize("name", [*DEGENERATE, "exact"])
def test_gradients_are_finite_where_the_fit_is_not(name):
    square = np.random.default_rng(0).uniform(0, 100, size=(POINTS, 2))
    source = jnp.array(DEGENERATE.get(name, square), jnp.float32)

    def loss(source, target, weights):
        fit = residual.fit_affine(source, target, weights=weights)
        return (
            fit.matrix.sum()
            + fit.offset_px.sum()
            + fit.residuals_px.sum()
            + fit.rms_px
            + fit.mean_px
        )

    gradients = jax.jit(jax.grad(loss, argnums=(0, 1, 2)))(source, source + 1, jnp.ones(POINTS))
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@given(SEEDS)
def test_gradient_of_the_misfit_agrees_with_differences(seed):
    draw = np.random.default_rng(seed)
    source, target = (draw.uniform(0, 10, size=(6, 2)) for _ in range(2))
    direction = draw.normal(size=(6, 2))
    with jax.enable_x64(True):
        value = [float(misfit(source + step * direction, target)[0]) for step in (1e-6, -1e-6)]
        gradient = np.asarray(misfit(source, target)[1])
    slope = (value[0] - value[1]) / 2e-6
    np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=1e-3, atol=1e-5)


misfit = jax.jit(jax.value_and_grad(lambda s, t: residual.fit_affine(s, t).rms_px))


def track(draw: np.random.Generator, frames: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Points that walk about, and how sure the detector was of each."""
    steps = draw.normal(scale=20, size=(frames, POINTS, 2)).cumsum(axis=0)
    weights = draw.choice([0.0, 0.4, 1.0], p=[0.2, 0.4, 0.4], size=(frames, POINTS))
    return (spread_points(draw) + steps).astype(np.float32), weights.astype(np.float32)


def test_frames_in_a_row_are_fits_of_their_pairs():
    points, weights = track(np.random.default_rng(1))
    fit = between_weighted(points, weights)
    plain = jax.jit(residual.between_frames)(points)
    for i in range(len(points) - 1):
        pair = fit_weighted(points[i], points[i + 1], weights[i] * weights[i + 1])
        for value, expected in zip(fit, pair, strict=True):
            np.testing.assert_allclose(value[i], expected, rtol=1e-3, atol=5e-3)
        unweighted = fit_affine(points[i], points[i + 1])
        np.testing.assert_allclose(plain.rms_px[i], unweighted.rms_px, rtol=1e-4)


@pytest.mark.parametrize("points", [4, 17, residual.WRITTEN_OUT + 1])
def test_many_pairs_are_fitted_as_each_is(points):
    draw = np.random.default_rng(points)
    source, target = draw.uniform(0, 500, size=(2, 2, points, 5)).astype(np.float32)
    source[:, 0, 1], target[:, 1, 2], source[:, :, 3] = np.nan, np.inf, 7
    fits = jax.jit(residual.fit_pairs)(source, target)
    for pair in range(5):
        alone = fit_affine(source[..., pair].T, target[..., pair].T)
        for name, value in fits._asdict().items():
            one = value[:, pair] if name == "residuals_px" else value[pair]
            np.testing.assert_allclose(one, getattr(alone, name), rtol=1e-3, atol=5e-3)
    assert fits.degenerate.tolist() == [False] * 3 + [True, False]
    assert fits.used.tolist() == [points, points - 1, points - 1, points, points]


def test_compiled_batched_and_eager_agree():
    draws = [track(np.random.default_rng(seed)) for seed in range(3)]
    points, weights = (np.stack(arrays) for arrays in zip(*draws, strict=True))
    batched = jax.jit(jax.vmap(lambda p, w: residual.between_frames(p, weights=w)))(points, weights)
    for row in range(3):
        alone = between_weighted(points[row], weights[row])
        eager = residual.between_frames(jnp.asarray(points[row]), weights=jnp.asarray(weights[row]))
        for value, compiled, plain in zip(batched, alone, eager, strict=True):
            np.testing.assert_allclose(value[row], compiled, rtol=1e-4, atol=2e-3)
            np.testing.assert_allclose(plain, compiled, rtol=1e-4, atol=2e-3)


def test_float64_is_kept_and_used():
    draw = np.random.default_rng(2)
    source, (matrix, offset) = spread_points(draw).astype(np.float64), affine_map(draw)
    with jax.enable_x64(True):
        fit = residual.fit_affine(jnp.asarray(source), jnp.asarray(source @ matrix.T + offset))
    assert fit.matrix.dtype == fit.residuals_px.dtype == np.float64
    np.testing.assert_allclose(fit.matrix, matrix, atol=1e-12)


class TestMotionScore:
    """What is left of a track when camera motion is taken out."""

    def walker(self, *, amplitude_px: float) -> np.ndarray:
        """A figure whose points swing, each in its own phase, the camera pans and zooms."""
        draw = np.random.default_rng(3)
        pose, phases = draw.uniform(0, 300, size=(POINTS, 2)), draw.uniform(0, 6, size=(POINTS, 1))
        frames = np.arange(40)[:, None, None]
        own = pose + amplitude_px * np.sin(0.3 * frames + phases)
        return ((1 + 0.01 * frames) * own + 20 * frames).astype(np.float32)

    def test_a_still_person_and_a_moving_camera_score_nothing(self):
        score = residual.motion_score(jnp.asarray(self.walker(amplitude_px=0)), scale_px=300.0)
        assert score.score < 1e-5
        assert score.coverage == 1

    def test_more_motion_scores_more_in_units_of_the_scale(self):
        little, much = (
            residual.motion_score(jnp.asarray(self.walker(amplitude_px=size)), scale_px=300.0).score
            for size in (5, 20)
        )
        assert 3 < much / little < 5
        points = jnp.asarray(self.walker(amplitude_px=20))
        halved = residual.motion_score(points, scale_px=600.0).score
        np.testing.assert_allclose(halved, much / 2, rtol=1e-5)

    def test_pairs_with_three_points_say_nothing(self):
        points = jnp.asarray(self.walker(amplitude_px=20))
        weights = jnp.ones(points.shape[:2]).at[10:20, 3:].set(0)
        score = residual.motion_score(points, scale_px=300.0, weights=weights)
        np.testing.assert_allclose(score.coverage, (39 - 11) / 39, rtol=1e-6)
        sound = np.asarray(between_weighted(points, weights).mean_px)
        np.testing.assert_allclose(
            score.score, np.delete(sound, np.arange(9, 20)).mean() / 300, rtol=1e-5
        )

    def test_nothing_seen_is_no_coverage_not_a_number_out_of_nowhere(self):
        score = residual.motion_score(jnp.full((5, POINTS, 2), jnp.nan), scale_px=1.0)
        assert score == (0, 0)
        alone = residual.motion_score(jnp.ones((1, POINTS, 2)), scale_px=1.0)
        assert alone == (0, 0)
