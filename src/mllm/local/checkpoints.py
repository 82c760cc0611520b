"""Complete checkpoints of a training, and clear errors for full disks and memory."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATE = "trainer_state.json"
"""Written last, so a checkpoint that contains it is complete."""

_NAMED = re.compile(r"checkpoint-(\d+)\Z")

_DISK = re.compile(
    r"No space left|File too large|Disk quota|I/O error|PytorchStreamWriter|inline_container",
    re.IGNORECASE,
)
"""Messages of torch and safetensors about files that could not be written."""


def last_whole(folder: Path) -> Path | None:
    """The latest complete checkpoint; None if there is none."""
    whole = {
        int(named[1]): path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (named := _NAMED.match(path.name)) and _whole(path)
    }
    return whole[max(whole)] if whole else None


def _whole(path: Path) -> bool:
    try:
        state = json.loads((path / STATE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(state, dict) and "global_step" in state


@contextmanager
def plain_words(out: Path) -> Iterator[None]:
    """Converts errors of full disks and memory to a `ValueError` with the cure.

    >>> with plain_words(Path("run")):
    ...     raise RuntimeError("No space left on device")
    Traceback (most recent call last):
    ...
    ValueError: run: cannot be written (No space left on device); free disk space and use --resume
    """
    import torch
    from safetensors import SafetensorError

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(
            f"{out}: the memory of the device is full; use a smaller --batch and more "
            "--accumulate, fewer --frames or --pixels, or --recompute"
        ) from error
    except (RuntimeError, OSError, SafetensorError) as error:
        if not _DISK.search(str(error)):
            raise
        first = str(error).splitlines()[0]
        raise ValueError(
            f"{out}: cannot be written ({first}); free disk space and use --resume"
        ) from error
