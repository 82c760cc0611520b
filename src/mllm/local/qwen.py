"""Encoder for Qwen-VL models, with videos from `patches`; needs torch, but not torchvision."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from mllm.frames import Frames
from mllm.local import patches
from mllm.local.patches import Colours, Grid
from mllm.local.turns import IGNORED, Tensors, Turn

EVEN = Colours()

CLIP = Colours((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


class Manner(NamedTuple):
    """The input format of a kind of Qwen-VL model."""

    timed: bool
    """A text with its time precedes each time step; otherwise a video is a single block."""
    spaced: bool
    """The model receives the seconds between time steps."""
    system: str
    """The system prompt of the published chat template."""
    colours: Colours


_OLDER = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"

MANNERS = {
    "qwen2_vl": Manner(timed=False, spaced=False, system=_OLDER, colours=CLIP),
    "qwen2_5_vl": Manner(timed=False, spaced=True, system=_OLDER, colours=CLIP),
    "qwen3_vl": Manner(timed=True, spaced=False, system="", colours=EVEN),
    "qwen3_vl_moe": Manner(timed=True, spaced=False, system="", colours=EVEN),
}
"""By the `model_type` of a configuration."""

COLOURS_IN = ("video_preprocessor_config.json", "preprocessor_config.json")


class _Colours(msgspec.Struct):
    image_mean: tuple[float, float, float] | None = None
    image_std: tuple[float, float, float] | None = None


def colours_of(folder: Path, usual: Colours) -> Colours:
    """The checkpoint's scaling of colours; `usual` if the checkpoint has none."""
    for name in COLOURS_IN:
        path = folder / name
        if path.is_file():
            try:
                colours = msgspec.json.decode(path.read_bytes(), type=_Colours)
            except msgspec.DecodeError as error:
                raise ValueError(f"{path}: {error}; copy the checkpoint again") from error
            if colours.image_mean and colours.image_std:
                return Colours(colours.image_mean, colours.image_std)
    return usual


def encoder(folder: Path, config: Any, tokenizer: Any) -> "QwenEncoder":
    """The encoder of a Qwen-VL checkpoint."""
    vision, manner = config.vision_config, MANNERS[config.model_type]
    grid = Grid(vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size)
    manner = manner._replace(colours=colours_of(folder, manner.colours))
    return QwenEncoder(tokenizer, grid, config.video_token_id, manner)


@dataclass(frozen=True)
class QwenEncoder:
    """Turns as tokens and vectors of a Qwen-VL model; the video precedes the text."""

    tokenizer: Any
    grid: Grid
    video_token: int
    manner: Manner = MANNERS["qwen3_vl"]

    def alike(self, seen: Frames | None) -> Hashable:
        """See `Encoder`."""
        return seen is None

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
        shown = "" if turn.seen is None else self._shown(turn.seen)
        said = turn.text.replace("<|", "< |")  # text cannot imitate video tokens
        return self._ids(
            f"{self.manner.system}<|im_start|>user\n{shown}{said}<|im_end|>\n"
            "<|im_start|>assistant\n"
        )

    def _shown(self, seen: Frames) -> str:
        """Placeholders of a video's vectors in the text."""
        _, height, width, _ = seen.pictures.shape
        side = self.grid.factor_px
        tokens = max(1, round(height / side)) * max(1, round(width / side))
        times_s = patches.middles_s(seen.times_s, self.grid)
        if not self.manner.timed:
            pads = "<|video_pad|>" * (tokens * len(times_s))
            return f"<|vision_start|>{pads}<|vision_end|>"
        pads = f"<|vision_start|>{'<|video_pad|>' * tokens}<|vision_end|>"
        return "".join(f"<{time_s:.1f} seconds>{pads}" for time_s in times_s)

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
        tensors: Tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        tensors["mm_token_type_ids"] = 2 * (tensors["input_ids"] == self.video_token).int()
        return tensors | self._seen([turn.seen for turn in turns if turn.seen is not None])

    def _seen(self, videos: Sequence[Frames]) -> Tensors:
        """The concatenated vectors of all videos."""
        import torch

        if not videos:
            return {}
        packed = [patches.pack(video.pictures, self.grid, self.manner.colours) for video in videos]
        values = np.concatenate([video.values for video in packed])
        sizes = [(video.steps, video.rows, video.columns) for video in packed]
        tensors = {
            "pixel_values_videos": torch.from_numpy(values),
            "video_grid_thw": torch.tensor(sizes),
        }
        if self.manner.spaced:
            tensors["second_per_grid_ts"] = torch.tensor(
                [self.grid.frames * video.duration_s / len(video.pictures) for video in videos]
            )
        return tensors
