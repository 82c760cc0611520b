"""Forgetting to anchor is a type error, found before anything runs."""

from pathlib import Path

from mypy import api

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """\
from kinematics.motion import AnchoredMotion, Motion


def travelled(motion: AnchoredMotion) -> None: ...


def check(world: Motion, anchored: AnchoredMotion) -> None:
    travelled(anchored)
    travelled(world)
"""
"""Right in every line but the last."""


def test_a_motion_is_no_anchored_motion(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    settings = ["--config-file", f"{ROOT}/pyproject.toml", "--cache-dir", f"{ROOT}/.mypy_cache"]
    output, problems, _ = api.run([*settings, str(file)])
    assert problems == ""
    (error, summary) = output.splitlines()
    assert f"program.py:{len(PROGRAM.splitlines())}: error: " in error
    assert 'has incompatible type "Motion"; expected "AnchoredMotion"' in error
    assert summary.startswith("Found 1 error")
