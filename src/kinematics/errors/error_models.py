"""Error models of trackers as plain data, and presets from published figures.

`perturb` applies the errors of a model to motions, `error_fit` fits the model of a tracker.
"""

import math
from pathlib import Path

import msgspec

from kinematics import output

SCHEMA_VERSION = 1
"""Version of the files of `save`; `load` rejects all others."""

Amount = float
"""A size of zero or more; zero means that the error does not occur."""


class ErrorModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sizes of a tracker's errors. "Sd" is a standard deviation; each error has mean zero."""

    schema_version: int = SCHEMA_VERSION
    name: str = "unnamed"
    drift_share: Amount = 0.0
    """Sd of the drift along each horizontal axis, in metres per metre walked."""
    drift_up_share: Amount = 0.0
    """The same along the vertical."""
    drift_length_m: float = 5.0
    """Path length over which the direction of the drift changes."""
    scale_share: Amount = 0.0
    """Sd of the logarithm of the scale of the whole track."""
    body_scale_share: Amount = 0.0
    """Sd of the logarithm of the scale of the body."""
    heading_offset_rad: Amount = 0.0
    """Sd of a constant turn of the body against its path, which gives a wrong first heading."""
    heading_walk_rad_per_sqrt_s: Amount = 0.0
    """Sd, after one second, of the random walk of the world's heading (path and body together)."""
    jitter_m: Amount = 0.0
    """Sd of the root's position along each axis."""
    jitter_rad: Amount = 0.0
    """Sd of the body's orientation about each axis."""
    joint_jitter_m: Amount = 0.0
    """Sd of each joint's position relative to the body, along each axis."""
    jitter_time_s: float = 0.3
    """Time over which jitter changes; it is smooth at any frame rate."""
    shake_m: Amount = 0.0
    """Sd of noise that changes within a 30th of a second, along each axis: of the root, and of
    each joint relative to the body."""
    dropout_share: Amount = 0.0
    """Share of frames that are lost one by one."""
    gaps_per_min: Amount = 0.0
    """Occlusions of a person per minute."""
    gap_s: float = 0.5
    """Mean duration of an occlusion; durations are exponential."""
    swaps_per_min: Amount = 0.0
    """Exchanges of the left and right joints of arms or legs per minute."""
    swap_s: float = 0.2
    """Mean duration of such an exchange."""


POSITIVE: frozenset[str] = frozenset({"drift_length_m", "jitter_time_s", "gap_s", "swap_s"})
"""Lengths and times that must be above zero."""

LEAST = 1e-3
"""Shorter lengths and times would need too many random numbers for the memory."""


def checked(model: ErrorModel) -> ErrorModel:
    """The model itself; one `ValueError` names every invalid value.

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
    """Saves the model as JSON, atomically.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(PRESETS["mocap"], Path(folder, "model.json"))
    ...     load(Path(folder, "model.json")) == PRESETS["mocap"]
    True
    """
    data = msgspec.json.format(msgspec.json.encode(checked(model))) + b"\n"
    output.write_bytes(Path(path), data)


def load(path: Path | str) -> ErrorModel:
    """The checked model of a file; `ValueError` names the file and the problem.

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
"""Models by name that reproduce published figures (see `calibration`).

Calibrated: the drift or the heading's walk (RTE), `jitter_rad` (W-MPJPE), `joint_jitter_m`
(WA-MPJPE, or the pose error), `shake_m` (jitter), the mocap's `jitter_m`, and `jitter_time_s`, at
which GVHMR's feet slide as published; the other two trackers use the same value. The other values
are assumptions without published evidence."""
