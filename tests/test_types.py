"""Forgetting to anchor is a type error, found before anything runs."""

from pathlib import Path

from mypy import api

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """\
from kinematics import AnchoredMotion, Motion, measure
from kinematics.geometry import anchor


def travelled(motion: AnchoredMotion) -> None: ...


def check(world: Motion, anchored: AnchoredMotion) -> None:
    measure(world).events_on("forward")
    travelled(anchored)
    travelled(anchor.to_first_heading(world))
    travelled(world)
"""
"""Right in every line but the last."""


def checked(program: str, folder: Path) -> tuple[list[str], str]:
    """The lines of mypy's report on a program, and what it could not do."""
    file = folder / "program.py"
    file.write_text(program)
    settings = ["--config-file", f"{ROOT}/pyproject.toml", "--cache-dir", f"{ROOT}/.mypy_cache"]
    output, problems, _ = api.run([*settings, str(file)])
    return output.splitlines(), problems


MISSPELT = "import kinematics\n\nkinematics.mesure\n"


def test_a_name_that_the_package_lacks_is_found(tmp_path: Path) -> None:
    output, _ = checked(MISSPELT, tmp_path)
    assert 'program.py:3: error: Module has no attribute "mesure"' in output[0]


def test_a_motion_is_no_anchored_motion(tmp_path: Path) -> None:
    (error, summary), problems = checked(PROGRAM, tmp_path)
    assert problems == ""
    assert f"program.py:{len(PROGRAM.splitlines())}: error: " in error
    assert 'has incompatible type "Motion"; expected "AnchoredMotion"' in error
    assert summary.startswith("Found 1 error")
