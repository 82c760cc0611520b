"""Parameter fusion: interpolated weights of a base and a tuned model; needs torch.

It goes tensor by tensor and file by file, so that large models need little memory.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kinematics import output
from mllm.local import model

INDEX = "model.safetensors.index.json"

BESIDE = ("*.json", "*.jinja", "*.txt", "*.model")
"""Files of a checkpoint beside its weights."""

MOST_NAMED = 5


def fuse(base: Path, tuned: Path, out: Path, *, weight: float) -> int:
    """Writes base + weight * (tuned - base) and returns the number of tensors.

    0 gives the base's weights bit for bit, 1 the tuned model's. `tuned` is a checkpoint of the same
    shape, or a LoRA adapter of the base. `out` must not exist.
    """
    if not -1 <= weight <= 2:
        raise ValueError(f"weight: {weight:g}; expected 0 (the base) to 1 (the tuned model)")
    if out.exists():
        raise ValueError(f"{out}: already exists; name another folder, or remove it")
    torch = model.require()
    from safetensors import SafetensorError

    model.check(base)
    try:
        with output.whole(out) as partial:
            if (tuned / model.ADAPTER).is_file():
                merged = partial.with_name(f"{out.name}.merged")
                _merge(base, tuned, merged)
                tuned = merged
            model.check(tuned)
            partial.mkdir()
            return _write(torch, base, tuned, partial, weight)
    except SafetensorError as error:
        raise ValueError(
            f"{out}: cannot be written ({error}); free disk space and try again"
        ) from error


def _merge(base: Path, adapter: Path, out: Path) -> None:
    """Writes the base with the adapter at full weight, as a checkpoint."""
    from transformers import AutoModelForImageTextToText

    model.check(base, adapter)
    loaded = AutoModelForImageTextToText.from_pretrained(
        base, local_files_only=True, use_safetensors=True, dtype="auto"
    )
    model.adapted(loaded, adapter).save_pretrained(out)
    copy_beside(base, out)


def copy_beside(base: Path, out: Path) -> None:
    """Copies a checkpoint's files except weights, without overwriting files in `out`."""
    for pattern in BESIDE:
        for path in base.glob(pattern):
            if not (out / path.name).exists() and path.name != INDEX:
                shutil.copyfile(path, out / path.name)


def _write(torch: Any, base: Path, tuned: Path, out: Path, weight: float) -> int:
    """Writes the fused weights in the file layout of the base."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    theirs = dict(_tensors(tuned))
    _check_same(dict(_tensors(base)), theirs, base, tuned)
    count = 0
    for path in sorted(base.glob("*.safetensors")):
        fused = {}
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 (no mapping)
                with safe_open(theirs[name][0], framework="pt") as source:
                    ends = file.get_tensor(name), source.get_tensor(name)
                    fused[name] = between(torch, *ends, weight)
        save_file(fused, out / path.name, metadata={"format": "pt"})
        count += len(fused)
    for pattern in BESIDE:
        for path in tuned.glob(pattern):
            if path.name != INDEX:
                shutil.copyfile(path, out / path.name)
    if (base / INDEX).is_file():
        shutil.copyfile(base / INDEX, out / INDEX)
    return count


def between(torch: Any, base: Any, tuned: Any, weight: float) -> Any:
    """The interpolated tensor, of the base's type; weights 0 and 1 are exact."""
    if weight in (0, 1):
        return (tuned if weight else base).clone()
    if not base.is_floating_point():
        return tuned.clone()
    wide = torch.promote_types(base.dtype, torch.float32)
    mixed = base.to(wide) + weight * (tuned.to(wide) - base.to(wide))
    return mixed.to(base.dtype)


def _tensors(folder: Path) -> Iterator[tuple[str, tuple[Path, tuple[Any, ...]]]]:
    """The name of each tensor with its file, shape and type."""
    from safetensors import SafetensorError, safe_open

    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 (no mapping)
                    part = file.get_slice(name)
                    yield name, (path, (tuple(part.get_shape()), part.get_dtype()))
        except SafetensorError as error:
            raise ValueError(f"{path}: not a safetensors file ({error}); copy it again") from error


def _check_same(ours: dict[str, Any], theirs: dict[str, Any], base: Path, tuned: Path) -> None:
    problems = [f"{name} is missing in {tuned}" for name in ours if name not in theirs]
    problems += [f"{name} is missing in {base}" for name in theirs if name not in ours]
    for name in ours:
        if name in theirs and ours[name][1] != theirs[name][1]:
            problems.append(f"{name} is {ours[name][1]} and {theirs[name][1]}")
    if problems:
        more = f"; {len(problems) - MOST_NAMED} more" if len(problems) > MOST_NAMED else ""
        raise ValueError(
            f"{base} and {tuned} cannot be fused: {'; '.join(problems[:MOST_NAMED])}{more}. Use "
            "a checkpoint and a model that was tuned from it, in the same precision"
        )
