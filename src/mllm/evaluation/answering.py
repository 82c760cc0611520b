"""The protocol of all answerers: models, endpoints, guesses and oracles.

An answerer takes `Asked` and yields `Reply`, in any order, each as soon as it is known. It has no
access to right answers, files or scores; `evaluate` saves its replies.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import msgspec

from mllm.frames import Sampling, Stretch
from qagen.schema.record import Record

Sees = Literal["video", "text", "motion"]
"""The input of an answerer: pictures, the prompt alone, or the motion behind the video."""

Setting = str | int | float | bool | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request to an answerer."""

    key: str
    """Unique within a run."""
    text: str
    """The whole prompt."""
    options: tuple[str, ...] = ()
    """In the order shown; empty for free text, captions and judgements."""
    video: Path | None = None
    stretch: Stretch | None = None
    """The part of the video to show; none for all of it."""
    sampling: Sampling = Sampling()
    """Which frames of the video are shown."""
    record: Record | None = None
    """For the built-in answerers, which read the motion or other rows; models ignore it."""
    shift: int = 0
    """How the options were rotated."""
    draw: int = 0
    """Distinguishes repetitions, where an answerer samples."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The reply to a request: a text, or the reason why there is none."""

    key: str
    text: str = ""
    problem: str = ""
    """Why there is no text; empty when there is one."""
    final: bool = True
    """False for transient errors, which are not saved and are retried on the next run."""
    frames: int = 0
    """Number of pictures shown."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    """In the currency of the answerer's prices."""


class StoppedError(RuntimeError):
    """No further replies are possible: a wrong key, a missing model, no network."""


@runtime_checkable
class Answerer(Protocol):
    """Anything that answers questions."""

    @property
    def name(self) -> str:
        """For tables, such as `chance` or the name of a model."""
        ...

    @property
    def sees(self) -> Sees:
        """Its input, which decides whether videos are needed and whether it is a blind baseline."""
        ...

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Everything that determines its replies, without secrets; constant within a run."""
        ...

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """One reply to each request; raises `StoppedError` when no further replies are possible."""
        ...
