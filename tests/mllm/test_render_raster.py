"""Rounded cones against rows of balls, and the floor against single rays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllm.render.camera import Lens, looking
from mllm.render.ground import HORIZON_M, ground, surroundings
from mllm.render.raster import Hits, hits
from mllm.render.solids import Solids

LENS = Lens(40, 42.0)
SEEDS = st.integers(0, 10_000)


def some(seed: int, *, count: int = 4, along_view: bool = False) -> Solids:
    draw = np.random.default_rng(seed)
    starts = draw.uniform([-0.8, -0.8, 3.0], [0.8, 0.8, 4.0], (count, 3))
    ends = starts + draw.normal(size=(count, 3)) * [0.2, 0.2, 0.8]
    if along_view:
        ends = starts * (1 + draw.uniform(-0.2, 0.2, (count, 1)))
    radii = draw.uniform(0.03, 0.25, count)
    lengths = np.linalg.norm(ends - starts, axis=1)
    widened = np.maximum(radii + draw.uniform(-0.7, 0.7, count) * lengths, 0.01)
    colours = np.ones((count, 3))
    return Solids(starts, ends, radii, widened, colours, colours, np.ones(count, int))


def depths(seen: Hits) -> np.ndarray:
    picture = np.full(LENS.size_px**2, np.inf)
    picture[seen.pixels] = seen.depths_m
    return picture.reshape(LENS.size_px, -1)


def balls(solids: Solids, *, count: int = 300) -> np.ndarray:
    """Depths of a row of many balls, which approximates a rounded cone."""
    offsets = (np.arange(LENS.size_px) - LENS.centre_px) / LENS.focal_px
    x, y = np.meshgrid(offsets, offsets)
    picture = np.full(x.shape, np.inf)
    for share in np.linspace(0, 1, count):
        centres = (1 - share) * solids.starts_m + share * solids.ends_m
        radii = (1 - share) * solids.start_radii_m + share * solids.end_radii_m
        for centre, radius in zip(centres, radii, strict=True):
            toward = centre[0] * x + centre[1] * y + centre[2]
            squared = 1 + x * x + y * y
            root = toward**2 - squared * (centre @ centre - radius**2)
            depth = (toward - np.sqrt(np.maximum(root, 0))) / squared
            picture = np.where(root >= 0, np.minimum(picture, depth), picture)
    return picture


@given(seed=SEEDS, along_view=st.booleans())
@settings(max_examples=15)
def test_a_rounded_cone_is_a_row_of_many_balls(seed: int, along_view: bool) -> None:
    solids = some(seed, along_view=along_view)
    ours, theirs = depths(hits(solids, LENS)), balls(solids)
    assert (np.isfinite(ours) != np.isfinite(theirs)).sum() <= 2  # outlines, up to rounding
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.sum() > 10
    # the row of balls has grooves, so it is slightly deeper
    np.testing.assert_allclose(ours[both], theirs[both], atol=5e-3)
    assert np.abs(ours[both] - theirs[both]).mean() < 2e-4


@given(seed=SEEDS)
@settings(max_examples=25)
def test_order_and_direction_of_solids_change_nothing(seed: int) -> None:
    solids = some(seed)
    turned = solids._replace(
        starts_m=solids.ends_m[::-1],
        ends_m=solids.starts_m[::-1],
        start_radii_m=solids.end_radii_m[::-1],
        end_radii_m=solids.start_radii_m[::-1],
    )
    first, second = depths(hits(solids, LENS)), depths(hits(turned, LENS))
    assert (np.isfinite(first) != np.isfinite(second)).sum() <= 2
    both = np.isfinite(first) & np.isfinite(second)
    np.testing.assert_allclose(first[both], second[both], atol=2e-3)


@given(seed=SEEDS)
@settings(max_examples=25)
def test_normals_are_those_of_the_ball_that_touches(seed: int) -> None:
    solids = some(seed)
    seen = hits(solids, LENS)
    share = seen.along[:, None]
    starts, ends = solids.starts_m[seen.solids], solids.ends_m[seen.solids]
    centres = (1 - share) * starts + share * ends
    radii = (1 - seen.along) * solids.start_radii_m[seen.solids]
    radii += seen.along * solids.end_radii_m[seen.solids]
    away = (seen.rays * seen.depths_m).T - centres
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), radii, atol=2e-3)
    outward = away / radii[:, None]
    assert ((outward * seen.normals.T).sum(axis=1) > 0.99).all()
    assert (np.diff(seen.pixels) > 0).all()


def test_solids_behind_or_beside_the_camera_are_invisible() -> None:
    solids = some(1)
    behind = solids._replace(starts_m=-solids.starts_m, ends_m=-solids.ends_m)
    beside = solids._replace(starts_m=solids.starts_m + 9, ends_m=solids.ends_m + 9)
    assert len(hits(behind, LENS).pixels) == 0
    assert len(hits(beside._replace(starts_m=beside.starts_m * [1, 1, 0.3]), LENS).pixels) == 0


@given(
    height_m=st.floats(0.5, 3.0),
    aim=st.tuples(st.floats(-4, 4), st.floats(-0.5, 1.5), st.floats(-4, 4)),
    roll_rad=st.floats(-0.3, 0.3),
)
@settings(max_examples=25)
def test_the_floor_lies_where_the_rays_meet_it(
    height_m: float, aim: tuple[float, float, float], roll_rad: float
) -> None:
    camera_m = np.array([1.0, height_m, -9.0])
    poses = looking(camera_m[None], np.array([aim]), rolls_rad=np.array([roll_rad]))
    seen = ground(SURROUNDINGS, LENS, camera_m, poses.world_from_camera[0])
    for row in range(seen.floor_from_row, LENS.size_px, 7):
        for column in range(0, LENS.size_px, 9):
            ray = np.array([column - LENS.centre_px, row - LENS.centre_px, LENS.focal_px])
            ahead = poses.world_from_camera[0] @ ray
            if ahead[1] < 0 and -height_m * LENS.focal_px / ahead[1] < 0.2 * HORIZON_M:
                met_m = camera_m - ahead * height_m / ahead[1]
                pixel = row - seen.floor_from_row, column
                floor_m = [seen.x_m[pixel], seen.z_m[pixel]]
                np.testing.assert_allclose(floor_m, met_m[[0, 2]], rtol=2e-4, atol=2e-3)


SURROUNDINGS = surroundings(np.random.default_rng(5))


@pytest.mark.parametrize("rise", [-8.0, 8.0])
def test_a_camera_that_looks_up_or_down_sees_only_sky_or_floor(rise: float) -> None:
    camera_m = np.array([0.0, 1.5, 0.0])
    pose = looking(camera_m[None], np.array([[0.0, 1.5 + rise, 4.0]])).world_from_camera[0]
    seen = ground(SURROUNDINGS, LENS, camera_m, pose)
    assert seen.floor_from_row == (0 if rise < 0 else LENS.size_px)


@given(seed=SEEDS)
@settings(max_examples=15)
def test_a_pixel_represents_its_square_only_if_a_single_solid_fills_it(seed: int) -> None:
    solids = some(seed)
    every, spared = hits(solids, LENS), hits(solids, LENS, in_squares=True)
    assert spared.weights.sum() == len(every.pixels)
    owners = np.full((LENS.size_px, LENS.size_px), -1)
    owners.reshape(-1)[every.pixels] = every.solids
    for pixel, solid, weight in zip(spared.pixels, spared.solids, spared.weights, strict=True):
        row, column = divmod(int(pixel), LENS.size_px)
        square = owners[row // 2 * 2 :, column // 2 * 2 :][:2, :2]
        assert weight == (4 if (square == solid).all() else 1)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    solids = some(3, count=9)
    at_once = hits(solids, LENS)
    monkeypatch.setattr("mllm.render.raster.CHUNK", 50)
    for whole, chunked in zip(at_once, hits(solids, LENS), strict=True):
        np.testing.assert_array_equal(whole, chunked)
