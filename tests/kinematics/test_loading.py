"""Motions by any name: what `measure` and `measure_all` take, and what they refuse."""

from pathlib import Path

import numpy as np
import pytest

import kinematics
from kinematics import Motion, loading, store, synthetic


def walk(clip: str, *, metres: float = 2.0, person: int = 0) -> Motion:
    script = synthetic.walk(metres)
    motion = synthetic.perform(script, fps=10.0, joints=False, clip=clip).motion
    return motion.renamed(person=person)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files in folders, a store of two clips, an array that is no motion, and some text."""
    walk("a").save(tmp_path / "a.npz")
    (tmp_path / "inner").mkdir()
    walk("b").save(tmp_path / "inner" / "b.npz")
    store.write([walk("c"), walk("d")], tmp_path / "packed")
    return tmp_path


def names(given: object) -> list[str]:
    return [motion.source.clip for motion in loading.motions(given)]


def test_motions_files_folders_and_stores_are_taken_in_their_order(folder: Path) -> None:
    assert names([walk("x"), folder / "inner", str(folder / "a.npz")]) == ["x", "b", "a"]
    assert names(folder / "packed") == ["c", "d"]
    assert names(str(folder)) == ["a", "b", "c", "d"]
    assert names(walk("x")) == ["x"]
    assert names([]) == []


def test_motions_are_read_one_at_a_time(folder: Path) -> None:
    taken = loading.motions([folder / "a.npz", folder / "no such file.npz"])
    assert next(taken).source.clip == "a"
    with pytest.raises(FileNotFoundError, match="no such file"):
        next(taken)


def test_files_of_a_folder_that_hold_no_motion_are_left_out_with_a_warning(folder: Path) -> None:
    np.save(folder / "weights.npy", np.zeros((3, 4)))
    with pytest.warns(UserWarning, match="1 files hold no motion"):
        assert names(folder) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="weights"):  # one that is named has to hold one
        names([folder / "weights.npy"])


def test_damaged_files_of_a_folder_are_not_left_out(folder: Path) -> None:
    path = folder / "a.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"a\.npz"):
        names(folder)


def test_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no motion file or store in"):
        names(tmp_path)


def test_a_motion_is_measured_by_any_of_its_names(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    walk("a").save(path)
    whole = kinematics.measure(kinematics.read(path))
    assert whole.clip == "a"
    assert whole.events_on("forward")[0].amount == pytest.approx(2.0, abs=0.1)
    assert kinematics.measure(path) == whole
    assert kinematics.measure(str(path)) == whole
    assert kinematics.measure(kinematics.read(path)[0]) == whole
    assert list(kinematics.measure_all([str(path), *kinematics.read(path)])) == [whole, whole]
    assert list(kinematics.measure_all(path)) == [whole]


def test_measure_takes_one_motion_only() -> None:
    crowd = [walk("crowd", person=person) for person in range(6)]
    with pytest.raises(ValueError, match=r"^6 motions \(crowd, .*; \.\.\.\).*measure_all"):
        kinematics.measure(crowd)
    with pytest.raises(ValueError, match="no motion, expected 1"):
        kinematics.measure([])
