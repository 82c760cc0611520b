"""Supervised fine-tuning on a single device, or on many by `torchrun` or `accelerate launch`.

The training loop is transformers' `Trainer`, the low-rank updates are peft's. The output folder
holds the recipe, checkpoints to resume from, the curve, and finally the adapter, or the model if
the rank is 0.
"""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kinematics import output
from mllm import frames
from mllm.export.samples import Sample
from mllm.local import checkpoints, fuse, model
from mllm.local.model import Loaded, Precision
from mllm.local.recipe import Extent, Footprint, Part, Recipe, footprint, part_of

RECIPE = "recipe.json"
CURVE = "curve.jsonl"
CHECKPOINTS = "checkpoints"

KEPT_VIDEOS = 16

KEPT_CHECKPOINTS = 2


class Ready(NamedTuple):
    """A training that is ready to start."""

    loaded: Loaded
    recipe: Recipe
    examples: Sequence[Sample]
    learning: dict[Part, int]
    """Numbers of trained weights, by part."""
    whole: dict[Part, int]
    """Numbers of all weights, by part."""
    memory: Footprint
    tokens: int
    """Of the first example."""


def prepare(
    folder: Path,
    examples: Sequence[Sample],
    recipe: Recipe,
    *,
    device: str = "auto",
    precision: Precision = "auto",
) -> Ready:
    """Loads the model, selects its trained parts, and measures the first example."""
    if not examples:
        raise ValueError("no examples to train on; is the train side of the data set empty?")
    loaded = model.load(folder, device=device, precision=precision)
    whole = _count(loaded.model, learning_alone=False)
    if missing := [part for part in recipe.parts if not whole.get(part)]:
        raise ValueError(f"{folder}: no {' and no '.join(missing)} to train")
    chosen = _choose(loaded.model, recipe)
    for weights in chosen.parameters():  # small steps vanish in bf16; passes still run in it
        if weights.requires_grad:
            weights.data = weights.data.float()
    loaded = loaded._replace(model=chosen)
    batch = loaded.encoder.teaching([turn_of(examples[0], recipe)])
    tokens = batch["input_ids"].shape[1]
    learning = _count(chosen, learning_alone=True)
    extent = _extent(loaded, batch, sum(whole.values()), sum(learning.values()))
    memory = footprint(extent, recipe)
    wider = extent.learning * (4 - extent.weight_bytes)  # trained weights are in single precision
    memory = memory._replace(weights=memory.weights + wider)
    return Ready(loaded, recipe, examples, learning, whole, memory, tokens)


def turn_of(sample: Sample, recipe: Recipe) -> Any:
    """An example with its frames, as input of an encoder."""
    from mllm.local.chat import Turn

    return Turn(sample.text, frames.sample(sample.video, recipe.sampling), sample.reply)


def _choose(loaded: Any, recipe: Recipe) -> Any:
    """The model with low-rank updates, or with its chosen parts trainable."""
    import torch

    linear, whole = [], []
    for name, module in loaded.named_modules():
        part = part_of(name)
        leaf = not any(True for _ in module.children()) and any(True for _ in module.parameters())
        if part == "projector" and leaf and "projector" in recipe.parts:
            whole.append(name)
        elif part in recipe.parts and isinstance(module, torch.nn.Linear) and name != "lm_head":
            linear.append(name)
    if recipe.rank == 0 or not linear:  # a projector alone has no low-rank updates
        for name, weights in loaded.named_parameters():
            weights.requires_grad_(part_of(name) in recipe.parts)
        return loaded
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(recipe.seed)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=linear,
        modules_to_save=whole or None,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(loaded, config)


def _count(loaded: Any, *, learning_alone: bool) -> dict[Part, int]:
    counts: dict[Part, int] = {}
    for name, weights in loaded.named_parameters():
        if weights.requires_grad or not learning_alone:
            part = part_of(name)
            counts[part] = counts.get(part, 0) + weights.numel()
    return counts


def _extent(loaded: Loaded, batch: dict[str, Any], weights: int, learning: int) -> Extent:
    config = loaded.model.config
    text = config.get_text_config()
    vision = getattr(config, "vision_config", None)
    return Extent(
        weights,
        loaded.dtype.itemsize,
        learning,
        text.num_hidden_layers,
        text.hidden_size,
        batch["input_ids"].shape[1],
        getattr(vision, "num_hidden_layers", getattr(vision, "depth", 0)) or 0,
        getattr(vision, "hidden_size", 0) or 0,
        sum(_patches(batch[name], vision) for name in batch if name.startswith("pixel_values")),
        text.vocab_size,
    )


def _patches(pixels: Any, vision: Any) -> int:
    """Number of vectors of pictures: rows of vectors, or squares of whole pictures."""
    if pixels.ndim < 4:
        return pixels.shape[0]
    side = getattr(vision, "patch_size", None) or 16
    side = side if isinstance(side, int) else side[0]
    return pixels.numel() // (pixels.shape[-3] * side * side)


def run(ready: Ready, out: Path, *, resume: bool = False) -> Path:
    """Trains and returns the folder of the adapter or model; equal seeds give equal curves."""
    from transformers import Trainer, set_seed

    if first_process():
        inputs = [Path(ready.loaded.model.config.name_or_path), ready.examples[0].video]
        _begin(out, ready.recipe, inputs, resume=resume)
    set_seed(ready.recipe.seed)
    trainer = Trainer(
        model=ready.loaded.model,
        args=_settings(ready, out),
        train_dataset=list(ready.examples),
        data_collator=_collator(ready),
    )
    last = checkpoints.last_whole(out / CHECKPOINTS) if resume else None
    home = out / ("adapter" if hasattr(ready.loaded.model, "peft_config") else "model")
    with checkpoints.plain_words(out):
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        if trainer.is_world_process_zero():
            rows = [msgspec.json.encode(entry) + b"\n" for entry in trainer.state.log_history]
            output.write_bytes(out / CURVE, b"".join(rows))
            _keep(ready.loaded, home)
    return home


def _keep(loaded: Loaded, home: Path) -> None:
    """Saves the adapter (or model) atomically."""
    whole = home.name == "model"
    tuned = loaded.model.to(loaded.dtype) if whole else loaded.model
    with output.whole(home) as partial:
        tuned.save_pretrained(partial)
        if whole:
            getattr(loaded.encoder, "processor", loaded.encoder.tokenizer).save_pretrained(partial)
            fuse.copy_beside(Path(tuned.config.name_or_path), partial)


def first_process() -> bool:
    """Whether this is the first process of a distributed training, or the only process."""
    return os.environ.get("RANK", "0") == "0"


def _begin(out: Path, recipe: Recipe, inputs: Sequence[Path], *, resume: bool) -> None:
    """Creates the folder of a training, or checks that a resumed training has the same recipe."""
    path = out / RECIPE
    output.check_folder(out, own=path.is_file(), command="mllm finetune", inputs=inputs)
    if path.is_file():
        if not resume:
            raise ValueError(
                f"{out}: contains a training; continue with --resume, or name another folder"
            )
        if msgspec.json.decode(path.read_bytes(), type=Recipe) != recipe:
            raise ValueError(f"{out}: was started with another recipe; use that of {path}")
        return
    output.write_bytes(path, msgspec.json.format(msgspec.json.encode(recipe)) + b"\n")


def _collator(ready: Ready) -> Callable[[Sequence[Sample]], dict[str, Any]]:
    """Converts samples to tensors; consecutive questions about a video share its frames."""
    from mllm.local.chat import Turn

    look = functools.lru_cache(maxsize=KEPT_VIDEOS)(frames.sample)

    def collate(samples: Sequence[Sample]) -> dict[str, Any]:
        sampling = ready.recipe.sampling
        turns = [Turn(each.text, look(each.video, sampling), each.reply) for each in samples]
        return ready.loaded.encoder.teaching(turns)

    return collate


def _settings(ready: Ready, out: Path) -> Any:
    import torch
    from transformers import TrainingArguments

    recipe = ready.recipe
    return TrainingArguments(
        output_dir=str(out / CHECKPOINTS),
        num_train_epochs=recipe.epochs,
        max_steps=recipe.most_steps,
        learning_rate=recipe.rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup,
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        **_recomputing(TrainingArguments, recipe),
        bf16=ready.loaded.dtype == torch.bfloat16,
        use_cpu=ready.loaded.device == "cpu",
        seed=recipe.seed,
        data_seed=recipe.seed,
        logging_steps=1 if recipe.most_steps in range(1, 1000) else 10,
        save_steps=0.1,
        save_total_limit=KEPT_CHECKPOINTS,
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
    )


def _recomputing(arguments: Any, recipe: Recipe) -> dict[str, bool]:
    """The setting under its name in transformers, which differs among supported versions."""
    names = ("activation_checkpointing", "gradient_checkpointing")
    known = next(name for name in names if name in arguments.__dataclass_fields__)
    return {known: True} if recipe.recompute else {}


def told(ready: Ready) -> str:
    """A description of the training and its estimated memory, to read before the start."""
    recipe, gigabyte = ready.recipe, 1e9
    lines = [f"{len(ready.examples):,} examples of about {ready.tokens:,} tokens"]
    for part, count in ready.whole.items():
        learns = ready.learning.get(part, 0)
        how = "frozen" if not learns else "trained" if learns >= count else "trained by updates"
        lines.append(f"{part:<10} {count:>15,} weights, {how}" + f" ({learns:,})" * bool(learns))
    each = ", ".join(
        f"{name} {size / gigabyte:.2f}" for name, size in ready.memory._asdict().items()
    )
    lines.append(f"memory: about {ready.memory.total / gigabyte:.2f} GB a device ({each})")
    length = f"{recipe.most_steps} steps" if recipe.most_steps > 0 else f"{recipe.epochs:g} epochs"
    lines.append(
        f"{length} of {recipe.batch} x {recipe.accumulate} a device, rate {recipe.rate:g}, "
        f"{recipe.sampling.max_frames} frames, on {ready.loaded.device}"
    )
    return "\n".join(lines)
