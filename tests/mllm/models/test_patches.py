"""Vectors of videos: equal to those of the published processor, and in temporal order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllm.local import patches
from mllm.local.patches import Grid

grids = st.builds(Grid, st.sampled_from([4, 8, 16]), st.integers(1, 3), st.integers(1, 3))


@given(grids, st.integers(1, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_every_pixel_occurs_once(
    grid: Grid, frames: int, rows: int, columns: int, seed: int
) -> None:
    side = grid.factor_px
    shape = (frames, rows * side, columns * side, 3)
    pictures = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    packed = patches.pack(pictures, grid)
    assert packed.tokens(grid) == rows * columns
    assert packed.steps == -(-frames // grid.frames)
    extra = packed.steps * grid.frames - frames
    wanted = np.concatenate([pictures, np.repeat(pictures[-1:], extra, axis=0)])
    back = np.rint((packed.values * 0.5 + 0.5) * 255).astype(np.uint8)
    assert np.array_equal(np.sort(back.ravel()), np.sort(wanted.ravel()))


def test_the_first_frame_comes_before_the_second() -> None:
    pictures = np.stack([np.full((16, 16, 3), value, np.uint8) for value in (0, 255, 0, 0)])
    values = patches.pack(pictures, Grid(patch_px=8)).values.reshape(2, 4, 3, 2, 64)
    assert np.all(values[0, :, :, 0] == -1)
    assert np.all(values[0, :, :, 1] == 1)
    assert np.all(values[1] == -1)


def test_patches_are_those_of_the_published_processor(seen) -> None:
    module = pytest.importorskip(
        "transformers.models.qwen2_vl.image_processing_pil_qwen2_vl",
        reason="run `pip install 'kinematics-qa[mllm]'`",
    )
    from PIL import Image

    picture = seen(3, frames=1, height=96, width=64).pictures[0]
    theirs = module.Qwen2VLImageProcessorPil(
        patch_size=16, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_resize=False
    )(Image.fromarray(picture), return_tensors="np")
    ours = patches.pack(np.stack([picture, picture]), Grid(patch_px=16))
    assert theirs["image_grid_thw"].tolist() == [[ours.steps, ours.rows, ours.columns]]
    assert np.abs(theirs["pixel_values"] - ours.values).max() < 1e-6


@given(st.integers(1, 9), st.integers(1, 4))
def test_times_of_steps_are_those_of_their_middle(frames: int, together: int) -> None:
    times_s = np.cumsum(np.arange(1, frames + 1)) / 7
    middles_s = patches.middles_s(times_s, Grid(frames=together))
    assert len(middles_s) == -(-frames // together)
    for step, middle_s in enumerate(middles_s):
        step_s = times_s[step * together : (step + 1) * together]
        assert middle_s == pytest.approx((step_s[0] + step_s[-1]) / 2)


def test_pictures_are_resized_to_the_nearest_multiple(seen) -> None:
    packed = patches.pack(seen(0, frames=2, height=50, width=37).pictures, Grid(patch_px=8))
    assert (packed.rows, packed.columns) == (6, 4)
