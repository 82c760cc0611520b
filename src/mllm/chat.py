"""Questions and videos as the tensors that a model takes; needs torch and transformers.

Models of the Qwen3-VL kind are fed by `patches`, so that they run without torchvision. All others
are fed by the processor that lies beside their weights: with the video where it takes videos, with
the frames as pictures where it takes pictures alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from mllm import patches
from mllm.frames import Frames
from mllm.patches import Grid

Tensors = dict[str, Any]
"""What a model is called with, by name."""

IGNORED = -100
"""The label of a token that is not learned."""

QWEN = ("qwen3_vl",)
"""Kinds of models that `patches` feeds."""


class Turn(NamedTuple):
    """What is asked, what is seen, and, for training, the reply that is wanted."""

    text: str
    seen: Frames | None = None
    reply: str = ""


@runtime_checkable
class Encoder(Protocol):
    """Whoever makes tensors of turns."""

    @property
    def tokenizer(self) -> Any:
        """Its words."""
        ...

    def asking(self, turns: Sequence[Turn]) -> Tensors:
        """For generation: prompts alone, padded at their beginning."""
        ...

    def teaching(self, turns: Sequence[Turn]) -> Tensors:
        """For training: prompts and replies with `labels`; only replies are learned."""
        ...


def encoder_of(folder: Path, config: Any) -> Encoder:
    """The encoder that fits a model."""
    from transformers import AutoProcessor, AutoTokenizer

    if config.model_type in QWEN:
        vision = config.vision_config
        grid = Grid(vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return QwenEncoder(tokenizer, grid, video_token=config.video_token_id)
    try:
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
    except ImportError as error:
        raise ValueError(f"{folder}: its processor needs a package more: {error}") from error
    return ProcessorEncoder(processor)


@dataclass(frozen=True)
class QwenEncoder:
    """Turns in Qwen3-VL's own form: each step of time after its time, then the words."""

    tokenizer: Any
    grid: Grid
    video_token: int

    def asking(self, turns: Sequence[Turn]) -> Tensors:
        """See `Encoder`."""
        return self._batch([(self._prompt(turn), []) for turn in turns], turns, left=True)

    def teaching(self, turns: Sequence[Turn]) -> Tensors:
        """See `Encoder`."""
        pairs = [(self._prompt(turn), self._ids(f"{turn.reply}<|im_end|>\n")) for turn in turns]
        return self._batch(pairs, turns, left=False)

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _prompt(self, turn: Turn) -> list[int]:
        shown = ""
        if turn.seen is not None:
            _, height, width, _ = turn.seen.pictures.shape
            side = self.grid.factor_px
            tokens = max(1, round(height / side)) * max(1, round(width / side))
            pads = f"<|vision_start|>{'<|video_pad|>' * tokens}<|vision_end|>"
            times_s = patches.middles_s(turn.seen.times_s, self.grid)
            shown = "".join(f"<{time_s:.1f} seconds>{pads}" for time_s in times_s)
        said = turn.text.replace("<|", "< |")  # words cannot pass for what is seen
        return self._ids(f"<|im_start|>user\n{shown}{said}<|im_end|>\n<|im_start|>assistant\n")

    def _batch(
        self, pairs: Sequence[tuple[list[int], list[int]]], turns: Sequence[Turn], *, left: bool
    ) -> Tensors:
        import torch

        longest = max(len(prompt) + len(reply) for prompt, reply in pairs)
        ids = np.full((len(pairs), longest), self.tokenizer.pad_token_id, np.int64)
        mask, labels = np.zeros_like(ids), np.full_like(ids, IGNORED)
        for row, (prompt, reply) in enumerate(pairs):
            size = len(prompt) + len(reply)
            where = slice(longest - size, longest) if left else slice(0, size)
            ids[row, where], mask[row, where] = prompt + reply, 1
            labels[row, where] = [IGNORED] * len(prompt) + reply
        arrays = {"input_ids": ids, "attention_mask": mask}
        if not left:
            arrays["labels"] = labels
        found = {name: torch.from_numpy(array) for name, array in arrays.items()}
        seen = [patches.pack(one.seen.pictures, self.grid) for one in turns if one.seen is not None]
        found["mm_token_type_ids"] = 2 * (found["input_ids"] == self.video_token).int()
        if seen:
            found["pixel_values_videos"] = torch.from_numpy(
                np.concatenate([one.values for one in seen])
            )
            found["video_grid_thw"] = torch.tensor(
                [(one.steps, one.rows, one.columns) for one in seen]
            )
        return found


@dataclass(frozen=True)
class ProcessorEncoder:
    """Turns through the processor of a checkpoint and its chat template."""

    processor: Any

    @property
    def tokenizer(self) -> Any:
        """The processor's own."""
        return self.processor.tokenizer

    @property
    def _takes_videos(self) -> bool:
        return getattr(self.processor, "video_processor", None) is not None

    def asking(self, turns: Sequence[Turn]) -> Tensors:
        """See `Encoder`."""
        return self._encode(turns, [""] * len(turns), side="left")

    def teaching(self, turns: Sequence[Turn]) -> Tensors:
        """See `Encoder`. The replies are the tokens that are there with them and not without."""
        import torch

        ending = self.tokenizer.eos_token or ""
        full = self._encode(turns, [turn.reply + ending for turn in turns], side="right")
        alone = self._encode(turns, [""] * len(turns), side="right")
        starts, ends = alone["attention_mask"].sum(1), full["attention_mask"].sum(1)
        places = torch.arange(full["input_ids"].shape[1])[None]
        learned = (places >= starts[:, None]) & (places < ends[:, None])
        full["labels"] = torch.where(learned, full["input_ids"], IGNORED)
        return full

    def _encode(self, turns: Sequence[Turn], endings: Sequence[str], *, side: str) -> Tensors:
        texts = [
            self.processor.apply_chat_template(
                [{"role": "user", "content": self._content(turn)}], add_generation_prompt=True
            )
            + ending
            for turn, ending in zip(turns, endings, strict=True)
        ]
        shown: dict[str, Any] = {}
        seen = [turn.seen.pictures for turn in turns if turn.seen is not None]
        if seen and self._takes_videos:
            shown = {"videos": [list(one) for one in seen], "do_sample_frames": False}
        elif seen:
            from PIL import Image

            shown = {"images": [[Image.fromarray(one) for one in video] for video in seen]}
        found = self.processor(
            text=texts, padding=True, padding_side=side, return_tensors="pt",
            add_special_tokens=False, **shown,
        )  # fmt: skip
        return dict(found)

    def _content(self, turn: Turn) -> list[dict[str, str]]:
        if turn.seen is None:
            shown = []
        elif self._takes_videos:
            shown = [{"type": "video"}]
        else:
            shown = [{"type": "image"}] * len(turn.seen.pictures)
        return [*shown, {"type": "text", "text": turn.text}]
