"""Encoder that uses the processor and chat template of a checkpoint.

Processors that accept videos get videos with the times of their frames; others get the frames as
pictures. Videos need torchvision, which transformers uses for them.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mllm.frames import Frames
from mllm.local import turns as joining
from mllm.local.turns import Tensors, Turn

TICKS = 1000.0
"""Ticks per second; processors get times of frames in ticks."""


def encoder(folder: Path, kind: str) -> "ProcessorEncoder":
    """The encoder of a checkpoint; a `ValueError` names what it lacks."""
    from transformers import AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision of another torch
        raise ValueError(
            f"{folder}: the processor of {kind} needs another package: {_first_line(error)}; "
            "processors of videos need `pip install torchvision`, in the build that matches torch, "
            "and that of SmolVLM num2words too"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder}: the processor of {kind} cannot be loaded ({_first_line(error)}); copy "
            "all files of the checkpoint, not only its weights"
        ) from error
    problems = []
    if not (_of_videos(processor) or getattr(processor, "image_processor", None)):
        problems.append("its processor accepts neither videos nor pictures")
    if not getattr(processor, "chat_template", None):
        problems.append(
            "it has no chat template; use a checkpoint that was tuned to follow instructions"
        )
    if problems:
        raise ValueError(f"{folder}: {kind}: {'; '.join(problems)}")
    return ProcessorEncoder(processor)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _of_videos(processor: Any) -> bool:
    return getattr(processor, "video_processor", None) is not None


@dataclass(frozen=True)
class ProcessorEncoder:
    """Turns through a processor, encoded singly."""

    processor: Any

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.processor.tokenizer

    def alike(self, seen: Frames | None) -> Hashable:
        """See `Encoder`."""
        return None if seen is None else seen.pictures.shape

    def asking(self, turns: Sequence[Turn]) -> Tensors:
        """See `Encoder`."""
        prompts = [self._prompt(turn) for turn in turns]
        return joining.joined(prompts, pad=self._pad, left=True)

    def teaching(self, turns: Sequence[Turn]) -> Tensors:
        """See `Encoder`. Replies include the end token."""
        ending = self.tokenizer.eos_token or ""
        examples = []
        for turn in turns:
            reply = self.tokenizer(turn.reply + ending, add_special_tokens=False)["input_ids"]
            examples.append(joining.answered(self._prompt(turn), reply))
        return joining.joined(examples, pad=self._pad, left=False)

    @property
    def _pad(self) -> int:
        pad = self.tokenizer.pad_token_id
        return self.tokenizer.eos_token_id if pad is None else pad

    @cached_property
    def _special(self) -> tuple[str, ...]:
        """Special tokens, longest first."""
        added = self.tokenizer.added_tokens_decoder.values()
        own = [getattr(self.processor, name, None) for name in ("image_token", "video_token")]
        words = {str(word) for word in added if word.special} | {word for word in own if word}
        return tuple(sorted((word for word in words if len(word) > 1), key=len, reverse=True))

    def _prompt(self, turn: Turn) -> Tensors:
        said = turn.text
        for word in self._special:  # text cannot imitate video tokens
            said = said.replace(word, f"{word[0]} {word[1:]}")
        content = [*self._places(turn.seen), {"type": "text", "text": said}]
        text = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        begin = self.tokenizer.bos_token
        begun = begin is not None and text.startswith(begin)
        shown = self._shown(turn.seen)
        return dict(
            self.processor(text=[text], return_tensors="pt", add_special_tokens=not begun, **shown)
        )

    def _places(self, seen: Frames | None) -> list[dict[str, str]]:
        if seen is None:
            return []
        if _of_videos(self.processor):
            return [{"type": "video"}]
        return [{"type": "image"}] * len(seen.pictures)

    def _shown(self, seen: Frames | None) -> dict[str, Any]:
        if seen is None:
            return {}
        if _of_videos(self.processor):
            return {
                "videos": [list(seen.pictures)],
                "video_metadata": [told(seen)],
                "do_sample_frames": False,
            }
        from PIL import Image

        return {"images": [[Image.fromarray(picture) for picture in seen.pictures]]}


def told(seen: Frames) -> dict[str, Any]:
    """Metadata of a video for a processor, with the time of each frame.

    >>> import numpy as np
    >>> frames = Frames(np.zeros((2, 4, 6, 3), np.uint8), np.array([0.25, 0.75]), 1.0)
    >>> told(frames)["frames_indices"], told(frames)["total_num_frames"]
    ([250, 750], 1000)
    """
    _, height, width, _ = seen.pictures.shape
    return {
        "fps": TICKS,
        "total_num_frames": max(1, round(seen.duration_s * TICKS)),
        "duration": seen.duration_s,
        "frames_indices": [round(time_s * TICKS) for time_s in seen.times_s.tolist()],
        "height": height,
        "width": width,
    }
