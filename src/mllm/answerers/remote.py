"""Models behind an OpenAI-compatible endpoint: vLLM, SGLang, llama.cpp, or a hosted service.

Frames are sent as pictures, each after its time, which every endpoint understands; or the file is
sent as a whole. Keys stay in the environment and are never written.
"""

import base64
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from mllm import frames
from mllm.answerers import wire
from mllm.answerers.wire import Pace, Patience
from mllm.evaluation.answering import Asked, Reply, Sees, Setting, StoppedError

Send = Literal["frames", "file"]

MOST_FILE_BYTES = 200_000_000
"""Larger videos are not sent as a whole."""

MOST_AT_ONCE = 256

WRONG_SETTINGS = frozenset({0, 301, 302, 303, 307, 308, 401, 402, 403, 404, 405})
"""Statuses that no other question can change."""

TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime"}


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A model behind an endpoint; `sees="text"` makes it a blind baseline."""

    model: str
    url: str
    """Up to and with the version, such as `http://localhost:8000/v1`."""
    sees: Sees = "video"
    send: Send = "frames"
    key_name: str = "OPENAI_API_KEY"
    """The environment variable that holds the key; none is sent when it is not set."""
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the request; a field that is null is left out."""
    at_once: int = 4
    patience: Patience = field(default_factory=Patience)
    prompt_price: float = 0.0
    """For a million tokens."""
    completion_price: float = 0.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        problems = []
        if parts.scheme not in ("http", "https") or not parts.hostname:
            problems.append(f"url: {self.url!r}; expected such as http://localhost:8000/v1")
        if parts.username or parts.password:
            problems.append(f"url: holds a password; put it into ${self.key_name}")
        if not self.model:
            problems.append("model: no name; expected that of a model which the endpoint serves")
        if not 1 <= self.at_once <= MOST_AT_ONCE:
            problems.append(f"at once: {self.at_once}; expected 1 to {MOST_AT_ONCE}")
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def name(self) -> str:
        """The model's name, marked "(text only)" for a blind baseline."""
        return self.model if self.sees == "video" else f"{self.model} (text only)"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Everything that determines the replies, so neither speed nor prices."""
        return {
            "model": self.model,
            "url": self.url,
            "send": self.send if self.sees == "video" else None,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            "more": json.dumps(dict(self.more), sort_keys=True) if self.more else None,
        }

    def without_video(self) -> "Remote":
        """The same model without the video.

        >>> Remote(model="m", url="http://localhost:8000/v1").without_video().name
        'm (text only)'
        """
        return replace(self, sees="text")

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """Replies in the order of arrival, with `at_once` requests in flight."""
        gap_s = 60 / self.patience.per_minute if self.patience.per_minute else 0.0
        session = _Session(Pace(gap_s=gap_s), threading.Event())
        pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="ask")
        waiting: set[Future[Reply]] = set()
        coming, stop = iter(asked), None
        try:
            while True:
                while stop is None and len(waiting) < self.at_once:
                    one = next(coming, None)
                    if one is None:
                        break
                    waiting.add(pool.submit(self._reply, one, session))
                if not waiting:
                    break
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    if isinstance(error := future.exception(), StoppedError):
                        stop = error  # replies in flight are still yielded
                    else:
                        yield future.result()
            if stop is not None:
                raise stop
        finally:  # closing the generator stops the other requests
            session.pace.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _reply(self, question: Asked, session: "_Session") -> Reply:
        try:
            content, count = self._content(question)
        except (ValueError, OSError) as error:
            return Reply(key=question.key, problem=str(error))
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed + question.draw,
            **self.more,
        }
        try:
            found = wire.post(
                f"{self.url.rstrip('/')}/chat/completions",
                {name: value for name, value in body.items() if value is not None},
                headers=self._headers(),
                patience=self.patience,
                pace=session.pace,
                useful=lambda reply: _message(reply) is not None,
            )
        except wire.RefusedError as error:
            return self._refused(question, error, session)
        except wire.UnreachableError as error:
            return Reply(key=question.key, problem=str(error), final=False)
        session.worked.set()
        prompt, completion = _tokens(found, "prompt_tokens"), _tokens(found, "completion_tokens")
        return Reply(
            key=question.key,
            text=_message(found) or "",
            frames=count,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost=(prompt * self.prompt_price + completion * self.completion_price) / 1e6,
        )

    def _refused(self, question: Asked, error: wire.RefusedError, session: "_Session") -> Reply:
        """A refusal is final once any question was answered; before that, settings may be wrong."""
        if error.status in WRONG_SETTINGS:
            hint = f"; is ${self.key_name} set and right?" if error.status in (401, 403) else ""
            raise StoppedError(f"{self.url}, model {self.model}: {error}{hint}") from None
        return Reply(key=question.key, problem=str(error), final=session.worked.is_set())

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self.key_name, "")
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _content(self, question: Asked) -> tuple[str | list[dict[str, Any]], int]:
        """The parts of the message, and the number of pictures among them."""
        if self.sees != "video" or question.video is None:
            return question.text, 0
        if self.send == "file":
            if question.stretch is not None:
                raise ValueError(
                    f"{question.video}: only a stretch of it is asked about, which frames can show "
                    "and a file cannot; leave --send file out"
                )
            url = f"data:{TYPES.get(question.video.suffix.lower(), 'video/mp4')};base64,"
            part = {"type": "video_url", "video_url": {"url": url + _file(question.video)}}
            return [part, {"type": "text", "text": question.text}], 0
        seen = frames.sample(question.video, question.sampling, question.stretch)
        parts: list[dict[str, Any]] = []
        for picture, time_s in zip(seen.pictures, seen.times_s, strict=True):
            data = base64.b64encode(frames.to_jpeg(picture)).decode()
            parts.append({"type": "text", "text": f"{time_s:.2f} s:"})
            url = f"data:image/jpeg;base64,{data}"
            parts.append({"type": "image_url", "image_url": {"url": url}})
        return [*parts, {"type": "text", "text": question.text}], len(seen.pictures)


class _Session(NamedTuple):
    pace: Pace
    worked: threading.Event
    """Set after the first answer."""


def _file(path: Path) -> str:
    size = path.stat().st_size
    if size > MOST_FILE_BYTES:
        raise ValueError(f"{path}: {size:,} bytes; send frames of videos that are so large")
    return base64.b64encode(path.read_bytes()).decode()


def _message(reply: Mapping[str, Any]) -> str | None:
    """The text of a reply; none when it holds no message."""
    choices = reply.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(message, dict):
        return None
    content = message.get("content") or message.get("refusal") or ""
    if isinstance(content, list):
        texts = [part.get("text", "") for part in content if isinstance(part, dict)]
        content = "".join(text for text in texts if isinstance(text, str))
    # lone surrogates, valid in JSON but not in files, become question marks
    return content.encode(errors="replace").decode() if isinstance(content, str) else None


def _tokens(reply: Mapping[str, Any], name: str) -> int:
    usage = reply.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and 0 <= count < 10**9 else 0
