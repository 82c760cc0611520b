"""Facts as tables: rows of plain data, or frames of pandas or polars, which are optional.

Every table begins with the columns `clip` and `person`; the names of other columns contain their
units. Movements in metres have no values in the columns in radians, and vice versa.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from kinematics.facts import (
    ANGULAR_SIGNALS,
    Event,
    MotionFacts,
    PartFacts,
    PathSample,
    PathShape,
    Posture,
    VerticalEpisode,
    WindowFacts,
)
from kinematics.parts import DIRECTIONS

Table = Literal["clips", "quarters", "events", "episodes", "parts", "samples"]
"""One row per clip, quarter of a clip, movement event, vertical episode, body part, or sample of
the path."""

Library = Literal["pandas", "polars"]

Row = dict[str, Any]


class _Layout(NamedTuple):
    """The columns of a table after clip and person, with their types, and its rows for a clip."""

    columns: dict[str, type]
    rows: Callable[[MotionFacts], Iterator[Row]]


def _plain(annotation: Any) -> type:
    """The type of a column: that of a literal's values, or of an optional value."""
    if isinstance(annotation, type):
        return annotation
    (kind, *_) = [choice for choice in get_args(annotation) if choice is not NoneType]
    return kind if isinstance(kind, type) else type(kind)


def _columns_of(*structs: type[msgspec.Struct]) -> dict[str, type]:
    fields = [field for struct in structs for field in msgspec.structs.fields(struct)]
    return {field.name: _plain(field.type) for field in fields}


def _without(columns: dict[str, type], *names: str) -> dict[str, type]:
    return {name: kind for name, kind in columns.items() if name not in names}


def _clip(facts: MotionFacts) -> Iterator[Row]:
    values = msgspec.structs.asdict(facts)
    for part in (facts.whole, facts.shape, facts.posture):
        values |= msgspec.structs.asdict(part)
    values["coverage"] = facts.coverage
    yield {name: values[name] for name in _CLIP}


def _quarters(facts: MotionFacts) -> Iterator[Row]:
    for number, quarter in enumerate(facts.quarters, start=1):
        yield {"quarter": number, **msgspec.structs.asdict(quarter)}


def _event(event: Event) -> Row:
    angular = event.signal in ANGULAR_SIGNALS
    amounts = (event.amount, *event.quarter_amounts)
    speeds = (event.peak_speed, event.mean_speed)
    empty = (None,) * (len(amounts) + len(speeds))
    measured = (*amounts, *speeds)
    metres, radians = (empty, measured) if angular else (measured, empty)
    return {
        "signal": event.signal,
        "start_s": event.start_s,
        "end_s": event.end_s,
        **dict(zip(_METRES, metres, strict=True)),
        **dict(zip(_RADIANS, radians, strict=True)),
        "coverage": event.coverage,
    }


def _part(part: PartFacts) -> Row:
    nearest_m, furthest_m = part.distance_range or (None, None)
    return {
        "part": part.part,
        "group": part.group,
        "displacement_m": part.displacement,
        "path_m": part.path,
        "mean_speed_mps": part.mean_speed,
        "peak_speed_mps": part.peak_speed,
        **dict(zip(_SHARES, part.directions, strict=True)),
        "angle_range_rad": part.angle_range_rad,
        "nearest_m": nearest_m,
        "furthest_m": furthest_m,
        "near_share": part.near_share,
        "approach_m": part.approach,
        "above_share": part.above_share,
        "front_share": part.front_share,
        "repetitions": part.repetitions,
        "period_s": part.period_s,
        "coverage": part.coverage,
    }


_QUARTERS = range(1, 5)
_METRES = ("amount_m", *(f"quarter_{n}_m" for n in _QUARTERS), "peak_speed_mps", "mean_speed_mps")
_RADIANS = (
    "amount_rad",
    *(f"quarter_{n}_rad" for n in _QUARTERS),
    "peak_speed_rad_per_s",
    "mean_speed_rad_per_s",
)
_SHARES = tuple(f"{direction}_share" for direction in DIRECTIONS)

_CLIP: dict[str, type] = {
    **_without(
        _columns_of(MotionFacts),
        *("schema_version", "clip", "person", "notes", "samples", "parts"),
        *("events", "episodes", "whole", "quarters", "shape", "posture"),
    ),
    **_without(_columns_of(WindowFacts, PathShape, Posture), "start_s", "end_s", "coverage"),
}
_EVENT: dict[str, type] = {
    "signal": str,
    **dict.fromkeys(("start_s", "end_s", *_METRES, *_RADIANS, "coverage"), float),
}
_PART: dict[str, type] = {
    "part": str,
    "group": str,
    **dict.fromkeys(("displacement_m", "path_m", "mean_speed_mps", "peak_speed_mps"), float),
    **dict.fromkeys((*_SHARES, "angle_range_rad", "nearest_m", "furthest_m"), float),
    **dict.fromkeys(("near_share", "approach_m", "above_share", "front_share"), float),
    "repetitions": int,
    "period_s": float,
    "coverage": float,
}

_LAYOUTS: dict[str, _Layout] = {
    "clips": _Layout(_CLIP, _clip),
    "quarters": _Layout({"quarter": int, **_columns_of(WindowFacts)}, _quarters),
    "events": _Layout(_EVENT, lambda facts: map(_event, facts.events)),
    "episodes": _Layout(
        _columns_of(VerticalEpisode), lambda facts: map(msgspec.structs.asdict, facts.episodes)
    ),
    "parts": _Layout(_PART, lambda facts: map(_part, facts.parts)),
    "samples": _Layout(
        _columns_of(PathSample), lambda facts: map(msgspec.structs.asdict, facts.samples)
    ),
}


def _layout(table: str) -> _Layout:
    if table not in _LAYOUTS:
        raise ValueError(f"table {table!r}: expected one of {', '.join(_LAYOUTS)}")
    return _LAYOUTS[table]


def to_rows(facts: MotionFacts | Iterable[MotionFacts], table: Table) -> list[Row]:
    """The rows of a table of one clip or of many, as dictionaries with the same keys.

    >>> from kinematics import measure, synthetic
    >>> script = synthetic.walk(3.0).then(synthetic.turn(1.5), synthetic.pause(1.0))
    >>> facts = measure(synthetic.perform(script, clip="a").motion)
    >>> for row in to_rows(facts, "events"):
    ...     print(row["clip"], row["person"], row["signal"], round(row["end_s"], 1))
    a 0 forward 3.1
    a 0 start_distance 3.1
    a 0 heading 4.3
    """
    layout = _layout(table)
    clips = [facts] if isinstance(facts, MotionFacts) else facts
    return [
        {"clip": clip.clip, "person": clip.person, **row}
        for clip in clips
        for row in layout.rows(clip)
    ]


def to_frame(
    facts: MotionFacts | Iterable[MotionFacts], table: Table, *, library: Library | None = None
) -> Any:
    """A table of one clip or of many, as a `DataFrame` of `library`.

    By default that is pandas, or polars if pandas is not installed. Tables without rows have the
    same columns and types. Raises `ImportError` without the library; `to_rows` needs none.

    >>> from kinematics import measure, synthetic
    >>> script = synthetic.walk(3.0).then(synthetic.turn(1.5), synthetic.pause(1.0))
    >>> facts = measure(synthetic.perform(script, clip="a").motion)
    >>> frame = to_frame(facts, "events", library="pandas")
    >>> frame[["clip", "person", "signal", "amount_m", "amount_rad"]].round(1)
      clip  person          signal  amount_m  amount_rad
    0    a       0         forward       3.0         NaN
    1    a       0  start_distance       3.0         NaN
    2    a       0         heading       NaN         1.5
    """
    layout = _layout(table)
    rows = to_rows(facts, table)
    kinds = {"clip": str, "person": int, **layout.columns}
    columns = {name: [row[name] for row in rows] for name in kinds}
    name, module = _imported(library)
    if name == "polars":
        return module.DataFrame(columns, schema=kinds)
    return module.DataFrame(
        {name: module.Series(values, dtype=kinds[name]) for name, values in columns.items()}
    )


def _imported(library: Library | None) -> tuple[str, Any]:
    """The requested library, else the first installed one, and its module."""
    both = get_args(Library)
    if library not in (None, *both):
        raise ValueError(f"library {library!r}: expected one of {', '.join(both)}")
    wanted = both if library is None else (library,)
    for name in wanted:
        try:
            return name, import_module(name)
        except ModuleNotFoundError as error:
            if (
                error.name != name
            ):  # the library is installed, but one of its dependencies is missing
                raise
    names = " or ".join(wanted)
    raise ImportError(f"to_frame needs {names}: pip install {wanted[0]}; to_rows needs neither")
