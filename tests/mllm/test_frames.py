"""Frames are chosen by their own times: spread evenly or at a rate, without doubles."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllm import frames
from mllm.frames import Sampling, Stretch
from mllm.render import video

steps = st.lists(st.integers(1, 40), min_size=0, max_size=60)
rates = st.none() | st.floats(0.1, 60.0)


def write(path: Path, ticks: list[int], *, edge: int = 32, bframes: int = 2) -> None:
    """A video of one grey after another at these multiples of 10 ms."""
    av = video.require()
    with av.open(str(path), "w", format="mp4") as container:
        options = {"x264-params": f"bframes={bframes}", "crf": "1"}
        stream = container.add_stream("libx264", rate=100, options=options)
        stream.width, stream.height, stream.pix_fmt = edge, edge, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        for number, tick in enumerate(ticks):
            picture = np.full((edge, edge, 3), (20 + 10 * number) % 250, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@given(steps, st.integers(1, 80), rates)
def test_chosen_frames_are_ascending_different_and_not_too_many(
    gaps: list[int], most: int, fps: float | None
) -> None:
    times_s = np.cumsum([0, *gaps]) / 30
    duration_s = float(times_s[-1] + 1 / 30)
    places = frames.choose(times_s, duration_s, Sampling(max_frames=most, fps=fps))
    assert 1 <= len(places) <= most
    assert (np.diff(places) > 0).all()
    assert 0 <= places[0] <= places[-1] < len(times_s)


@given(st.integers(1, 300), st.integers(1, 80))
def test_even_frames_are_spread_evenly_and_symmetrically(count: int, most: int) -> None:
    places = frames.choose(np.arange(count) / 25, count / 25, Sampling(max_frames=most))
    assert len(places) == min(count, most)
    assert np.ptp(np.diff(places)) <= 1 if len(places) > 1 else True
    middle = (places + 0.5).mean() / count
    assert abs(middle - 0.5) < 0.51 / len(places)


@given(st.floats(0.5, 30.0), st.integers(2, 400))
def test_at_a_rate_each_tick_shows_the_latest_frame(fps: float, count: int) -> None:
    times_s = np.arange(count) / 30
    places = frames.choose(times_s, count / 30, Sampling(max_frames=4096, fps=fps))
    ticks = np.arange(int(np.ceil(count / 30 * fps - 1e-9))) / fps
    latest = [int(np.flatnonzero(times_s <= tick + 1e-9)[-1]) for tick in ticks]
    assert places.tolist() == sorted(set(latest))


def test_uneven_times_come_from_the_file_and_gaps_stay(tmp_path: Path) -> None:
    ticks = [0, 4, 8, 100, 104, 108, 112, 400]
    write(tmp_path / "uneven.mp4", ticks)
    seen = frames.sample(tmp_path / "uneven.mp4", Sampling(max_frames=99))
    assert seen.times_s.tolist() == [tick / 100 for tick in ticks]
    assert np.abs(seen.pictures.mean(axis=(1, 2, 3)) - 20 - 10 * np.arange(8)).max() < 4
    few = frames.sample(tmp_path / "uneven.mp4", Sampling(max_frames=2))
    assert few.times_s.tolist() == [1.0, 1.12]  # what is shown after 1 s and 3 s
    assert np.abs(few.pictures.mean(axis=(1, 2, 3)) - [50, 80]).max() < 4


@pytest.mark.parametrize("edge", [32, 64])
def test_pictures_are_shrunk_and_never_enlarged(tmp_path: Path, edge: int) -> None:
    write(tmp_path / "grey.mp4", [0, 1, 2], edge=edge)
    seen = frames.sample(tmp_path / "grey.mp4", Sampling(max_pixels=40 * 40))
    assert seen.pictures.shape[1:] == (min(edge, 40), min(edge, 40), 3)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(16, 10**6))
def test_fitted_pictures_keep_their_shape(width: int, height: int, most: int) -> None:
    wide, high = frames.fitted(width, height, max_pixels=most)
    assert 1 <= wide <= width
    assert 1 <= high <= height
    assert wide * high <= max(most, 1)
    if min(wide, high) > 20:
        assert abs(wide / high / (width / height) - 1) < 0.06


def test_the_same_file_gives_the_same_pictures(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", list(range(0, 60, 3)))
    one, two = (frames.sample(tmp_path / "a.mp4", Sampling(max_frames=7)) for _ in range(2))
    assert one.pictures.tobytes() == two.pictures.tobytes()


def test_a_stretch_is_seen_as_if_it_were_the_video(tmp_path: Path) -> None:
    """Ten frames a second, the last for 10 ms; the frame of 0.5 s is still shown at 0.55 s."""
    path = tmp_path / "long.mp4"
    write(path, [10 * number for number in range(20)])
    seen = frames.sample(path, Sampling(max_frames=99), Stretch(0.55, 1.25))
    greys = seen.pictures.mean(axis=(1, 2, 3))
    assert np.abs(greys - [20 + 10 * number for number in range(5, 13)]).max() < 4
    np.testing.assert_allclose(seen.times_s, [0.0, *np.arange(0.05, 0.66, 0.1)])
    assert seen.duration_s == pytest.approx(0.7)
    few = frames.sample(path, Sampling(max_frames=2), Stretch(1.0, 9.0))
    assert few.times_s.tolist() == pytest.approx([0.2, 0.6])  # at 1/4 and 3/4 of what is there
    assert few.duration_s == pytest.approx(0.91)
    with pytest.raises(ValueError, match=r"lasts 1\.91 s; expected frames from 3 to 4 s"):
        frames.sample(path, Sampling(), Stretch(3.0, 4.0))


def test_broken_files_are_named(tmp_path: Path) -> None:
    write(tmp_path / "whole.mp4", list(range(50)), edge=64)
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "text.mp4").write_text("no video at all" * 50)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    noisy = bytearray(whole)
    start = whole.index(b"mdat") + 4
    end = whole.index(b"moov") - 4 if whole.index(b"moov") > start else len(whole)
    noisy[start:end] = bytes(end - start)
    (tmp_path / "noisy.mp4").write_bytes(noisy)
    for name in ("text", "empty", "cut", "noisy", "missing"):
        path = tmp_path / f"{name}.mp4"
        with pytest.raises(ValueError, match=f"{name}.mp4"):
            frames.sample(path, Sampling())


def test_frames_that_are_listed_and_not_decoded_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    write(path, list(range(8)))
    with video.require().open(str(path)) as container:
        never = np.array([0, 10**9], dtype=np.int64)
        with pytest.raises(ValueError, match=r"short.mp4: 1 of 2 frames cannot be decoded"):
            frames._decoded(container, never, Sampling(), path)


def test_settings_that_make_no_sense_are_all_named() -> None:
    with pytest.raises(ValueError, match=r"max frames: 0; .*; fps: 0; .*; max pixels: 0;"):
        Sampling(max_frames=0, fps=0.0, max_pixels=0)
