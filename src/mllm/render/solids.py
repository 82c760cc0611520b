"""`Solids`: coloured rounded cones, of which figures and landmarks are made."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Solids(NamedTuple):
    """Rounded cones: hulls of two balls. Equal radii make a capsule, equal centres a ball.

    `bands` is the number of stripes along a solid, which alternate between its two colours; a
    single stripe has the first colour. Colours are linear shares of red, green and blue.
    """

    starts_m: Float[np.ndarray, "... solids 3"]
    ends_m: Float[np.ndarray, "... solids 3"]
    start_radii_m: Float[np.ndarray, " solids"]
    end_radii_m: Float[np.ndarray, " solids"]
    colours: Float[np.ndarray, "solids 3"]
    band_colours: Float[np.ndarray, "solids 3"]
    bands: Int[np.ndarray, " solids"]

    def at(self, frame: int) -> "Solids":
        """The solids of a single frame."""
        return self._replace(starts_m=self.starts_m[frame], ends_m=self.ends_m[frame])

    def moved(self, by_m: Float[np.ndarray, "3"]) -> "Solids":
        """The solids shifted by a vector."""
        return self._replace(starts_m=self.starts_m + by_m, ends_m=self.ends_m + by_m)


def joined(groups: Sequence[Solids]) -> Solids:
    """All solids of several groups in one; their leading axes must agree.

    >>> ball = Solids(*(np.zeros((1, 3)),) * 2, *(np.ones(1),) * 2, *(np.ones((1, 3)),) * 2,
    ...     np.ones(1, int))
    >>> joined([ball, ball]).starts_m.shape
    (2, 3)
    """
    ends = [np.concatenate([group[i] for group in groups], axis=-2) for i in (0, 1)]
    rest = [np.concatenate([group[i] for group in groups]) for i in range(2, 7)]
    return Solids(*ends, *rest)
