"""How trackers err: a frozen description of their errors, and presets from published figures.

Plain data; `perturb` lets a motion err as a model says, `error_fit` finds the model of a tracker.
"""

import math
from pathlib import Path

import msgspec

SCHEMA_VERSION = 1
"""Version of the file that `save` writes; `load` refuses every other."""

Amount = float
"""A size that is zero or more; what is not said is not there."""


class ErrorModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sizes of a tracker's errors. "Sd" is a standard deviation; each error has mean zero."""

    schema_version: int = SCHEMA_VERSION
    name: str = "unnamed"
    drift_share: Amount = 0.0
    """Sd of the drift along each horizontal axis, in metres for a metre walked."""
    drift_up_share: Amount = 0.0
    """The same along the vertical."""
    drift_length_m: float = 5.0
    """Path after which the drift takes another direction."""
    scale_share: Amount = 0.0
    """Sd of the logarithm of the factor by which the whole track is too long."""
    body_scale_share: Amount = 0.0
    """Sd of the logarithm of the factor by which the body is too large."""
    heading_offset_rad: Amount = 0.0
    """Sd of a constant turn of the body against its path: the anchor faces wrong."""
    heading_walk_rad_per_sqrt_s: Amount = 0.0
    """The world's heading walks at random, path and body together: its sd after one second."""
    jitter_m: Amount = 0.0
    """Sd of the root's place along each axis."""
    jitter_rad: Amount = 0.0
    """Sd of the body's orientation about each axis."""
    joint_jitter_m: Amount = 0.0
    """Sd of each joint's place against the body, along each axis."""
    jitter_time_s: float = 0.3
    """Jitter, smooth at any frame rate, is another after this time."""
    shake_m: Amount = 0.0
    """Sd of what is another after a 30th of a second: of the root's place along each axis, and of
    each joint's against the body."""
    dropout_share: Amount = 0.0
    """Share of single frames that are lost."""
    gaps_per_min: Amount = 0.0
    """How often a person is occluded."""
    gap_s: float = 0.5
    """Mean duration of an occlusion; durations are exponential."""
    swaps_per_min: Amount = 0.0
    """How often the left and right joints of arms or legs are exchanged."""
    swap_s: float = 0.2
    """Mean duration of such an exchange."""


POSITIVE: frozenset[str] = frozenset({"drift_length_m", "jitter_time_s", "gap_s", "swap_s"})
"""Lengths and times that must be above zero."""

LEAST = 1e-3
"""Shorter lengths and times would need more random numbers than there is memory."""


def checked(model: ErrorModel) -> ErrorModel:
    """The model; one `ValueError` names every value that makes no sense.

    >>> checked(ErrorModel(dropout_share=2.0))
    Traceback (most recent call last):
    ...
    ValueError: error model 'unnamed': dropout_share: 2; expected 0 to 1
    """
    problems = []
    for name in ErrorModel.__struct_fields__:
        value = getattr(model, name)
        if not isinstance(value, float):
            continue
        low = LEAST if name in POSITIVE else 0.0
        high = 1.0 if name == "dropout_share" else math.inf
        if not (math.isfinite(value) and low <= value <= high):
            wanted = f"{low:g} to 1" if high == 1 else f"at least {low:g}, and finite"
            problems.append(f"{name}: {value:g}; expected {wanted}")
    if problems:
        raise ValueError(f"error model {model.name!r}: " + "; ".join(problems))
    return model


def save(model: ErrorModel, path: Path | str) -> None:
    """Writes the model as JSON, whole or not at all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(PRESETS["mocap"], Path(folder, "model.json"))
    ...     load(Path(folder, "model.json")) == PRESETS["mocap"]
    True
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(checked(model))) + b"\n")
    partial.replace(path)


def load(path: Path | str) -> ErrorModel:
    """The model of a file, checked; `ValueError` names the file and what is wrong with it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "model.json").write_text('{"jitter_m": 0.01}')
    ...     load(Path(folder, "model.json")).jitter_m
    0.01
    """
    try:
        model = msgspec.json.decode(Path(path).read_bytes(), type=ErrorModel)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(ErrorModel.__struct_fields__)
        raise ValueError(f"{path}: no error model: {error}; expected JSON with {known}") from error
    if model.schema_version != SCHEMA_VERSION:
        raise ValueError(
            f"{path}: error model of schema version {model.schema_version}, expected "
            f"{SCHEMA_VERSION}: fit it again with this release"
        )
    try:
        return checked(model)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


PRESETS: dict[str, ErrorModel] = {
    model.name: model
    for model in (
        ErrorModel(
            name="prompthmr_emdb",
            drift_share=0.069,
            drift_up_share=0.0345,
            heading_offset_rad=0.05,
            heading_walk_rad_per_sqrt_s=0.007,
            jitter_m=0.01,
            jitter_rad=0.0495,
            joint_jitter_m=0.0405,
            jitter_time_s=3.2,
            shake_m=0.00048,
        ),
        ErrorModel(
            name="wham_emdb",
            drift_share=0.043,
            drift_up_share=0.0215,
            heading_offset_rad=0.05,
            heading_walk_rad_per_sqrt_s=0.2255,
            jitter_m=0.02,
            jitter_rad=0.055,
            joint_jitter_m=0.0805,
            jitter_time_s=3.2,
            shake_m=0.00071,
        ),
        ErrorModel(
            name="gvhmr_rich",
            drift_share=0.077,
            drift_up_share=0.0385,
            drift_length_m=3.0,
            heading_offset_rad=0.05,
            heading_walk_rad_per_sqrt_s=0.062,
            jitter_m=0.01,
            jitter_rad=0.019,
            joint_jitter_m=0.0509,
            jitter_time_s=3.2,
            shake_m=0.00039,
        ),
        ErrorModel(
            name="mocap",
            jitter_m=0.0372,
            jitter_rad=0.005,
            joint_jitter_m=0.0135,
            jitter_time_s=2.0,
        ),
    )
}
"""Models that reproduce published figures (see `calibration`), by their names.

Fixed by figures: the drift or the heading's walk (RTE), `jitter_rad` (W-MPJPE), `joint_jitter_m`
(WA-MPJPE, or the pose error), `shake_m` (jitter), the mocap's `jitter_m`, and `jitter_time_s`: the
pace at which GVHMR's feet slide as published, which the other two trackers take over. The rest is
assumed: nothing published tells it."""
