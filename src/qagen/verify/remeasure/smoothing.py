"""Filters without delay over one clip's evenly spaced samples: light, and without gait."""

import numpy as np
from jaxtyping import Float
from scipy.signal import savgol_coeffs

STRIDE_SAMPLES = 33
STEP_SAMPLES = 25
"""The two windows whose succession takes gait out: 1.1 s and 0.83 s, odd at 30 Hz."""

LIGHT_SAMPLES = 9
"""The window of the light filter: 0.3 s at 30 Hz."""


def ramp(value: float | np.ndarray, low: float, high: float) -> np.ndarray:
    """0 up to `low`, 1 from `high` on, without a kink in between.

    >>> ramp(np.array([0.0, 0.5, 2.0]), 0.0, 1.0).tolist()
    [0.0, 0.5, 1.0]
    """
    share = np.clip((np.asarray(value) - low) / (high - low), 0.0, 1.0)
    return np.asarray(share**2 * (3 - 2 * share))


def _extended(
    values: Float[np.ndarray, "samples channels"],
    reach: int,
    before: Float[np.ndarray, "channels"],
    after: Float[np.ndarray, "channels"],
    *,
    upside_down: bool,
) -> Float[np.ndarray, "more channels"]:
    """The clip with both ends continued by its mirror image, and a straight line added.

    `before` and `after` say what the line adds for each sample beyond the end. An image that is
    upside down too is the point image about the last sample.
    """
    away = np.arange(1, reach + 1)
    last = len(values) - 1
    head = values[np.minimum(away, last)]
    tail = values[np.maximum(last - away, 0)]
    if upside_down:
        head, tail = 2 * values[:1] - head, 2 * values[-1:] - tail
    head = head - away[:, None] * before
    tail = tail + away[:, None] * after
    return np.concatenate([head[::-1], values, tail])


def light(values: Float[np.ndarray, "samples channels"]) -> Float[np.ndarray, "samples channels"]:
    """Jitter taken down by a parabola through nine samples; ends are continued as point images.

    >>> straight = np.arange(20.0)[:, None]
    >>> bool(np.allclose(light(straight), straight))
    True
    """
    reach = LIGHT_SAMPLES // 2
    none = np.zeros(values.shape[1])
    longer = _extended(values, reach, none, none, upside_down=True)
    weights = savgol_coeffs(LIGHT_SAMPLES, 2, use="dot")
    return np.apply_along_axis(np.convolve, 0, longer, weights, mode="valid")


def _trend(values: Float[np.ndarray, "some channels"]) -> Float[np.ndarray, "channels"]:
    """Change per sample from the mean of the first half to the mean of the last."""
    half = max(len(values) // 2, 1)
    change = values[-half:].mean(axis=0) - values[:half].mean(axis=0)
    return change / max(len(values) - half, 1)


def without_gait(
    values: Float[np.ndarray, "samples channels"],
) -> Float[np.ndarray, "samples channels"]:
    """Means over a stride and then over a step, which gait does not survive and real turns do.

    Beyond its ends the clip goes on as its mirror image, along the trend of two strides.

    >>> steady = np.arange(100.0)[:, None]
    >>> bool(np.allclose(without_gait(steady), steady))
    True
    """
    two_strides, reach = 2 * STRIDE_SAMPLES, STRIDE_SAMPLES // 2 + STEP_SAMPLES // 2
    before = 2 * _trend(values[:two_strides])
    after = 2 * _trend(values[-two_strides:])
    longer = _extended(values, reach, before, after, upside_down=False)
    window = np.convolve(
        np.full(STRIDE_SAMPLES, 1 / STRIDE_SAMPLES), np.full(STEP_SAMPLES, 1 / STEP_SAMPLES)
    )
    return np.apply_along_axis(np.convolve, 0, longer, window, mode="valid")


def mean_rate(
    values: Float[np.ndarray, "samples channels"], *, reach: int, step_s: float
) -> Float[np.ndarray, "samples channels"]:
    """Mean rate of change over so many samples on either side, as far as the clip goes.

    >>> mean_rate(np.arange(4.0)[:, None], reach=2, step_s=0.5)[:, 0].tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    place = np.arange(len(values))
    early, late = np.maximum(place - reach, 0), np.minimum(place + reach, len(values) - 1)
    return (values[late] - values[early]) / (np.maximum(late - early, 1) * step_s)[:, None]
