"""What belongs together stays together, wherever the names say so."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qagen.dataset import splits
from qagen.dataset.splits import SPLITS, Groups, Key

KEYS = st.lists(
    st.lists(st.integers(0, 15).map(lambda n: Key(n % 3, f"key {n}")), min_size=1, max_size=3),
    min_size=1,
    max_size=15,
)
SIZES = st.dictionaries(st.text(max_size=5), st.integers(1, 50), min_size=1, max_size=40)


def connected(keys: list[list[Key]]) -> list[set[int]]:
    """The groups by the book: merge until nothing changes."""
    parts = [({i}, set(one)) for i, one in enumerate(keys)]
    merged = True
    while merged:
        merged = False
        for i, (clips, own) in enumerate(parts):
            for other in parts[i + 1 :]:
                if own & other[1]:
                    clips |= other[0]
                    own |= other[1]
                    parts.remove(other)
                    merged = True
                    break
    return [clips for clips, _ in parts]


@given(KEYS)
def test_clips_that_are_connected_are_one_group(keys: list[list[Key]]) -> None:
    groups = Groups()
    for i, one in enumerate(keys):
        groups.add(str(i), keys=one)
    for part in connected(keys):
        names = {groups.of(str(i)) for i in part}
        least = min(key for i in part for key in keys[i])
        assert names == {least.name}


@given(KEYS, st.randoms())
def test_groups_do_not_depend_on_the_order(keys: list[list[Key]], random: object) -> None:
    found = []
    for shuffle in (False, True):
        order = list(range(len(keys)))
        if shuffle:
            random.shuffle(order)  # type: ignore[attr-defined]
        groups = Groups()
        for i in order:
            groups.add(str(i), keys=keys[i])
        found.append([groups.of(str(i)) for i in range(len(keys))])
    assert found[0] == found[1]


@given(SIZES, st.floats(0, 0.45), st.floats(0, 0.45), st.integers(0, 9))
def test_sides_are_not_larger_than_asked(
    sizes: dict[str, int], val: float, test: float, seed: int
) -> None:
    sides = splits.assign(sizes, val=val, test=test, seed=seed)
    assert set(sides) == set(sizes)
    held = Counter[str]()
    for group, side in sides.items():
        held[side] += sizes[group]
    total = sum(sizes.values())
    assert held["val"] <= max(1, round(val * total)) * (val > 0)
    assert held["test"] <= max(1, round(test * total)) * (test > 0)
    assert sides == splits.assign(dict(reversed(sizes.items())), val=val, test=test, seed=seed)


def test_sides_are_filled_and_seeds_differ() -> None:
    sizes = {f"take {i}": 1 for i in range(100)}
    sides = [splits.assign(sizes, val=0.1, test=0.2, seed=seed) for seed in (0, 1)]
    for one in sides:
        assert [list(one.values()).count(split) for split in SPLITS] == [70, 10, 20]
    assert sides[0] != sides[1]


def test_few_clips_are_on_all_sides_that_are_asked_for() -> None:
    three = dict.fromkeys("abc", 1)
    assert set(splits.assign(three, val=0.1, test=0.1, seed=0).values()) == set(SPLITS)
    assert set(splits.assign(three, val=0.0, test=0.1, seed=0).values()) == {"train", "test"}
    assert set(splits.assign({"a": 1, "b": 1}, val=0.1, test=0.1, seed=0).values()) == {"train"}


def test_a_further_group_moves_few_others() -> None:
    sizes = {f"take {i}": 1 for i in range(200)}
    before = splits.assign(sizes, val=0.1, test=0.1, seed=0)
    after = splits.assign(sizes | {"new": 1}, val=0.1, test=0.1, seed=0)
    assert sum(before[group] != after[group] for group in sizes) <= 2


@pytest.mark.parametrize(
    ("source", "take", "expected_take", "subject"),
    [
        ("S11/walk.54138969.npz", "walk.54138969", "S11/walk.54138969", "S11"),
        ("seq1/cam01/smpl.npz", "smpl", "seq1/smpl", ""),
        ("seq1/camera_02/smpl.npz", "smpl", "seq1/smpl", ""),
        ("dance_cam3.npz", "dance_cam3", "dance", ""),
        ("02/02_01.bvh", "02_01", "02/02_01", "02/02"),
        ("emdb/P0/09_outdoor_walk.pkl", "09_outdoor_walk", "emdb/P0/09_outdoor_walk", "emdb/P0"),
        ("trial.npz", "subject07_trial2", "subject07_trial2", "07"),
        ("view_1/camcorder.npz", "camcorder", "camcorder", ""),
        ("stop2.npz", "stop2", "stop2", ""),
        ("", "", "clip", ""),
    ],
)  # fmt: skip
def test_names_tell_take_and_subject(
    source: str, take: str, expected_take: str, subject: str
) -> None:
    found = splits.identify(clip="clip", take=take, source=source)
    assert (found.take, found.subject) == (expected_take, subject)


def test_tables_say_everything_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("clip,person,group\na,0,x\n,1,y\na,0,z\nb,first,x\n")
    with pytest.raises(ValueError, match=r"groups\.csv") as caught:
        splits.read_table(path, column="group")
    for part in ("line 3 names no clip", "a#0 has both 'x' and 'z'", "'first' is no number"):
        assert part in str(caught.value)
    path.write_text("name,group\na,x\n")
    with pytest.raises(ValueError, match="no column clip among name, group"):
        splits.read_table(path, column="group")


def test_tables_know_people(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text('clip,person,descriptor\na,0,"the man, in blue"\na,1,the woman\nb,,x\n')
    assert splits.read_table(path, column="descriptor") == {
        "a#0": "the man, in blue", "a#1": "the woman", "b": "x",
    }  # fmt: skip
