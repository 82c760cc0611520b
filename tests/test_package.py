"""The package from outside: what importing it costs, what it ships, whether its papers agree."""

import importlib.resources
import itertools
import json
import math
import re
import runpy
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import get_args

import pytest

import kinematics
from kinematics import facts, readers, thresholds
from kinematics.show import inspection

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONSTRAINTS = sorted((ROOT / "constraints").glob("py*.txt"))
README = (ROOT / "README.md").read_text()
PACKAGES = ("kinematics", "qagen", "mllm")


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after one statement."""
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "module", [*PACKAGES, "kinematics.facts", "kinematics.skeleton", "kinematics.thresholds"]
)
def test_plain_data_imports_no_array_library(module: str) -> None:
    heavy = {"equinox", "jax", "jaxtyping", "matplotlib", "numpy", "scipy", "torch"}
    loaded = modules_after(f"import {module}")
    assert module.partition(".")[0] in loaded
    assert not loaded & heavy


def test_names_of_the_package_are_loaded_when_they_are_used() -> None:
    assert "numpy" not in modules_after(
        "import kinematics; dir(kinematics); kinematics.__version__"
    )
    assert "numpy" not in modules_after("from kinematics import MotionFacts")
    assert "jax" in modules_after("from kinematics import measure")


def test_the_package_offers_what_it_lists() -> None:
    for name in kinematics.__all__:
        assert name in dir(kinematics)
        assert getattr(kinematics, name) is not None
    assert kinematics.geometry.anchor.__name__ == "kinematics.geometry.anchor"
    assert kinematics.read is readers.read
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        _ = kinematics.mesure


@pytest.mark.parametrize(
    "first", ["import kinematics.movement.measurement", "import kinematics.readers", ""]
)
def test_measure_is_the_function_whatever_was_imported_before(first: str) -> None:
    then = "from kinematics import measure; assert callable(measure), measure"
    assert "jax" in modules_after(f"{first}\n{then}")


def test_the_first_lines_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = re.findall(r"```python\n(import kinematics\n.*?)```", README, re.DOTALL)
    walk = kinematics.synthetic.perform(kinematics.synthetic.walk(3.0)).motion
    readers.bvh.write(walk, tmp_path / "walk.bvh")
    (tmp_path / "program.py").write_text(program)
    monkeypatch.chdir(tmp_path)
    made = runpy.run_path("program.py")
    assert [round(event.amount, 1) for event in made["facts"].events_on("forward")] == [3.0]


def test_importing_the_motion_types_loads_no_plotting_or_torch() -> None:
    loaded = modules_after("import kinematics.motion")
    assert "jax" in loaded
    assert not loaded & {"matplotlib", "torch", "typer"}


@pytest.mark.parametrize("package", PACKAGES)
def test_types_are_shipped(package: str) -> None:
    assert importlib.resources.files(package).joinpath("py.typed").is_file()


def test_versions_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest is not None
    assert newest[1] == PROJECT["version"] == kinematics.__version__
    assert metadata.version(PROJECT["name"]) == PROJECT["version"], "run `make setup` again"


def test_torch_comes_only_when_asked_for() -> None:
    extras = PROJECT["optional-dependencies"]
    asking = {name for name, needs in extras.items() if any("torch" in need for need in needs)}
    assert asking == {"mllm"}
    assert not any("torch" in need for need in PROJECT["dependencies"])
    assert not any(re.search(r"\[.*smpl", need) for need in extras["dev"])
    pins = (ROOT / "constraints" / "pins.txt").read_text().splitlines()
    assert "torch==2.13.0" in pins  # has a build without CUDA; an open range takes the newest with


def test_every_supported_python_has_constraints() -> None:
    supported = {
        f"py{minor.replace('.', '')}.txt"
        for classifier in PROJECT["classifiers"]
        for minor in re.findall(r"Python :: (3\.\d+)", classifier)
    }
    assert supported == {path.name for path in CONSTRAINTS}


@pytest.mark.parametrize("path", CONSTRAINTS, ids=lambda path: path.stem)
def test_constraints_name_every_dependency_and_no_place(path: Path) -> None:
    pins = dict(
        line.split("==") for line in path.read_text().splitlines() if not line.startswith("#")
    )
    assert all(re.fullmatch(r"[\w.]+", version) for version in pins.values())
    assert not [name for name in pins if name.startswith(("nvidia-", "cuda-", "triton"))]
    extras = PROJECT["optional-dependencies"].values()
    needs = itertools.chain(PROJECT["dependencies"], *extras)
    names = {re.split(r"[\[<>=~!]", need)[0] for need in needs} - {PROJECT["name"]}
    assert names <= set(pins)
    wanted = dict(
        line.split("==")
        for line in (ROOT / "constraints" / "pins.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    assert {name: pins[name] for name in wanted} == wanted


@pytest.mark.parametrize("package", PACKAGES)
def test_the_pictures_of_rooms_are_the_import_contracts(package: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    picture = section(text, f"The rooms of {package}").split("```")[1]
    drawn = re.findall(r"^(\w+(?: \| \w+)*)  ", picture, re.MULTILINE)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (
        contract["layers"]
        for contract in contracts["contracts"]
        if contract.get("containers") == [package] and contract.get("exhaustive")
    )
    assert ["__main__", *drawn] == layers


def test_conventions_name_the_signals_and_frames_of_the_code() -> None:
    text = (ROOT / "docs" / "conventions.md").read_text()
    frames = section(text, "Frames of reference")
    assert set(re.findall(r"^\| `(\w+)`", frames, re.MULTILINE)) == set(get_args(facts.Frame))
    events = section(text, "Movement events")
    (listed,) = re.findall(r"signals are (.*?)\.", events, re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", listed)) == facts.SIGNALS


def test_conventions_state_the_thresholds_of_the_code() -> None:
    events = section((ROOT / "docs" / "conventions.md").read_text(), "Movement events")
    written = {}
    for line in re.findall(r"^\| (`.*) \|$", events, re.MULTILINE):
        signals, prominence, still_speed = line.split(" | ")
        for signal in re.findall(r"`(\w+)`", signals):
            written[signal] = (quantity(prominence), quantity(still_speed))
    assert written == {
        signal: (pytest.approx(rule.prominence), pytest.approx(rule.still_speed))
        for signal, rule in thresholds.MOVEMENT.items()
    }
    assert "hysteresis is half the prominence" in events
    assert {rule.hysteresis_share for rule in thresholds.MOVEMENT.values()} == {0.5}
    assert f"pause of more than **{thresholds.LONGEST_PAUSE_S} s**" in events
    assert f"shorter than {thresholds.DRIFT_SHARE} of the" in events


def test_formats_are_listed_as_the_code_has_them() -> None:
    text = (ROOT / "docs" / "formats.md").read_text()
    (table,) = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table.rstrip("\n") == inspection.formats_table()
    for form in readers.FORMATS:
        assert all((form.about, form.axes, form.units, form.keeps, form.loses, form.example))


def section(text: str, title: str) -> str:
    """The part of a page under one heading of the second level."""
    (part,) = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if title in part[:60]]
    return part


def quantity(words: str) -> float:
    """`0.10 m/s` and `15°` in metres, seconds and radians."""
    number = float(re.match(r"[\d.]+", words)[0])
    return math.radians(number) if "°" in words else number
