"""A small data set from facts made by hand, its report, and a browser to open it in."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

from kinematics import facts
from kinematics.facts import MotionFacts
from mllm.render import video
from qagen.build import pipeline
from qagen.dataset import layout
from qagen.dataset.layout import Manifest, Recipe
from qagen.dataset.splits import SPLITS
from qagen.report import folder as report_folder
from qagen.schema import record
from qagen.schema.record import LETTERS, Certificate, Record

HOSTILE = "<script>window.planted=1</script>&\"'<img src=x onerror=window.planted=1>"
"""The name of a clip that must stay text."""

FILMED = "clip 3"
"""The clip that has a video."""

WALKS: tuple[tuple[tuple[str, float, float, float], ...], ...] = (
    (("forward", 1.0, 4.0, 3.0), ("start_distance", 1.0, 4.0, 3.0), ("heading", 6.0, 8.0, 1.6)),
    (("left", 2.0, 4.0, 2.0), ("start_distance", 2.0, 4.0, 2.0), ("heading", 11.5, 13.5, -1.7)),
    (("heading", 1.0, 2.5, -1.5), ("heading", 6.0, 8.5, 3.2), ("forward_lean", 12.0, 13.0, 0.7)),
    (("forward", 1.0, 3.0, -2.0), ("start_distance", 1.0, 3.0, 2.0), ("up", 11.0, 12.0, -0.4)),
    (("left", 6.0, 8.0, -2.5), ("start_distance", 6.0, 8.0, 2.5), ("heading", 16.5, 18.5, 1.6)),
    (("forward", 11.0, 14.0, 4.0), ("start_distance", 11.0, 14.0, 4.0), ("up", 2.0, 3.0, -0.3)),
)
"""What happens in the clips, over and over."""

SWITCHES = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


class Made(NamedTuple):
    """A data set and its report."""

    dataset: Path
    out: Path
    manifest: Manifest
    rows: list[tuple[str, Record]]
    facts_file: Path
    videos: Path
    predictions: list[Path]
    hostile: str = HOSTILE
    filmed: str = FILMED


@pytest.fixture(scope="session")
def clips(make: Callable[..., MotionFacts]) -> list[MotionFacts]:
    """Twelve clips; one has a name that would do harm if it were taken for HTML."""
    names = [HOSTILE if number == 1 else f"clip {number}" for number in range(12)]
    made = [make(WALKS[number % 6], clip=name) for number, name in enumerate(names)]
    return [msgspec.structs.replace(one, take=one.clip, path="") for one in made]


def predict(path: Path, rows: Sequence[tuple[str, Record]], *, wrong_every: int) -> Path:
    """A model that errs in every so many questions, and now and then says nothing."""
    lines = []
    for number, (_, row) in enumerate(rows):
        if number % 11 == 10:
            lines.append({"id": row.id, "answer": None, "reply": "I cannot see that."})
            continue
        place = (row.answer_index + (number % wrong_every == 0)) % len(row.options)
        lines.append({"id": row.id, "answer": LETTERS[place], "reply": f"({LETTERS[place]})"})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="session")
def made(clips: list[MotionFacts], tmp_path_factory: pytest.TempPathFactory) -> Made:
    home = tmp_path_factory.mktemp("report")
    facts.write(home / "facts.jsonl", clips)
    recipe = Recipe(seed=2, val=0.2, test=0.2, balanced=False, per_task=3)
    manifest = pipeline.build(home / "facts.jsonl", home / "questions", recipe)
    certify(home / "questions")
    rows = list(layout.rows(home / "questions"))
    videos = home / "videos"
    videos.mkdir()
    shades = (np.full((48, 64, 4), shade % 256, np.uint8) for shade in range(0, 400, 2))
    video.write(videos / "clip_3.mp4", shades, fps=10.0)
    predictions = [
        predict(home / "runs" / "keen" / "predictions.jsonl", rows, wrong_every=9),
        predict(home / "hasty.jsonl", rows, wrong_every=2),
    ]
    out = home / "shown"
    report_folder.write(
        home / "questions", out, motions_dir=home / "facts.jsonl", videos_dir=videos,
        prediction_files=predictions,
    )  # fmt: skip
    return Made(home / "questions", out, manifest, rows, home / "facts.jsonl", videos, predictions)


def certify(folder: Path) -> None:
    """Gives every second row a certificate, and the manifest the new digests."""

    def certified(number: int, row: Record) -> Record:
        if number % 2:
            return row
        certificate = msgspec.convert(
            {"model": "made", "sizes": "0" * 12, "seed": 0, "copies": 64, "at_least": 0.9}
            | {"agreement": 1 - (number % 5) / 100},
            Certificate,
        )
        return record.named(msgspec.structs.replace(row, certificate=certificate))

    for split in SPLITS:
        rows = list(record.read(folder / f"{split}.jsonl"))
        rewrite(folder, split, [certified(number, row) for number, row in enumerate(rows)])


def rewrite(folder: Path, split: str, rows: Sequence[Record], **changes: object) -> None:
    """Puts other rows on one side of a data set; `changes` go into its manifest."""
    path = folder / f"{split}.jsonl"
    ordered = sorted(rows, key=lambda row: row.id)
    path.write_bytes(b"".join(record.to_line(row) + b"\n" for row in ordered))
    manifest = layout.read_manifest(folder)
    side = msgspec.structs.replace(
        manifest.splits[split],  # type: ignore[index]
        questions=len(ordered),
        sha256=layout.file_sha256(path),
    )
    changed = msgspec.structs.replace(manifest, splits=manifest.splits | {split: side}, **changes)
    (folder / layout.MANIFEST).write_bytes(msgspec.json.encode(changed))


@pytest.fixture(scope="session")
def rewritten() -> Callable[..., None]:
    """`rewrite`, for tests."""
    return rewrite


@pytest.fixture(scope="session")
def many(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of ten thousand questions: those of the small data set, asked of many takes."""
    folder = tmp_path_factory.mktemp("many") / "questions"
    shutil.copytree(made.dataset, folder)
    train = [row for split, row in made.rows if split == "train"]
    others = len(made.rows) - len(train)
    copies = [
        record.named(msgspec.structs.replace(train[k % len(train)], take=f"take {k}"))
        for k in range(10_000 - others)
    ]
    rewrite(folder, "train", copies)
    report_folder.write(folder, folder.parent / "report")
    return folder.parent / "report"


def missing_browser() -> str:
    """What is not installed, in words; nothing when all is there."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser and shutil.which("chromedriver"):
        return ""
    return (
        "tests of the report page need Chromium and its driver: on Debian, "
        "`apt-get install chromium chromium-driver`"
    )


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """Chromium without a window; a failure under CI and a skip elsewhere when it is missing."""
    if problem := missing_browser():
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(20)
    yield driver
    driver.quit()
