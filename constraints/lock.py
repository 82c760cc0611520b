"""Writes the constraints file of the Python that runs it: every extra, resolved together.

    python3.12 constraints/lock.py

Local labels (`+cpu`) are cut off, so that one line holds for every build of a version. What only a
CUDA build of torch needs is left out: that build names its own versions.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CUDA_ONLY = ("nvidia-", "cuda-", "triton")


def resolved(extras: list[str]) -> dict[str, str]:
    """The version of each package that pip would put into an empty environment."""
    command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run"]
    command += ["--ignore-installed", "--constraint", str(ROOT / "constraints" / "pins.txt")]
    command += ["--report", "-", f"{ROOT}[{','.join(extras)}]"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    packages = [package["metadata"] for package in report["install"]]
    return {re.sub(r"[-_.]+", "-", one["name"]).lower(): one["version"] for one in packages}


def main() -> None:
    """Writes `constraints/pyXY.txt`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = resolved(sorted(project["optional-dependencies"]))
    pins = [
        f"{name}=={version.partition('+')[0]}"
        for name, version in sorted(versions.items())
        if name != project["name"] and not name.startswith(CUDA_ONLY)
    ]
    major, minor = sys.version_info[:2]
    header = f"# Python {major}.{minor}, every extra together. Written by constraints/lock.py."
    target = ROOT / "constraints" / f"py{major}{minor}.txt"
    target.write_text("\n".join([header, *pins]) + "\n")


if __name__ == "__main__":
    main()
