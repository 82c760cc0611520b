"""Parquet files that `datasets.load_dataset` reads; needs pyarrow (the extra `data`).

Videos and pictures are stored as paths, not bytes: the table stays small, and a clip with many
questions is stored once.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mllm.export.samples import Sample
from mllm.export.training import trl

MOST_ROWS = 100_000
"""Most rows of one group: a reader holds one group in memory at a time."""


def require() -> Any:
    """The module `pyarrow`; a `ValueError` says how to install it if it is missing.

    >>> require().__name__
    'pyarrow'
    """
    try:
        import pyarrow
    except ImportError as error:
        raise ValueError(
            "Parquet needs pyarrow, which is not installed; "
            "run `pip install 'kinematics-qa[data]'` and try again"
        ) from error
    return pyarrow


def write(samples: Iterable[Sample], path: Path, *, out: Path) -> int:
    """Writes questions with a column of videos; `out` is the final folder of the videos."""
    arrow = require()
    text, texts = arrow.string(), arrow.list_(arrow.string())
    video = arrow.struct([("bytes", arrow.binary()), ("path", text)])
    columns = {
        "id": text, "video": video, "prompt": text, "response": text, "question": text,
        "options": texts, "answer": text, "answer_index": arrow.int32(), "reference": text,
        "claims": texts, "suite": text, "task": text,
        "family": text, "chance": arrow.float64(), "reasoning": texts, "clip": text,
        "duration_s": arrow.float64(),
    }  # fmt: skip
    row = partial(_row, out=out)
    return _write(samples, path, columns, row, media={"video": "Video"})


def _row(sample: Sample, out: Path) -> dict[str, Any]:
    record = sample.record
    return {
        "id": record.id,
        "video": {"bytes": None, "path": str(out / sample.place)},
        "prompt": sample.text,
        "response": sample.reply,
        "question": record.question,
        "options": record.options,
        "answer": record.answer,
        "answer_index": record.answer_index,
        "reference": record.reference,
        "claims": record.claims,
        "suite": record.suite,
        "task": record.task,
        "family": record.family,
        "chance": record.chance,
        "reasoning": record.reasoning,
        "clip": record.clip,
        "duration_s": sample.duration_s,
    }


def write_conversations(
    samples: Iterable[Sample], path: Path, pictures: Mapping[str, list[Path]]
) -> int:
    """Writes conversations for TRL; `pictures` are the frames by the path of the video."""
    arrow = require()
    turns = arrow.list_(arrow.struct([("role", arrow.string()), ("content", arrow.string())]))
    image = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    columns = {"prompt": turns, "completion": turns, "images": arrow.list_(image)}

    def row(sample: Sample) -> dict[str, Any]:
        shown = [{"bytes": None, "path": str(one)} for one in pictures[sample.place]]
        return {**trl(sample), "images": shown}

    return _write(samples, path, columns, row, media={"images": ["Image"]})


def _write(
    samples: Iterable[Sample],
    path: Path,
    columns: Mapping[str, Any],
    row: Callable[[Sample], dict[str, Any]],
    *,
    media: Mapping[str, Any],
) -> int:
    """Writes group by group; the schema names the types of media columns for `datasets`."""
    arrow = require()
    from pyarrow import parquet

    features = {name: _feature(kind) for name, kind in columns.items()}
    features |= {
        name: [{"_type": kind[0]}] if isinstance(kind, list) else {"_type": kind}
        for name, kind in media.items()
    }
    told = json.dumps({"info": {"features": features}})
    schema = arrow.schema(list(columns.items()), metadata={"huggingface": told})
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        rows: list[dict[str, Any]] = []
        for sample in samples:
            rows.append(row(sample))
            count += 1
            if len(rows) == MOST_ROWS:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                rows.clear()
        writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
    return count


def _feature(kind: Any) -> Any:
    """A column's type as `datasets` describes it."""
    arrow = require()
    if arrow.types.is_list(kind):
        return {"_type": "List", "feature": _feature(kind.value_type)}
    if arrow.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    return {"_type": "Value", "dtype": {"double": "float64"}.get(str(kind), str(kind))}
