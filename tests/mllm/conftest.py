"""A small data set with its motions, measured without JAX, and a server that plays a model."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kinematics import facts, synthetic
from kinematics.readers import native
from qagen.build import pipeline
from qagen.dataset.layout import Recipe
from qagen.verify.remeasure import derive

CLIPS = 12


class Made(NamedTuple):
    questions: Path
    motions: Path
    facts: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    found = Made(folder / "questions", folder / "motions", folder / "facts.jsonl")
    found.motions.mkdir()
    motions = [one.motion for one in synthetic.corpus(CLIPS, seed=5, fps=10.0, joints=False)]
    for motion in motions:
        native.write(motion, found.motions / f"{motion.source.clip}.npz")
    facts.write(found.facts, [derive.facts_of(motion) for motion in motions])
    recipe = Recipe(per_task=4, balanced=False, val=0.0, test=0.4)
    pipeline.build(found.facts, found.questions, recipe)
    return found


# A server that plays a model ----------------------------------------------------------------------

Answer = Callable[[int, dict[str, Any]], "Said"]


class Said(NamedTuple):
    """What the server does with one request."""

    text: str = "B"
    status: int = 200
    raw: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    wait_s: float = 0.0
    drop: bool = False
    drip: bool = False


class Server:
    """Requests that came, and how many at once."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _number, _body: Said()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.most_at_once = 0
        self.lock = threading.Lock()
        self._now = 0
        self.url = ""

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self.lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            with self.lock:
                self._now -= 1


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                number = len(server.bodies)
                server.bodies.append(body)
                server.headers.append(dict(self.headers))
            with server.counted():
                said = server.answer(number, body)
                time.sleep(said.wait_s)
            message = {"choices": [{"message": {"role": "assistant", "content": said.text}}],
                       "usage": {"prompt_tokens": 100, "completion_tokens": 10}}  # fmt: skip
            data = said.raw if said.raw is not None else json.dumps(message).encode()
            if said.drop:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if said.drip:
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.05)
            else:
                self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    playing = Server()

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...  # clients that went away

    http = Quiet(("127.0.0.1", 0), _handler(playing))
    playing.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield playing
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def said() -> type[Said]:
    return Said
