"""Makes the pictures of README and docs anew from what `make demo` left in out/demo.

    make demo pictures

Needs Debian's chromium and chromium-driver beside the development tools.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "out" / "demo"
PICTURES = ROOT / "docs" / "pictures"
SIZE_PX = 1400, 1000
WATCHED_S = 2.5
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", f"--window-size={SIZE_PX[0]},{SIZE_PX[1]}",
)  # fmt: skip


def question() -> str:
    """The test question with the most movements in its evidence, of those about paths."""
    lines = (DEMO / "questions" / "test.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["category"] == "trajectory"]
    return max(rows, key=lambda row: (len(row["evidence"]), row["id"]))["id"]


def report(target: Path) -> None:
    """The report page on one question, its answer shown."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        browser.get(f"{(DEMO / 'report' / 'index.html').as_uri()}#{question()}")
        time.sleep(2)
        body = browser.find_element(By.TAG_NAME, "body")
        body.send_keys("a")
        body.send_keys(" ")  # plays
        time.sleep(WATCHED_S)
        body.send_keys(" ")
        time.sleep(0.5)
        browser.save_screenshot(str(target))
    finally:
        browser.quit()


def clip(target: Path) -> None:
    """The facts of the demo's busiest clip."""
    lines = (DEMO / "questions" / "clips.jsonl").read_text().splitlines()
    busiest = max(
        map(json.loads, lines), key=lambda row: (sum(row["movements"].values()), row["clip"])
    )
    motion = str(DEMO / "motions" / busiest["source"])
    show = [sys.executable, "-m", "kinematics", "show", motion, "--out", str(target)]
    subprocess.run(show, check=True)


def main() -> None:
    """Writes `docs/pictures/report.png` and `docs/pictures/clip.png`."""
    if not (DEMO / "report" / "index.html").is_file():
        sys.exit(f"{DEMO}: no report there; run `make demo` first")
    PICTURES.mkdir(exist_ok=True)
    clip(PICTURES / "clip.png")
    report(PICTURES / "report.png")
    drawn = PICTURES / "clip.png"  # of few colours: a third of the bytes
    Image.open(drawn).convert("RGB").quantize(128).save(drawn, optimize=True)


if __name__ == "__main__":
    main()
