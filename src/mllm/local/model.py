"""Models loaded from local folders, and answers by them; needs torch and transformers.

Any model that transformers loads as image-text-to-text works, with or without a LoRA adapter.
Nothing is downloaded, no code of a checkpoint is run, and weights must be safetensors.
"""

import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import msgspec

from mllm import frames
from mllm.evaluation.answering import Asked, Reply, Sees, Setting, StoppedError
from mllm.frames import Frames

Precision = Literal["auto", "bf16", "f32"]
"""`auto` is bf16 on a GPU that supports it, and f32 elsewhere."""

TRIED = (
    "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "internvl", "llava_onevision",
    "llava_next_video", "video_llava", "smolvlm",
)  # fmt: skip
"""Tested kinds of models; others that transformers loads the same way may work."""

ADAPTER = "adapter_config.json"

KEPT_VIDEOS = 8


class Loaded(NamedTuple):
    """A loaded model and its encoder."""

    model: Any
    encoder: Any
    device: str
    dtype: Any
    """Of the weights when they were loaded."""


def require() -> Any:
    """The module `torch`; a `ValueError` with the cure if it is not installed."""
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise ValueError(
            "models need torch and transformers, which are not installed; "
            "run `pip install 'kinematics-qa[mllm]'` and try again"
        ) from error
    return torch


def load(
    folder: Path,
    *,
    adapter: Path | None = None,
    device: str = "auto",
    precision: Precision = "auto",
) -> Loaded:
    """A model from a folder; a `ValueError` names the folder's problem."""
    torch = require()
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText

    from mllm.local.chat import encoder_of

    check(folder, adapter)
    where = _device(torch) if device == "auto" else device
    dtype = _dtype(torch, where, precision)
    config = _configuration(folder)
    encoder = encoder_of(folder, config)  # fails early, before weights are read
    try:
        model, report = AutoModelForImageTextToText.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        raise ValueError(f"{folder}: the model cannot be loaded ({error})") from error
    if lost := sorted(report["missing_keys"]):  # they would be random
        raise ValueError(
            f"{folder}: {len(lost)} weights are missing, such as {lost[0]}; copy all files again"
        )
    if adapter is not None:
        model = adapted(model, adapter)
    return Loaded(model.to(where).eval(), encoder, where, dtype)


def _configuration(folder: Path) -> Any:
    """The configuration of a model that transformers loads as image-text-to-text."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(
            f"{folder}: the model cannot be loaded ({error}). Code in checkpoints is not run: use "
            "the checkpoint that was converted for transformers, often named -hf"
        ) from error
    if type(config) not in AutoModelForImageTextToText._model_mapping:
        raise ValueError(
            f"{folder}: transformers does not load models of the kind {config.model_type} as "
            f"image-text-to-text; expected a kind such as {', '.join(TRIED)}"
        )
    return config


def _device(torch: Any) -> str:
    """A GPU if there is any; each process of a distributed training has its own."""
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"


def adapted(model: Any, adapter: Path) -> Any:
    """The model with a LoRA adapter merged into its weights."""
    from peft import PeftModel
    from safetensors import SafetensorError

    try:
        both = PeftModel.from_pretrained(model, str(adapter))
        return both.merge_and_unload(safe_merge=True)
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, SafetensorError) as error:
        raise ValueError(
            f"{adapter}: not an adapter of this model ({error}); use the model it was trained on"
        ) from error


def check(folder: Path, adapter: Path | None = None) -> None:
    """Raises a `ValueError` that names everything missing in the folders."""
    needs = [(folder, "config.json")] + ([(adapter, ADAPTER)] if adapter else [])
    problems = [f"{home}: no {name}" for home, name in needs if not (home / name).is_file()]
    for home, _ in needs:
        if not list(home.glob("*.safetensors")):
            problems.append(f"{home}: no .safetensors")
    if problems:
        raise ValueError("; ".join(problems) + "; expected the folder of a checkpoint")


def _dtype(torch: Any, device: str, precision: Precision) -> Any:
    if precision == "auto":
        able = device.startswith("cuda") and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if able else torch.float32
    return {"bf16": torch.bfloat16, "f32": torch.float32}[precision]


@dataclass(frozen=True, kw_only=True)
class Local:
    """A local model as an answerer; `sees="text"` makes it a blind baseline."""

    folder: Path
    adapter: Path | None = None
    sees: Sees = "video"
    batch: int = 4
    max_tokens: int = 512
    device: str = "auto"
    precision: Precision = "auto"
    name: str = ""

    def __post_init__(self) -> None:
        checks = {
            f"batch: {self.batch}; expected 1 to 4096": 1 <= self.batch <= 4096,
            f"max tokens: {self.max_tokens}; expected 1 to 100000": 1 <= self.max_tokens <= 100_000,
        }
        if problems := [problem for problem, holds in checks.items() if not holds]:
            raise ValueError("; ".join(problems))
        check(self.folder, self.adapter)
        if not self.name:
            known = [self.folder.name] + ([self.adapter.name] if self.adapter else [])
            blind = " (text only)" if self.sees == "text" else ""
            object.__setattr__(self, "name", "+".join(known) + blind)

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Everything that determines the replies; weights are identified by file size and time."""
        return {
            "model": str(self.folder),
            "weights": _stamp(self.folder),
            "adapter": str(self.adapter) if self.adapter else None,
            "adapter weights": _stamp(self.adapter) if self.adapter else None,
            "max_tokens": self.max_tokens,
            "precision": self._precision,
        }

    @property
    def _precision(self) -> str:
        """The precision on this machine, so that a run resumed elsewhere is not a mixture."""
        torch = require()
        where = _device(torch) if self.device == "auto" else self.device
        return "bf16" if _dtype(torch, where, self.precision) == torch.bfloat16 else "f32"

    @cached_property
    def _loaded(self) -> Loaded:
        return load(self.folder, adapter=self.adapter, device=self.device, precision=self.precision)

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """Greedy replies, batch by batch, in the order of the questions."""
        try:
            loaded = self._loaded
        except ValueError as error:
            raise StoppedError(str(error)) from error
        look = lru_cache(maxsize=KEPT_VIDEOS)(frames.sample)
        batch: list[tuple[Asked, Frames | None]] = []
        for question in asked:
            try:
                wanted = self.sees == "video" and question.video is not None
                seen = (
                    look(cast(Path, question.video), question.sampling, question.stretch)
                    if wanted
                    else None
                )
            except ValueError as error:
                yield Reply(key=question.key, problem=str(error))
                continue
            batch.append((question, seen))
            if len(batch) == self.batch:
                yield from self._together(loaded, batch)
                batch = []
        if batch:
            yield from self._together(loaded, batch)

    def _together(
        self, loaded: Loaded, batch: Sequence[tuple[Asked, Frames | None]]
    ) -> Iterator[Reply]:
        from mllm.local import generation
        from mllm.local.chat import Turn

        parts: dict[Hashable, list[tuple[Asked, Frames | None]]] = {}
        for question, seen in batch:
            parts.setdefault(loaded.encoder.alike(seen), []).append((question, seen))
        for part in parts.values():
            try:
                turns = [Turn(question.text, seen) for question, seen in part]
                written = generation.write(
                    loaded.model, loaded.encoder, turns, max_tokens=self.max_tokens
                )
            except generation.FullMemoryError as error:
                raise StoppedError(f"{self.name}: {error}") from error
            except ValueError as error:  # the encoder rejects a turn: retry them singly
                for single in part if len(part) > 1 else ():
                    yield from self._together(loaded, [single])
                if len(part) == 1:
                    yield Reply(key=part[0][0].key, problem=str(error))
                continue
            for (question, seen), reply in zip(part, written, strict=True):
                yield Reply(
                    key=question.key,
                    text=reply.text,
                    frames=0 if seen is None else len(seen.pictures),
                    prompt_tokens=reply.prompt_tokens,
                    completion_tokens=reply.completion_tokens,
                )


def at(folder: Path, **options: Any) -> Local:
    """The answerer of a checkpoint, or of a LoRA adapter, whose settings name its base.

    The options are those of `Local`.
    """
    settings = folder / ADAPTER
    if not settings.is_file():
        return Local(folder=folder, **options)
    try:
        base = msgspec.json.decode(settings.read_bytes(), type=_Adapter).base_model_name_or_path
    except msgspec.DecodeError as error:
        raise ValueError(f"{settings}: not the settings of an adapter ({error})") from error
    if not base or not Path(base).is_dir():
        raise ValueError(
            f"{settings}: base_model_name_or_path is {base!r}, which is not a folder; write the "
            "base model's folder into it"
        )
    return Local(folder=Path(base), adapter=folder, **options)


class _Adapter(msgspec.Struct):
    base_model_name_or_path: str | None = None


def _stamp(folder: Path) -> str:
    """Identifies a folder's weights without reading them."""
    files = [(path.name, path.stat()) for path in sorted(folder.glob("*.safetensors"))]
    return ", ".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in files)
