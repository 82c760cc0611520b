"""The protocol behind which everybody answers: models, endpoints, guesses and oracles.

An answerer is given `Asked` and gives `Reply`, in any order, each as soon as it is known. It knows
nothing of right answers, files or scores; `evaluate` keeps what it says.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import msgspec

from mllm.frames import Sampling, Stretch
from qagen.schema.record import Record

Sees = Literal["video", "text", "motion"]
"""What an answerer looks at: pictures, the prompt alone, or the motion behind the video."""

Setting = str | int | float | bool | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is asked."""

    key: str
    """Tells it from everything else that is asked in a run."""
    text: str
    """The whole prompt."""
    options: tuple[str, ...] = ()
    """As they are shown; none for free text, captions and judgements."""
    video: Path | None = None
    stretch: Stretch | None = None
    """The part of the video that is seen; none for all of it."""
    sampling: Sampling = Sampling()
    """Which frames of the video are seen."""
    record: Record | None = None
    """For the built-in answerers, which read the motion or other rows; models ignore it."""
    shift: int = 0
    """How the options were rotated."""
    draw: int = 0
    """Distinguishes repetitions, where an answerer samples."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: a text, or why there is none."""

    key: str
    text: str = ""
    problem: str = ""
    """Why there is no text; empty when there is one."""
    final: bool = True
    """False for what may go better later; it is not kept, and asked again next time."""
    frames: int = 0
    """Pictures that were looked at."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    """In the currency of the prices that the answerer was given."""


class StoppedError(RuntimeError):
    """Nothing more can be answered: a wrong key, a model that is not there, no network."""


@runtime_checkable
class Answerer(Protocol):
    """Whoever answers."""

    @property
    def name(self) -> str:
        """For tables, such as `chance` or the name of a model."""
        ...

    @property
    def sees(self) -> Sees:
        """What it looks at; decides whether videos are needed, and who is a blind baseline."""
        ...

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Everything that decides its replies, without secrets; runs never mix two of them."""
        ...

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """One reply for each; raises `StoppedError` when nothing more can be answered."""
        ...
