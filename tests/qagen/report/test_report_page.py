"""The report's page in a real browser, from a disk: what readers do, and what must not happen."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from qagen.dataset.splits import SPLITS
from qagen.report import folder as report_folder
from qagen.schema import record
from qagen.schema.record import LETTERS, Record
from qagen.schema.suite import HUMANMOVE, Suite, Task

WAIT_S = 20.0
WIDE, NARROW = (1280, 900), (400, 800)


class Page:
    """The page of a report, and what a person does with it."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def open(self, out: Path, address: str = "") -> None:
        """Opens the report anew, at an address such as `#questions`."""
        self.driver.get("about:blank")
        self.driver.get(f"{(out / 'index.html').as_uri()}{address}")

    def size(self, size: tuple[int, int], *, dark: bool = False) -> None:
        width, height = size
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(f"return {script}", *arguments)

    def wait(self, script: str) -> Any:
        """Waits until an expression is true; gives its value."""
        waiting = WebDriverWait(self.driver, WAIT_S, poll_frequency=0.03)
        return waiting.until(lambda _: self.run(script), message=script)

    def text(self, selector: str) -> str:
        return str(self.run("document.querySelector(arguments[0])?.textContent", selector))

    def texts(self, selector: str) -> list[str]:
        script = "[...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
        return [str(one) for one in self.run(script, selector)]

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def choose(self, facet: str, value: str) -> None:
        self.run(
            "(() => { const one = document.getElementById(`facet-${arguments[0]}`);"
            "one.value = arguments[1]; one.dispatchEvent(new Event('change')); })()",
            facet, value,
        )  # fmt: skip

    def question(self) -> str:
        """The id of the question that is shown."""
        return self.text("#question .id").removeprefix("#")

    def time_s(self) -> float:
        return float(self.run("document.querySelector('.transport input').value"))


@pytest.fixture
def page(chromium: WebDriver) -> Iterator[Page]:
    """A page of the usual size; whatever a test did, nothing may have gone wrong unseen."""
    chromium.get_log("browser")
    opened = Page(chromium)
    opened.size(WIDE)
    yield opened
    assert chromium.get_log("browser") == []
    assert opened.run("window.planted") is None


def of(made: Any, wanted: Callable[[str, Record], bool]) -> list[Record]:
    return [row for split, row in made.rows if wanted(split, row)]


# The overview


def test_the_overview_counts_what_is_there(page: Page, made: Any) -> None:
    page.open(made.out)
    page.wait("document.querySelector('.figure strong')")
    assert page.text(".figure strong") == f"{len(made.rows):,}"
    titles = page.texts("#overview .panel h2")
    assert len(titles) == 9
    assert {"Predictions", "Certificates", "Not in the data set"} <= set(titles)
    page.one("#overview .bars a").click()
    page.wait("document.querySelector('#question h1')")
    task = of(made, lambda _, row: row.task == "numerical")
    assert page.text("#found") == f"{len(task):,} of {len(made.rows):,} questions"
    assert page.text("#question .chip") == "numerical"


def test_nothing_is_loaded_from_elsewhere(page: Page, made: Any) -> None:
    page.driver.get_log("performance")
    page.open(made.out, "#questions")
    page.wait("document.querySelector('#question h1')")
    told = [json.loads(line["message"])["message"] for line in page.driver.get_log("performance")]
    asked = [
        one["params"]["request"]["url"]
        for one in told
        if one["method"] == "Network.requestWillBeSent"
    ]
    assert {"page.css", "overview.js", "000.js"} <= {url.rpartition("/")[2] for url in asked}
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "about"}


def test_other_suites_have_more_letters_and_free_text(
    page: Page, made: Any, rewritten: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "questions"
    shutil.copytree(made.dataset, folder)
    suite = Suite(
        name="toy",
        tasks=(Task(name="limb", options=7), Task(name="story", options=0, scoring="text")),
    )
    train = of(made, lambda split, _: split == "train")
    limb = record.named(
        msgspec.structs.replace(
            train[0], suite="toy", task="limb", options=tuple(f"limb {n}" for n in range(7)),
            option_codes=tuple(f"limb_{n}" for n in range(7)), answer_index=6,
        )
    )  # fmt: skip
    story = record.named(
        msgspec.structs.replace(
            train[1], suite="toy", task="story", options=(), option_codes=(), answer_index=-1,
            chance=0.0, reference="The person <b>waves</b>.", claims=("waves once",),
        )
    )  # fmt: skip
    rewritten(folder, "train", [limb, story, *train[2:]], suites=(HUMANMOVE, suite))
    report_folder.write(folder, tmp_path / "report")
    page.open(tmp_path / "report", f"#{limb.id}")
    page.wait("document.querySelector('#question h1')")
    assert page.text("#question .chip") == "toy: limb"
    assert page.texts("#question .options .letter") == list("ABCDEFG")
    page.open(tmp_path / "report", f"#{story.id}")
    page.wait("document.querySelector('#question .reference')")
    assert story.reference not in page.text("#question")
    page.press("a")
    page.wait("document.querySelector('#question .reference li')")
    assert page.texts("#question .reference p") == [story.reference]
    assert page.texts("#question .reference li") == ["waves once"]
    assert "Free text is scored by its reference" in page.text("#question")
    page.press("a")


# The list


def test_filters_find_what_they_say(page: Page, made: Any) -> None:
    page.open(made.out, "#questions")
    total = len(made.rows)
    page.wait(f"document.getElementById('found').textContent === '{total:,} questions'")
    for chosen, wanted in (
        ({"task": "ordering"}, lambda _, row: row.task == "ordering"),
        ({"split": "test"}, lambda split, row: row.task == "ordering" and split == "test"),
    ):
        for facet, value in chosen.items():
            page.choose(facet, value)
        assert page.text("#found") == f"{len(of(made, wanted)):,} of {total:,} questions"
    asked = [split for split, row in made.rows if row.task == "ordering"]
    assert page.texts("#facet-split option") == [
        f"all ({len(asked):,})",
        *(f"{side} ({asked.count(side):,})" for side in SPLITS if side in asked),
    ]
    page.one("#reset").click()
    assert page.text("#found") == f"{total:,} questions"
    page.choose("margin", "from 10 × needed")
    far = of(made, lambda _, row: round(row.margin.value / row.margin.band, 2) >= 10.0)
    assert page.text("#found") == f"{len(far):,} of {total:,} questions"
    page.one("#reset").click()
    page.choose("model2", "no answer")
    assert page.text("#found") == f"{total // 11:,} of {total:,} questions"


def test_words_clips_and_ids_are_searched(page: Page, made: Any) -> None:
    page.open(made.out, "#questions")
    page.wait("document.querySelector('#question h1')")
    page.press("/", *"third Quarter")
    wanted = of(made, lambda _, row: "third" in row.question and "quarter" in row.question)
    page.wait(f"document.getElementById('found').textContent.startsWith('{len(wanted):,} of')")
    assert 0 < len(wanted) < len(made.rows)
    page.wait("location.hash.includes('text=third+Quarter')")
    page.one("#search").clear()
    page.one("#search").send_keys(made.rows[-1][1].id)
    page.wait("document.getElementById('found').textContent.startsWith('1 of')")


def test_the_address_brings_back_question_and_filters(page: Page, made: Any) -> None:
    row = of(made, lambda _, row: row.task == "temporal")[3]
    page.open(made.out, f"#{row.id}?task=temporal&sort=least")
    page.wait("document.querySelector('#question h1')")
    assert page.question() == row.id
    assert " ".join(page.texts("#question h1, #question .terms")) == row.question
    assert page.run("document.getElementById('facet-task').value") == "temporal"
    assert page.run("document.getElementById('facet-sort').value") == "least"
    assert page.texts(f"#row-{row.id}[aria-selected=true]") != []
    page.open(made.out, "#0000000000000000")
    page.wait("document.querySelector('#question .notice')")
    assert "No question 0000000000000000" in page.text("#question .notice")


def test_ten_thousand_questions_leave_the_page_small(page: Page, many: Path) -> None:
    page.open(many, "#questions")
    page.wait("document.getElementById('found').textContent === '10,000 questions'")
    page.wait("document.querySelector('#question .number')?.textContent === '1 of 10,000'")
    page.run("(document.getElementById('list').scrollTop = 1e9)")
    page.wait("document.querySelector('.row[aria-posinset=\"10000\"]')")
    for top in range(880_000, 860_000, -700):
        page.run("(document.getElementById('list').scrollTop = arguments[0])", top)
    page.wait("document.querySelector('.row[aria-posinset=\"9790\"]')")
    assert page.run("document.querySelectorAll('.row').length") < 60
    page.run("(document.getElementById('list').scrollTop = 1e9)")
    page.wait("document.querySelector('.row[aria-posinset=\"10000\"]')")
    assert page.run("document.querySelectorAll('*').length") < 2000
    last = page.run("document.querySelector('.row[aria-posinset=\"10000\"]').id")
    page.one(f"#{last}").click()
    page.wait(f"document.querySelector('#question .id')?.textContent === '#{last[4:]}'")
    assert page.text(".number") == "10,000 of 10,000"
    page.choose("task", "existence")
    page.wait("document.getElementById('found').textContent.endsWith('of 10,000 questions')")


def test_a_hostile_name_stays_text(page: Page, made: Any) -> None:
    row = of(made, lambda _, row: row.clip == made.hostile)[0]
    page.open(made.out, f"#{row.id}")
    page.wait("document.querySelector('#question h1')")
    assert page.text(".tags .clip") == made.hostile
    assert made.hostile in page.texts(".row .clip")
    assert page.run("document.querySelectorAll('img').length") == 0
    assert page.run("[...document.scripts].every((one) => !one.textContent)")


# One question


def test_the_key_is_hidden_until_it_is_asked_for(page: Page, made: Any) -> None:
    number, row = next((n, row) for n, (_, row) in enumerate(made.rows) if row.evidence and n > 20)
    page.open(made.out, f"#{row.id}")
    page.wait("document.querySelector('.options li')")
    page.run("localStorage.clear()")
    page.open(made.out, f"#{row.id}")
    page.wait("document.querySelector('.options li')")
    assert page.texts(".options .text") == [
        f"{letter}. {option}" for letter, option in zip(LETTERS, row.options, strict=False)
    ]
    given = ".key, .evidence, .stretch, .band, .reasoning, .models, .movement"
    assert page.texts(given) == []
    page.one(".reveal").click()
    assert page.text(".options .key .letter") == LETTERS[row.answer_index]
    assert len(page.texts(".options .key")) == 1
    assert page.texts(".reasoning li") == list(row.reasoning)
    assert len(page.texts(".evidence-list li")) == len(row.evidence)
    wrong = number % 2 == 0 and number % 11 != 10
    assert page.texts(".replies tbody tr")[1].startswith("hasty")
    assert ("wrong" in page.texts(".replies tbody tr")[1]) == wrong
    page.press("a")
    assert page.texts(given) == []


def test_evidence_lights_up_when_its_time_comes(page: Page, made: Any) -> None:
    row = next(
        row
        for _, row in made.rows
        if len(row.evidence) >= 2
        and row.evidence[0].end_s < row.evidence[1].start_s - 0.5
        and {one.what for one in row.evidence} <= {"turn_left", "turn_right", "left", "forward"}
    )
    page.open(made.out, f"#{row.id}")
    page.wait("document.querySelector('.options li')")
    if not page.texts(".key"):
        page.press("a")
    scrub = "document.querySelector('.transport input')"
    for one in row.evidence:
        for time_s, lit in ((one.start_s - 0.3, False), ((one.start_s + one.end_s) / 2, True)):
            page.run(f"({scrub}.value = arguments[0])", time_s)
            page.run(f"{scrub}.dispatchEvent(new Event('input'))")
            place = row.evidence.index(one)
            kinds = (".evidence-list li", "rect.stretch", "rect.band")
            look = [str(page.one(f"{kind}.e{place}").get_attribute("class")) for kind in kinds]
            assert ["now" in names for names in look] == [lit] * 3
            left, width, cursor = (
                float(str(page.one(selector).get_attribute(name)))
                for selector, name in (
                    (f"rect.band.e{place}", "x"),
                    (f"rect.band.e{place}", "width"),
                    (".cursor", "x1"),
                )
            )
            assert (left <= cursor <= left + width) == lit


def test_a_clip_without_video_plays_by_its_own_clock(page: Page, made: Any) -> None:
    row = next(row for _, row in made.rows if row.clip != made.filmed and row.evidence)
    page.open(made.out, f"#{row.id}")
    page.wait("document.querySelector('.options li')")
    assert page.texts("video") == []
    before = page.one(".person").get_attribute("transform")
    page.run("document.querySelector('.transport select').value = '2'")
    page.press(" ")
    page.wait("document.querySelector('.transport input').value > 0.4")
    page.press(" ")
    stopped = page.time_s()
    assert page.one(".transport .play").get_attribute("aria-label") == "Play"
    page.press(Keys.ARROW_RIGHT)
    assert page.time_s() == pytest.approx(stopped + 0.2, abs=1e-6)
    page.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert page.time_s() == pytest.approx(stopped - 0.2, abs=1e-6)
    page.press("e")
    piece = row.evidence[0]
    page.wait("document.querySelector('.transport .play').getAttribute('aria-label') === 'Pause'")
    assert page.time_s() >= piece.start_s - 1e-6
    assert page.one(".person").get_attribute("transform") is not None
    assert before is not None


def test_the_video_keeps_the_time_of_everything(page: Page, made: Any) -> None:
    row = next(row for _, row in made.rows if row.clip == made.filmed)
    page.open(made.out, f"#{row.id}")
    page.wait("document.querySelector('video')?.readyState >= 3")
    assert page.run("document.querySelector('video').error") is None
    page.press(" ")
    page.wait("document.querySelector('video').currentTime > 0.3")
    page.one(".transport .play").click()
    assert page.run("document.querySelector('video').paused")
    film_s = page.run("document.querySelector('video').currentTime")
    assert page.time_s() == pytest.approx(film_s, abs=0.12)
    lanes = page.one(".timelines svg")
    right = lanes.size["width"] // 4
    ActionChains(page.driver).move_to_element_with_offset(lanes, right, 0).click().perform()
    page.wait("Math.abs(document.querySelector('video').currentTime - 10) > 2")
    film_s = page.run("document.querySelector('video').currentTime")
    assert page.time_s() == pytest.approx(film_s, abs=0.01)
    assert 14.0 < film_s < 17.0  # three quarters of twenty seconds, after the gutter


# Keys, names, sizes, colours


def test_questions_are_leafed_through_with_keys(page: Page, made: Any) -> None:
    page.open(made.out, "#questions")
    page.wait("document.querySelector('#question h1')")
    ids = [row.id for _, row in made.rows]
    assert page.question() == ids[0]
    for key, wanted in (("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        page.press(key)
        page.wait(f"document.querySelector('#question .id')?.textContent === '#{ids[wanted]}'")
    page.run("document.getElementById('list').focus()")
    page.press(Keys.ARROW_DOWN)
    page.wait(f"document.querySelector('#question .id')?.textContent === '#{ids[1]}'")
    assert page.run("document.getElementById('list').getAttribute('aria-activedescendant')") == (
        f"row-{ids[1]}"
    )
    page.press("?")
    assert page.run("document.getElementById('help').open")
    page.press(Keys.ESCAPE)
    assert not page.run("document.getElementById('help').open")
    page.press("o")
    page.wait("!document.getElementById('overview').hidden")
    page.wait("window.scrollY === 0")
    assert page.run("document.querySelector('h1').getBoundingClientRect().top") > 54


def test_every_control_has_a_name(page: Page, made: Any) -> None:
    page.open(made.out, f"#{made.rows[0][1].id}")
    page.wait("document.querySelector('.options li')")
    controls = "button, select, input, a[href], video, [role=img]"
    nameless = page.run(
        f"[...document.querySelectorAll('{controls}')].filter((one) =>"
        " !(one.getAttribute('aria-label') || one.textContent.trim() ||"
        " (one.labels && one.labels.length))).map((one) => one.outerHTML)"
    )
    assert nameless == []
    assert page.run("document.documentElement.lang") == "en"


@pytest.mark.parametrize("address", ["", "#questions", "#ID"])
def test_nothing_is_cut_off_on_a_narrow_screen(page: Page, made: Any, address: str) -> None:
    page.size(NARROW)
    row = next(row for _, row in made.rows if row.clip == made.hostile and row.evidence)
    page.open(made.out, address.replace("ID", row.id))
    page.wait("document.querySelector('.figure') && document.querySelector('.row')")
    if row.id in page.run("location.hash"):
        page.wait("document.querySelector('.options li')")
        if not page.texts(".key"):
            page.press("a")
        assert not page.one("#finder").is_displayed()
        assert page.one(".back").is_displayed()
    assert page.run("document.documentElement.scrollWidth") <= NARROW[0]
    beyond = page.run(
        "[...document.querySelectorAll('main *')].filter((one) => !one.closest('.scroll, .hidden')"
        " && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)"
        ".map((one) => one.className)"
    )
    assert beyond == []


def test_colours_follow_the_system_and_the_reader(page: Page, made: Any) -> None:
    page.open(made.out)
    page.run("localStorage.clear()")
    ground = "getComputedStyle(document.body).backgroundColor"
    page.open(made.out)
    light = page.run(ground)
    page.size(WIDE, dark=True)
    dark = page.run(ground)
    assert light != dark
    page.one("#theme").click()
    assert page.run(ground) == light
    page.one("#theme").click()
    page.size(WIDE)
    assert page.run(ground) == dark
    page.one("#theme").click()
    assert page.run(ground) == light


def test_a_piece_that_is_missing_is_named(chromium: WebDriver, made: Any, tmp_path: Path) -> None:
    out = tmp_path / "report"
    shutil.copytree(made.out, out)
    (out / "data" / "questions" / "000.js").unlink()
    (out / "data" / "clips" / "000.js").write_text("report.take(")
    page = Page(chromium)
    page.open(out, f"#{made.rows[0][1].id}")
    page.wait("!document.getElementById('problem').hidden")
    assert re.search(r"data/(questions|clips)/000\.js", page.text("#problem"))
    assert json.dumps(chromium.get_log("browser")) != "[]"
