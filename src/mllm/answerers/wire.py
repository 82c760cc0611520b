"""Posts JSON to a server and returns its JSON, with retries, time limits and a rate limit.

Transient errors (busy, down, too slow, garbage) are retried, each time after a longer wait; a
refusal is raised at once. Only the standard library is used.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from typing import Any, NamedTuple
from urllib import error, request
from urllib.parse import urlsplit

MOST_BYTES = 16_000_000
"""Longer replies are treated as garbage."""

BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Statuses that are worth a retry."""

LONGEST_WAIT_S = 60.0


class RefusedError(Exception):
    """The server refuses the request, and a retry will not help; carries the status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"HTTP {status}: {said}")
        self.status = status


class UnreachableError(Exception):
    """No useful reply after every attempt."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Limits on attempts, time and rate; a `ValueError` lists all invalid fields."""

    attempts: int = 6
    timeout_s: float = 120.0
    """For one attempt, from the first byte sent to the last received."""
    first_wait_s: float = 1.0
    """Before the second attempt; doubled for every further one."""
    per_minute: float | None = None
    """Requests a minute, all threads together."""

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= self.attempts <= 100:
            problems.append(f"attempts: {self.attempts}; expected 1 to 100")
        if not self.timeout_s > 0:
            problems.append(f"timeout: {self.timeout_s:g} s; expected more than 0")
        if not self.first_wait_s >= 0:
            problems.append(f"first wait: {self.first_wait_s:g} s; expected at least 0")
        if self.per_minute is not None and not self.per_minute > 0:
            problems.append(f"requests a minute: {self.per_minute:g}; expected more than 0")
        if problems:
            raise ValueError("; ".join(problems))


@dataclass(kw_only=True)
class Pace:
    """The earliest start of the next request, shared by all threads."""

    gap_s: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)
    """Once set, waiting ends and nothing more is sent."""
    _next_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_for_turn(self) -> None:
        """Returns when a request may start."""
        with self._lock:
            now_s = time.monotonic()
            start_s = max(now_s, self._next_s)
            self._next_s = start_s + self.gap_s
        self.rest(start_s - now_s)

    def hold(self, wait_s: float) -> None:
        """Delays all further requests, because the server asks for it."""
        with self._lock:
            self._next_s = max(self._next_s, time.monotonic() + wait_s)

    def rest(self, wait_s: float) -> None:
        """Waits; raises `UnreachableError` once everything is stopped."""
        if self.stopped.is_set() or (wait_s > 0 and self.stopped.wait(wait_s)):
            raise UnreachableError("stopped")


class _NoRedirect(request.HTTPRedirectHandler):
    """Refuses redirects, because a key is for one server only."""

    def redirect_request(
        self, req: request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage,
        newurl: str,
    ) -> None:  # fmt: skip
        del req, fp, code, msg, headers, newurl


_opener = request.build_opener(_NoRedirect)


class _Attempt(NamedTuple):
    """The result of one attempt: a reply, or the problem and the least time to wait."""

    found: dict[str, Any] | None
    problem: str = ""
    wait_s: float | None = None


def post(
    url: str,
    body: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    patience: Patience,
    pace: Pace,
    useful: Callable[[dict[str, Any]], bool] = bool,
) -> dict[str, Any]:
    """The JSON object that the server returns for `body`.

    Raises `RefusedError` when it refuses, `UnreachableError` when no attempt gave a useful reply.

    >>> quick = Patience(attempts=1)
    >>> nobody = "http://127.0.0.1:9/"
    >>> post(nobody, {}, headers={}, patience=quick, pace=Pace())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    mllm.answerers.wire.UnreachableError: http://127.0.0.1:9: ... (tried once)
    """
    data = json.dumps(body, ensure_ascii=False).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    problem, wait_s = "", patience.first_wait_s
    for attempt in range(patience.attempts):
        if attempt:
            pace.rest(min(wait_s, LONGEST_WAIT_S))
            wait_s *= 2
        pace.wait_for_turn()
        found, problem, asked_s = _try(request.Request(url, data, sent), patience.timeout_s)
        if found is not None:
            if useful(found):
                return found
            problem = f"a reply without a message: {json.dumps(found)[:200]}"
        if asked_s is not None:
            pace.hold(min(asked_s, LONGEST_WAIT_S))
    times = "once" if patience.attempts == 1 else f"{patience.attempts} times"
    raise UnreachableError(f"{_host(url)}: {problem} (tried {times})")


def _try(sending: request.Request, timeout_s: float) -> _Attempt:
    until_s = time.monotonic() + timeout_s
    try:
        with _opener.open(sending, timeout=timeout_s) as answer:
            return _decoded(_read(answer, until_s))
    except error.HTTPError as refusal:
        with refusal:
            said = _said(refusal)
            if refusal.code not in BUSY:
                raise RefusedError(refusal.code, said) from None
            return _Attempt(None, f"HTTP {refusal.code}: {said}", _seconds(refusal.headers))
    except TimeoutError:
        return _Attempt(None, f"no reply within {timeout_s:g} s")
    except ssl.SSLCertVerificationError as wrong:
        raise RefusedError(0, str(wrong)) from None
    except error.URLError as wrong:
        if isinstance(wrong.reason, ssl.SSLCertVerificationError):
            raise RefusedError(0, str(wrong.reason)) from None
        if isinstance(wrong.reason, TimeoutError):
            return _Attempt(None, f"no reply within {timeout_s:g} s")
        return _Attempt(None, f"{wrong.reason}")
    except (OSError, HTTPException) as wrong:
        return _Attempt(None, f"{type(wrong).__name__}: {wrong}")


def _read(answer: Any, until_s: float) -> bytes:
    """All bytes; raises `TimeoutError` for a server that is still sending at `until_s`."""
    blocks, size = [], 0
    while block := answer.read1(65_536):
        size += len(block)
        if time.monotonic() > until_s:
            raise TimeoutError
        if size > MOST_BYTES:
            raise HTTPException(f"more than {MOST_BYTES:,} bytes")
        blocks.append(block)
    return b"".join(blocks)


def _decoded(data: bytes) -> _Attempt:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return _Attempt(None, f"no JSON but {data[:80]!r}")
    if not isinstance(found, dict):
        return _Attempt(None, f"no JSON object but {data[:80]!r}")
    return _Attempt(found)


def _said(refusal: error.HTTPError) -> str:
    """The server's own error message, or else the reason of the status."""
    try:
        data = refusal.read(4096)
        found = json.loads(data)
        inner = found.get("error", found) if isinstance(found, dict) else found
        message = inner.get("message", inner) if isinstance(inner, dict) else inner
        return str(message)[:400]
    except (OSError, HTTPException, ValueError, RecursionError):
        return str(refusal.reason)[:400]


def _seconds(headers: Message) -> float | None:
    """The wait in seconds that the server asks for, as a number or a date; none without one."""
    told = headers.get("Retry-After", "")
    try:
        wait_s = float(told)
    except ValueError:
        try:
            wait_s = max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
        except (ValueError, OverflowError):
            return None
    return wait_s if 0 <= wait_s < 86_400 else None


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
