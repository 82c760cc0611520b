"""Atomic output files and folders, and checks that protect the files of others."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial-"
"""Prefix of files and folders left by killed processes, which are ignored."""

MOST_NAMED: int = 3
"""Entries of a folder that an error names."""


def check_folder(
    folder: Path,
    *,
    own: bool,
    command: str,
    inputs: Iterable[Path] = (),
    overwrite: bool | None = None,
    replaced: str = "",
) -> None:
    """Raises `ValueError` unless a command may write to a folder.

    It may if the folder is missing or empty, if the command wrote it (`own`), or with `overwrite`,
    which is None for commands without that option; `replaced` names the files that the option
    replaces. It never may if the folder is or contains one of the inputs.

    >>> check_folder(Path("/"), own=False, command="qagen build", inputs=[Path("/tmp")])
    Traceback (most recent call last):
    ...
    ValueError: /: is or holds the input /tmp; name a folder outside of it
    """
    target = folder.resolve()
    for path in inputs:
        if path.resolve().is_relative_to(target):
            raise ValueError(f"{folder}: is or holds the input {path}; name a folder outside of it")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ValueError(f"{folder}: is a file; name a new or empty folder")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith(PARTIAL))
    if own or overwrite or not names:
        return
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    option = f", or give --overwrite to replace {replaced} in it" if overwrite is not None else ""
    raise ValueError(
        f"{folder}: holds {', '.join(names[:MOST_NAMED])}{more}, which this `{command}` did not "
        f"write; name a new or empty folder{option}"
    )


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to in the block; the file or folder moves to `path` if the block succeeds.

    It is in a temporary folder beside the target. An existing folder at `path` is replaced.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole(Path(folder, "note")) as partial:
    ...         _ = partial.write_text("a")
    ...     [path.name for path in Path(folder).iterdir()]
    ['note']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=path.parent) as folder:
        partial, old = Path(folder, path.name), Path(folder, f"{path.name}.old")
        yield partial
        if path.is_dir():
            path.replace(old)
        try:
            partial.replace(path)
        except BaseException:
            if old.exists():
                old.replace(path)
            raise


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file atomically."""
    with whole(path) as partial:
        partial.write_bytes(data)
