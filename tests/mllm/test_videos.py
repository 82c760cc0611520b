"""Videos are found by their clips, and never outside of their folder."""

from pathlib import Path

import pytest

from mllm import videos


def test_a_person_has_their_own_video_or_that_of_the_clip(tmp_path: Path) -> None:
    for name in ("walk.mp4", "walk_person1.mp4", "a_b.webm"):
        (tmp_path / name).touch()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.mp4").touch()
    people = [("walk", 0), ("walk", 1), ("walk", 2), ("a/b", 0), ("deep/c", 0)]
    found = videos.find(tmp_path, people)
    assert {who: path.relative_to(tmp_path).as_posix() for who, path in found.items()} == {
        ("walk", 0): "walk.mp4",
        ("walk", 1): "walk_person1.mp4",
        ("walk", 2): "walk.mp4",
        ("a/b", 0): "a_b.webm",
        ("deep/c", 0): "deep/c.mp4",
    }


def test_names_lead_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    (tmp_path / "secret.mp4").touch()
    for clip in ("../secret", str(tmp_path / "secret")):
        with pytest.raises(ValueError, match="no video of 1 of 1 clips"):
            videos.find(folder, [(clip, 0)])


def test_many_missing_ones_are_counted_and_few_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"25 of 25 clips: c00, .*, c09 and 15 more; .*c00.mp4"):
        videos.find(tmp_path, [(f"c{number:02}", 0) for number in range(25)])
