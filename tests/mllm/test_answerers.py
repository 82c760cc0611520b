"""Guesses know nothing, oracles everything; endpoints are asked patiently, and never for ever."""

import dataclasses
import email.message
import email.utils
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from kinematics.errors import error_models
from mllm.answerers import blind, named, oracles, wire
from mllm.answerers.remote import Remote
from mllm.evaluation import evaluate, prompt, runs
from mllm.evaluation.answering import Answerer, Asked, Reply, StoppedError
from mllm.evaluation.evaluate import Settings
from mllm.evaluation.runs import Loaded
from mllm.frames import Sampling
from mllm.render import video
from mllm.scores import score
from qagen import draws
from qagen.dataset import layout
from qagen.schema.question import Ask, Margin
from qagen.schema.record import Record
from qagen.schema.record import named as with_id
from qagen.schema.suite import HUMANMOVE, tasks_of

TASKS = tuple(tasks_of([HUMANMOVE]))

CHOICES = dict(zip(TASKS, (4, 3, 3, 4, 4, 4, 2), strict=True))


def rows_without_meaning(count: int, *, per_clip: int = 4, telling: bool = False) -> list[Record]:
    """Rows whose answers follow from nothing; if `telling`, from a word of the question."""
    found = []
    for number in range(count):
        task = TASKS[number % 7]
        options = tuple(f"answer {letter}" for letter in "pqrs"[: CHOICES[task]])
        answer = draws.below(1, f"{number}/answer", count=len(options))
        order = draws.shuffled(options, seed=1, name=f"{number}/order")
        hint = f" {'uvwx'[options.index(order[answer])] * 3}" if telling else ""
        clip = f"clip {number // (7 * per_clip)}"
        found.append(
            with_id(
                Record(
                    clip=clip, person=0, take=clip, subject=clip, group=clip, source=f"{number}",
                    descriptor="", suite="humanmove", end_s=9.0,
                    task=task, family="any", frame="body",
                    question=f"What happens{hint}?", options=order, option_codes=order,
                    answer_index=answer, chance=1 / len(options), ask=Ask(rule="any"),
                    evidence=(), margin=Margin(value=1.0, unit="m", band=0.5), reasoning=(),
                    thresholds="", rules="",
                )
            )
        )  # fmt: skip
    return found


def ran(answerer: Answerer, records: list[Record], *, shifts: bool = False) -> Loaded:
    """A run in memory."""
    asked = []
    for record in records:
        for shift in range(len(record.options) if shifts else 1):
            shown = prompt.ask(record, shift=shift, sight="nothing")
            asked.append(
                Asked(
                    key=f"{record.id}/{shift}", text=shown.text, options=shown.options,
                    record=record, shift=shift,
                )
            )  # fmt: skip
    by_key = {one.key: one for one in asked}
    replies = list(answerer.replies(asked))
    assert sorted(one.key for one in replies) == sorted(by_key)
    settings = Settings(circular=shifts)
    questions = [runs.asked_of(record) for record in records]
    run = runs.Run(
        answerer=answerer.name, sees=answerer.sees, settings={}, dataset="made", split="test",
        manifest_sha256="", questions=len(questions), questions_sha256="", style="letter",
        circular=settings.circular, prompt_version=1, sampling=None,
    )  # fmt: skip
    return Loaded("run", run, questions, [evaluate.predicted(by_key[r.key], r) for r in replies])


# Guesses ------------------------------------------------------------------------------------------


def test_chance_is_near_zero_and_inside_its_interval() -> None:
    found = score.score(ran(blind.Chance(seed=3), rows_without_meaning(2800)))
    assert abs(found.points) < 4
    assert found.points_low < 0 < found.points_high
    assert found.points_high - found.points_low < 10


def test_the_blind_know_nothing_of_an_even_data_set() -> None:
    rows = rows_without_meaning(4200)
    learned, judged = rows[:1400], rows[1400:]
    for answerer in (
        blind.Majority(learned=learned),
        blind.Blind(learned=learned, judged=judged),
    ):
        found = score.score(ran(answerer, judged))
        assert abs(found.points) < 3, answerer.name


def test_the_blind_find_what_gives_answers_away() -> None:
    rows = rows_without_meaning(1400, telling=True)
    learned, judged = rows[:700], rows[700:]
    for answerer in (
        blind.Majority(learned=learned),
        blind.Blind(learned=learned, judged=judged),
    ):
        assert score.score(ran(answerer, judged)).points > 90, answerer.name


def test_the_blind_never_look_at_keys_that_they_judge() -> None:
    rows = rows_without_meaning(700, telling=True)
    learned, judged = rows[:400], rows[400:]
    turned = [with_another_key(one) for one in judged]
    one = ran(blind.Blind(learned=learned, judged=judged), judged)
    two = ran(blind.Blind(learned=learned, judged=turned), turned)
    assert [p.answer for p in one.predictions] == [p.answer for p in two.predictions]


def with_another_key(record: Record) -> Record:
    place = (record.answer_index + 1) % len(record.options)
    return msgspec.structs.replace(record, answer_index=place)  # the id stays: draws depend on it


def test_guesses_without_other_rows_say_so() -> None:
    for kind in ("majority", "blind"):
        with pytest.raises(ValueError, match="no rows to learn from"):
            named.find(kind, named.Materials())


# Oracles ------------------------------------------------------------------------------------------


def test_oracles_are_right_about_everything(made: Any, tmp_path: Path) -> None:
    for source in (made.motions, made.facts):
        out = tmp_path / source.name
        settings = Settings(split="all", circular=source is made.facts)
        outcome = evaluate.evaluate(
            made.questions, out, oracles.Oracle(motions=source), settings=settings
        )
        assert outcome.missing == outcome.silent == 0
        found = score.score(runs.read(out))
        assert found.points == found.accuracy * 100 == 100.0
        assert found.questions > 100
        assert len(found.tasks) >= 6
        assert found.circular_points in (None, 100.0)


def test_an_oracle_does_not_read_the_key(made: Any) -> None:
    records = [row for _, row in layout.rows(made.questions)][:40]
    wrong = [
        msgspec.structs.replace(one, answer_index=(one.answer_index + 1) % len(one.options))
        for one in records
    ]
    found = score.score(ran(oracles.Oracle(motions=made.motions), wrong))
    assert found.accuracy == 0.0


def test_tracker_noise_costs_points_and_is_the_same_every_time(made: Any) -> None:
    rough = error_models.ErrorModel(name="rough", heading_offset_rad=1.0, jitter_m=0.3)
    records = [row for _, row in layout.rows(made.questions)]
    few = sorted({row.clip for row in records})[:4]
    records = [row for row in records if row.clip in few]
    noisy = oracles.Oracle(motions=made.motions, model=rough, seed=2, name="rough")
    first, again = ran(noisy, records), ran(dataclasses.replace(noisy), records)
    assert first.predictions == again.predictions
    assert -20 < score.score(first).points < 90
    fine = error_models.ErrorModel(name="fine", jitter_m=1e-6)
    almost = ran(oracles.Oracle(motions=made.motions, model=fine, name="fine"), records)
    assert score.score(almost).points > 99


def test_a_motion_that_is_not_there_is_a_counted_silence(made: Any, tmp_path: Path) -> None:
    records = [row for _, row in layout.rows(made.questions)][:3]
    found = ran(oracles.Oracle(motions=tmp_path), records)
    assert [one.answer for one in found.predictions] == [None] * 3
    assert all("0 motions" in one.problem for one in found.predictions)


# Endpoints ----------------------------------------------------------------------------------------

QUICK = wire.Patience(attempts=4, timeout_s=60.0, first_wait_s=0.01)


def remote(server: Any, **options: Any) -> Remote:
    return Remote(**({"model": "m", "url": server.url, "patience": QUICK} | options))


def ask(number: int = 1, **more: Any) -> list[Asked]:
    return [
        Asked(key=f"{n}/0", text=f"Question {n}?", options=("Yes", "No"), **more)
        for n in range(number)
    ]


def test_replies_carry_text_tokens_and_cost(server: Any) -> None:
    asking = remote(server, sees="text", prompt_price=2.0, completion_price=10.0, seed=7)
    (reply,) = asking.replies(ask())
    assert reply == Reply(
        key="0/0", text="B", prompt_tokens=100, completion_tokens=10, cost=300 / 1e6
    )
    (body,) = server.bodies
    assert body["messages"] == [{"role": "user", "content": "Question 0?"}]
    assert (body["model"], body["temperature"], body["seed"]) == ("m", 0.0, 7)


def test_the_key_is_sent_and_never_among_the_settings(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", "secret-1")
    asking = remote(server, sees="text", key_name="SOME_KEY")
    list(asking.replies(ask()))
    assert server.headers[0]["Authorization"] == "Bearer secret-1"
    assert "secret-1" not in repr(asking) + repr(asking.settings)


def test_fields_can_be_added_and_left_out(server: Any) -> None:
    more = {"max_tokens": None, "max_completion_tokens": 64, "extra": {"fps": 2}}
    list(remote(server, sees="text", more=more).replies(ask()))
    assert "max_tokens" not in server.bodies[0]
    assert server.bodies[0]["max_completion_tokens"] == 64
    assert server.bodies[0]["extra"] == {"fps": 2}


@pytest.mark.parametrize("send", ["frames", "file"])
def test_videos_are_shown(server: Any, tmp_path: Path, send: str) -> None:
    path = tmp_path / "grey.mp4"
    video.write(path, [np.full((32, 32, 4), 99, np.uint8)] * 16, fps=16.0)
    seen = ask(video=path, sampling=Sampling(max_frames=4))
    (reply,) = remote(server, send=send).replies(seen)
    parts = server.bodies[0]["messages"][0]["content"]
    kinds = [part["type"] for part in parts]
    assert parts[-1] == {"type": "text", "text": "Question 0?"}
    if send == "file":
        assert kinds == ["video_url", "text"]
        assert parts[0]["video_url"]["url"].startswith("data:video/mp4;base64,")
    else:
        assert kinds == ["text", "image_url"] * 4 + ["text"]
        assert [part["text"] for part in parts[:8:2]] == [
            f"{time_s:.2f} s:" for time_s in (0.125, 0.375, 0.625, 0.875)
        ]
        assert reply.frames == 4


MISHAPS: dict[str, Callable[[type], list[Any]]] = {
    "busy": lambda said: [said(status=429, headers=(("Retry-After", "0"),)), said(status=503)],
    "broken": lambda said: [said(status=500, raw=b"<html>oops"), said(status=502, raw=b"")],
    "garbage": lambda said: [said(raw=b"\x00\xff"), said(raw=b"[1, 2]"), said(raw=b'{"a": 1}')],
    "odd": lambda said: [said(raw=b'{"choices": []}'), said(raw=b'{"choices": [{"message": 3}]}')],
    "gone": lambda said: [said(drop=True), said(drop=True)],
    "page": lambda said: [said(raw=b"<!doctype html><title>Bad gateway</title>")],
    "cut": lambda said: [said(raw=b'{"choices": [{"mess')],
    "deep": lambda said: [said(raw=b"[" * 200_000)],
}


@pytest.mark.parametrize("mishap", MISHAPS)
def test_what_may_go_better_is_tried_again(server: Any, said: Any, mishap: str) -> None:
    before = MISHAPS[mishap](said)
    server.answer = lambda number, _: before[number] if number < len(before) else said(text="A")
    (reply,) = remote(server, sees="text").replies(ask())
    assert (reply.text, reply.problem) == ("A", "")
    assert len(server.bodies) == len(before) + 1


def test_attempts_end(server: Any, said: Any) -> None:
    server.answer = lambda *_: said(status=500, raw=b'{"error": {"message": "no memory"}}')
    (reply,) = remote(server, sees="text").replies(ask())
    assert not reply.final
    assert reply.problem.endswith("HTTP 500: no memory (tried 4 times)")
    assert len(server.bodies) == 4


@pytest.mark.parametrize("way", ["silent", "dripping"])
def test_a_slow_server_is_given_up(server: Any, said: Any, way: str) -> None:
    slow = said(wait_s=1.0) if way == "silent" else said(drip=True)
    server.answer = lambda *_: slow
    patience = wire.Patience(attempts=1, timeout_s=0.3)
    (reply,) = remote(server, sees="text", patience=patience).replies(ask())
    assert not reply.final
    assert "no reply within 0.3 s" in reply.problem


def test_retry_after_is_heeded_by_all(server: Any, said: Any) -> None:
    waits = said(status=429, headers=(("Retry-After", "0.4"),))
    server.answer = lambda number, _: waits if number == 0 else said()
    started_s = time.monotonic()
    replies = list(remote(server, sees="text", at_once=1).replies(ask(2)))
    assert time.monotonic() - started_s >= 0.4
    assert [reply.text for reply in replies] == ["B", "B"]


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        ("0.4", 0.4), ("", None), ("-3", None), ("soon", None), ("nan", None), ("1e9", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("Thu, 99 Jan 1970 00:00:00 GMT", None),
    ],
)  # fmt: skip
def test_every_way_to_ask_for_patience_is_read(told: str, wait_s: float | None) -> None:
    headers = email.message.Message()
    headers["Retry-After"] = told
    assert wire._seconds(headers) == wait_s
    del headers["Retry-After"]
    headers["Retry-After"] = email.utils.formatdate(time.time() + 90, usegmt=True)
    found = wire._seconds(headers)
    assert found is not None
    assert 80 < found <= 90


def test_requests_keep_the_pace(server: Any) -> None:
    patience = wire.Patience(per_minute=60 / 0.1)
    started_s = time.monotonic()
    list(remote(server, sees="text", patience=patience, at_once=8).replies(ask(6)))
    assert time.monotonic() - started_s >= 0.5


def test_several_are_asked_at_once_and_no_more(server: Any, said: Any) -> None:
    server.answer = lambda *_: said(wait_s=0.05)
    replies = list(remote(server, sees="text", at_once=3).replies(ask(12)))
    assert sorted(reply.key for reply in replies) == sorted(f"{n}/0" for n in range(12))
    assert 2 <= server.most_at_once <= 3


@pytest.mark.parametrize("status", [401, 403, 404, 307])
def test_wrong_settings_stop_everything_and_lose_nothing(
    server: Any, said: Any, status: int
) -> None:
    away = (("Location", server.url),)
    server.answer = lambda number, _: said() if number < 3 else said(status=status, headers=away)
    got: list[Reply] = []
    with pytest.raises(StoppedError, match=f"model m: HTTP {status}"):
        collected(remote(server, sees="text", at_once=2).replies(ask(50)), got)
    assert len(got) == 3
    assert len(server.bodies) <= 6


def test_what_is_under_way_when_everything_stops_is_still_worth_having(
    server: Any, said: Any
) -> None:
    server.answer = lambda number, _: said(wait_s=0.5) if number == 0 else said(status=401)
    got: list[Reply] = []
    with pytest.raises(StoppedError):
        collected(remote(server, sees="text", at_once=2).replies(ask(9)), got)
    assert [one.text for one in got] == ["B"]


def collected(replies: Any, into: list[Reply]) -> None:
    for reply in replies:
        into.append(reply)  # what came before an error stays


def test_one_refused_question_is_a_silence_but_not_the_first(server: Any, said: Any) -> None:
    refused = said(status=400, raw=b'{"error": "too long"}')
    server.answer = lambda number, _: refused if number in (0, 2) else said()
    replies = list(remote(server, sees="text", at_once=1).replies(ask(4)))
    assert [(one.final, one.problem) for one in replies if one.problem] == [
        (False, "HTTP 400: too long"),
        (True, "HTTP 400: too long"),
    ]


def test_a_broken_video_is_a_silence_and_not_sent(server: Any, tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_text("nothing")
    (reply,) = remote(server).replies(ask(video=path))
    assert reply.final
    assert "broken.mp4" in reply.problem
    assert server.bodies == []


def test_options_that_make_no_sense_are_all_named() -> None:
    with pytest.raises(ValueError, match=r"url: .*; model: .*; at once: 0"):
        Remote(model="", url="ftp://x", at_once=0)
    with pytest.raises(ValueError, match=r"attempts: 0; .*; timeout: 0 s; .*; first wait: -1 s"):
        wire.Patience(attempts=0, timeout_s=0.0, first_wait_s=-1.0)
    with pytest.raises(ValueError, match="password"):
        Remote(model="m", url="http://me:pw@host/v1")


def test_all_answerers_keep_the_protocol(made: Any) -> None:
    rows = rows_without_meaning(70)
    materials = named.Materials(
        learned=rows, judged=rows, motions=made.motions,
        remote=Remote(model="m", url="http://localhost:1/v1"),
    )  # fmt: skip
    for name in ("chance", "majority", "blind", "oracle", "noisy:wham_emdb", "openai", "text"):
        found = named.find(name, materials)
        assert isinstance(found, Answerer)
        assert all(
            isinstance(value, str | int | float | None)
            and not (isinstance(value, float) and math.isnan(value))
            for value in found.settings.values()
        )
    with pytest.raises(ValueError, match=r"noisy:nobody: no such error model; .*wham_emdb"):
        named.find("noisy:nobody", materials)
