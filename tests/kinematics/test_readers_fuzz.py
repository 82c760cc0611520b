"""Damaged files of every format are read correctly or refused with a `ValueError` that names them.

`benchmarks/readers_fuzz.py` defines the damage and the checks, and runs thousands of them.
"""

import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from _mutations import KINDS, Edit, drawn, mutated
from _samples import KEYPOINTS, SAMPLES, STORE
from _walks import FRAMES
from hypothesis import given, settings
from hypothesis import strategies as st
from readers_fuzz import Case, TooSlowError, draw, judge, reader_of, spoil, watched

from kinematics import readers, store
from kinematics.motion import Motion

EDITS = st.builds(
    Edit,
    kind=st.sampled_from(KINDS),
    place=st.floats(0, 1, exclude_max=True) | st.floats(0, 0.05),
    size=st.integers(1, 600),
    choice=st.integers(0, 2**16 - 1),
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    return {
        name: make(tmp_path_factory.mktemp("samples"), FRAMES) for name, make in SAMPLES.items()
    }


def outcome(name: str, case: Case) -> str:
    """`read` or `refused`; warnings are errors here."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = spoil(case, folder)
        with watched(20.0), warnings.catch_warnings():
            warnings.simplefilter("error")
            return judge(path, reader_of(name, direct=case.direct))
    finally:
        shutil.rmtree(folder)


def test_every_format_has_samples() -> None:
    assert set(SAMPLES) == {form.name for form in readers.FORMATS} | {KEYPOINTS, STORE}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_read_by_their_own_format(name: str, samples: dict[str, list[Path]]) -> None:
    assert samples[name]
    for path in samples[name]:
        assert judge(path, reader_of(name, direct=False)) == "read"
        assert judge(path, reader_of(name, direct=True)) == "read"
        assert store.recognise(path) == (name == STORE)


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=60)
@given(
    edits=st.lists(EDITS, min_size=1, max_size=4),
    which=st.integers(0, 9),
    inside=st.booleans(),
    resealed=st.booleans(),
    direct=st.booleans(),
    file=st.floats(0, 1, exclude_max=True),
)
def test_a_damaged_file_is_sound_or_refused(
    name: str,
    samples: dict[str, list[Path]],
    edits: list[Edit],
    which: int,
    inside: bool,
    resealed: bool,
    direct: bool,
    file: float,
) -> None:
    sample = samples[name][which % len(samples[name])]
    assert outcome(name, Case(sample, edits, inside, resealed, direct, file)) in ("read", "refused")


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_of_the_long_run_is_found_and_sometimes_harmless(
    name: str, samples: dict[str, list[Path]]
) -> None:
    """The mutations reach past the first check: some files are refused and some are read."""
    counts = Counter(
        outcome(name, draw(samples[name], np.random.default_rng([7, number])))
        for number in range(80)
    )
    assert counts["read"] + counts["refused"] == 80
    assert counts["refused"] >= 10
    assert counts["read"] >= 1


# The judge itself


def _lie(path: Path) -> list[Motion]:
    motion = readers.read(path)[0]
    bent = object.__new__(Motion)
    vars(bent).update(vars(motion) | {"positions_m": motion.positions_m * np.nan})
    return [bent]


def _crash(path: Path) -> list[Motion]:
    raise IndexError(path)


def _nameless(_path: Path) -> list[Motion]:
    raise ValueError("something is wrong")


def _hang(_path: Path) -> list[Motion]:
    while True:
        pass


@pytest.mark.parametrize(
    ("read", "raised"),
    [
        (_lie, AssertionError),
        (_crash, IndexError),
        (_nameless, AssertionError),
        (lambda _: [], AssertionError),
        (_hang, TooSlowError),
    ],
)
def test_the_judge_detects_faulty_readers(
    read: Callable[[Path], list[Motion]],
    raised: type[BaseException],
    samples: dict[str, list[Path]],
) -> None:
    with pytest.raises(raised), watched(0.5):
        judge(samples["native"][0], read)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_edit_changes_bytes(kind: str, samples: dict[str, list[Path]]) -> None:
    data = samples["native"][0].read_bytes()
    rng = np.random.default_rng(0)
    edits = [
        Edit(kind, float(rng.random()), int(rng.integers(1, 99)), int(rng.integers(1 << 16)))
        for _ in range(20)
    ]
    assert all(isinstance(mutated(data, [edit], inside=False), bytes) for edit in edits)
    assert any(mutated(data, [edit], inside=False) != data for edit in edits)
    assert any(mutated(data, [edit], inside=True) != data for edit in edits)


def test_random_edits_are_the_same_for_the_same_seed() -> None:
    first, again = (drawn(np.random.default_rng(5)) for _ in range(2))
    assert first == again
