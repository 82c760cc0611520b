"""A small video encoder that answers: pictures, words and options in, a letter out.

Implements the interface of every model (`mllm.evaluation.answering.Answerer`) and is given the
same prompts and videos. It scores each option by itself, so that it need not learn to bind letters:
what it learns in minutes on one thread, it can only have learned from pictures and words.
"""

import itertools
import math
import random
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mllm import frames
from mllm.evaluation.answering import Asked, Reply, Sees, Setting
from mllm.evaluation.parse import words
from mllm.frames import Sampling
from qagen.schema.record import LETTERS

BUCKETS = 4096
"""Words and pairs of words share so many places."""

LONGEST = 96
"""Words and pairs of a text that are read."""

SIDE_PX = 32


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long it learns, and how large it is."""

    steps: int = 1200
    clips: int = 24
    """Of one step; each is asked several questions at once."""
    questions: int = 8
    rate: float = 2e-3
    width: int = 96
    frames: int = 12
    seed: int = 0
    blind: bool = False
    """It is shown nothing, and learns what questions and options give away."""


def look(path: Path, count: int) -> np.ndarray:
    """Frames of a video, small; a video of fewer frames repeats some."""
    seen = frames.sample(path, Sampling(max_frames=count)).pictures
    seen = seen[np.linspace(0, len(seen) - 1, count).round().astype(int)]
    factor = seen.shape[1] // SIDE_PX
    cut = seen[:, : factor * SIDE_PX, : factor * SIDE_PX].reshape(
        count, SIDE_PX, factor, SIDE_PX, factor, 3
    )
    return cut.mean(axis=(2, 4)).astype(np.uint8)


def places(text: str) -> np.ndarray:
    """The places of a text's words and pairs of words; zeros fill the rest."""
    said = words(text)
    terms = [*said, *(f"{one} {other}" for one, other in itertools.pairwise(said))]
    found = [1 + zlib.crc32(term.encode()) % (BUCKETS - 1) for term in terms][:LONGEST]
    return np.array(found + [0] * (LONGEST - len(found)))


def question_of(prompt: str) -> str:
    """The question within a prompt, without the options and what is always there."""
    (found,) = re.findall(r"^Question: (.*)$", prompt, re.MULTILINE)
    return found


class Watcher(nn.Module):
    """Pictures to one vector a moment; the question attends to moments; options are scored."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        width = plan.width
        layers: list[nn.Module] = []
        for reads, gives in ((6, 16), (16, 32), (32, 48)):
            layers += [nn.Conv2d(reads, gives, 3, stride=2, padding=1), nn.GELU()]
        self.eye = nn.Sequential(*layers, nn.Flatten(), nn.Linear(48 * 16, width))
        self.moments = nn.Parameter(0.1 * torch.randn(plan.frames, width))
        self.memory = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.asked = nn.EmbeddingBag(BUCKETS, width, mode="mean", padding_idx=0)
        self.offered = nn.EmbeddingBag(BUCKETS, width, mode="mean", padding_idx=0)
        self.attend = nn.MultiheadAttention(width, 4, batch_first=True)
        self.ask = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 2 * width))
        self.score = nn.Sequential(
            nn.LayerNorm(5 * width), nn.Linear(5 * width, width), nn.GELU(), nn.Linear(width, 1)
        )

    def watch(self, pictures: torch.Tensor) -> torch.Tensor:
        """Clips of pictures, 0 to 255, as clips of vectors."""
        clips, count = pictures.shape[:2]
        now = pictures.permute(0, 1, 4, 2, 3).float() / 128 - 1
        still = now.mean(dim=1, keepdim=True)  # what does not move is the room
        change = torch.diff(now, dim=1, append=now[:, -1:])
        seen = torch.cat([now - still, 4 * change], dim=2).flatten(0, 1)
        return self.memory(self.eye(seen).view(clips, count, -1) + self.moments)

    def imagine(self, clips: int) -> torch.Tensor:
        """The same of clips that are not shown."""
        return self.memory(self.moments.expand(clips, -1, -1))

    def answer(
        self, watched: torch.Tensor, question: torch.Tensor, options: torch.Tensor
    ) -> torch.Tensor:
        """Scores of options, one row a question; options that are not there score nothing."""
        asked = self.ask(self.asked(question))
        query, topic = asked.chunk(2, dim=-1)
        seen = self.attend(query[:, None], watched, watched, need_weights=False)[0]
        count = options.shape[1]
        offered = self.offered(options.flatten(0, 1)).view(len(options), count, -1)
        seen, topic = seen.expand(-1, count, -1), topic[:, None].expand(-1, count, -1)
        parts = [seen, topic, offered, seen * offered, topic * offered + seen * topic]
        scores = self.score(torch.cat(parts, dim=-1))[..., 0]
        return scores.masked_fill((options == 0).all(dim=-1), -1e4)


@dataclass(frozen=True)
class Lines:
    """Questions as arrays, with the clips that they are about."""

    clips: list[Path]
    questions: np.ndarray
    options: np.ndarray
    answers: np.ndarray
    tasks: list[str]


def lines_of(asked: Sequence[Asked]) -> Lines:
    """Everything that is asked of sighted learners, from prompts; answers from the records."""
    known: dict[str, np.ndarray] = {}

    def place(text: str) -> np.ndarray:
        if text not in known:
            known[text] = places(text)
        return known[text]

    most = max(len(one.options) for one in asked)
    blank = np.zeros(LONGEST, dtype=int)
    options = [
        [place(option) for option in one.options] + [blank] * (most - len(one.options))
        for one in asked
    ]
    answers = [one.options.index(one.record.options[one.record.answer_index]) for one in asked]
    return Lines(
        [one.video for one in asked],
        np.array([place(question_of(one.text)) for one in asked]),
        np.array(options),
        np.array(answers),
        [one.record.task for one in asked],
    )


def learn(asked: Sequence[Asked], plan: Plan, *, say: Callable[[str], None] = print) -> Watcher:
    """A watcher that has learned from questions, tasks weighted alike."""
    torch.manual_seed(plan.seed)
    draw = random.Random(plan.seed)
    if not plan.steps:
        return Watcher(plan).eval()
    lines = lines_of(asked)
    paths = () if plan.blind else sorted(set(lines.clips))
    videos = {path: look(path, plan.frames) for path in paths}
    counts = {name: lines.tasks.count(name) for name in set(lines.tasks)}
    by_clip: dict[Path, list[int]] = defaultdict(list)
    for row, path in enumerate(lines.clips):
        by_clip[path].append(row)
    everyone = list(by_clip)
    watcher = Watcher(plan)
    steps = torch.optim.AdamW(watcher.parameters(), lr=plan.rate, weight_decay=0.05)
    losses = []
    for step in range(plan.steps):
        for group in steps.param_groups:
            warm = min(1.0, (step + 1) / 50)
            group["lr"] = plan.rate * warm * 0.5 * (1 + math.cos(math.pi * step / plan.steps))
        paths = draw.sample(everyone, min(plan.clips, len(everyone)))
        rows, clip_of = [], []
        for place, path in enumerate(paths):
            weights = [counts[lines.tasks[row]] ** -0.5 for row in by_clip[path]]
            rows += draw.choices(by_clip[path], weights, k=plan.questions)
            clip_of += [place] * plan.questions
        if plan.blind:
            watched = watcher.imagine(len(paths))[clip_of]
        else:
            pictures = torch.from_numpy(np.stack([videos[path] for path in paths]))
            watched = watcher.watch(_shaken(pictures, draw))[clip_of]
        scores = watcher.answer(
            watched, torch.from_numpy(lines.questions[rows]), torch.from_numpy(lines.options[rows])
        )
        loss = nn.functional.cross_entropy(scores, torch.from_numpy(lines.answers[rows]))
        loss.backward()
        nn.utils.clip_grad_norm_(watcher.parameters(), 1.0)
        steps.step()
        steps.zero_grad()
        losses.append(loss.item())
        if step % 100 == 99:
            say(f"step {step + 1}: loss {np.mean(losses[-100:]):.3f}")
    return watcher.eval()


def _shaken(pictures: torch.Tensor, draw: random.Random) -> torch.Tensor:
    """The camera a few pixels aside, the light a little other; the same in all frames of a clip."""
    moved = [
        torch.roll(one, (draw.randint(-3, 3), draw.randint(-2, 2)), dims=(2, 1)) for one in pictures
    ]
    light = torch.tensor([draw.uniform(0.8, 1.2) for _ in moved])
    return (torch.stack(moved).float() * light[:, None, None, None, None]).clamp(0, 255)


@dataclass(frozen=True, kw_only=True)
class Watching:
    """A watcher as an answerer."""

    watcher: Watcher
    plan: Plan
    name: str = "watcher"
    kept: dict[Path, torch.Tensor] = field(default_factory=dict, repr=False)

    @property
    def sees(self) -> Sees:
        """The video, unless it learned blind."""
        return "text" if self.plan.blind else "video"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Its plan."""
        return {"seed": self.plan.seed, "steps": self.plan.steps, "width": self.plan.width}

    @torch.inference_mode()
    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """The letter of the option that scores best."""
        for one in asked:
            scores = self.watcher.answer(
                self._watched(one.video),
                torch.from_numpy(places(question_of(one.text)))[None],
                torch.from_numpy(np.stack([places(option) for option in one.options]))[None],
            )
            yield Reply(key=one.key, text=LETTERS[int(scores.argmax())], frames=self.plan.frames)

    def _watched(self, path: Path | None) -> torch.Tensor:
        if self.plan.blind:
            return self.watcher.imagine(1)
        if path not in self.kept:
            pictures = look(path, self.plan.frames)
            self.kept[path] = self.watcher.watch(torch.from_numpy(pictures)[None])
        return self.kept[path]
