"""Requests for the batch interface of OpenAI and of compatible servers.

One request per question, in the files `requests-00000.jsonl` and so on, each within the limits of
the interface. The right answers are in `answers.jsonl`, never in a request.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mllm import frames
from mllm.evaluation.prompt import Style
from mllm.export.lmms import NEW_TOKENS
from mllm.export.samples import Sample
from mllm.export.training import File, line
from mllm.frames import Sampling

Show = Literal["frames", "video"]
"""Pictures, which every server accepts, or the path of the file, for vLLM and SGLang."""

MOST_REQUESTS = 50_000
MOST_BYTES = 190_000_000
"""Largest size of one file; the interface refuses more than 200 MB."""

URL = "/v1/chat/completions"


def requests(
    samples: Iterable[Sample], out: Path, *, model: str, style: Style, show: Show,
    sampling: Sampling,
) -> Iterator[File]:  # fmt: skip
    """The files of requests about the test side, and the answers."""
    ones = [sample for sample in samples if sample.split == "test"]
    shown = _pictures(sampling) if show == "frames" else lambda sample: _file(sample, out)
    lines = (line(_request(one, shown(one), model=model, style=style)) for one in ones)
    for place, part in enumerate(_parts(lines)):
        yield File(f"requests-{place:05d}.jsonl", part)
    yield File("answers.jsonl", (line(_answer(sample)) for sample in ones))


def _pictures(sampling: Sampling) -> Callable[[Sample], list[dict[str, Any]]]:
    """Frames with their times, cached because the questions of a video follow one another."""

    @lru_cache(maxsize=16)
    def shown(video: Path) -> list[dict[str, Any]]:
        seen = frames.sample(video, sampling)
        parts: list[dict[str, Any]] = []
        for picture, time_s in zip(seen.pictures, seen.times_s, strict=True):
            data = base64.b64encode(frames.to_jpeg(picture)).decode()
            parts.append({"type": "text", "text": f"{time_s:.2f} s:"})
            parts.append(
                {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}
            )
        return parts

    return lambda sample: shown(sample.video)


def _file(sample: Sample, out: Path) -> list[dict[str, Any]]:
    url = (out.resolve() / sample.place).as_uri()
    return [{"type": "video_url", "video_url": {"url": url}}]


def _request(
    sample: Sample, shown: list[dict[str, Any]], *, model: str, style: Style
) -> dict[str, Any]:
    content = [*shown, {"type": "text", "text": sample.text}]
    return {
        "custom_id": sample.record.id,
        "method": "POST",
        "url": URL,
        "body": {
            "model": model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": NEW_TOKENS[style],
            "temperature": 0,
        },
    }


def _answer(sample: Sample) -> dict[str, Any]:
    record = sample.record
    return {
        "custom_id": record.id,
        "answer": record.answer,
        "options": record.options,
        "reference": record.reference,
        "suite": record.suite,
        "task": record.task,
        "chance": record.chance,
    }


def _parts(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines, split into parts within the limits of a file."""
    part: list[bytes] = []
    size = 0
    for one in lines:
        if part and (len(part) == MOST_REQUESTS or size + len(one) + 1 > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(one)
        size += len(one) + 1
    if part:
        yield part
