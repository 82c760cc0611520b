"""`Solids`: everything that stands in a scene, as rounded cones with colours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Solids(NamedTuple):
    """Rounded cones: the hull of two balls. Equal balls make a capsule, one place a ball.

    `bands` is the number of stripes along a solid, in which its two colours take turns; one
    stripe shows the first colour alone. Colours are linear shares of red, green and blue.
    """

    starts_m: Float[np.ndarray, "... solids 3"]
    ends_m: Float[np.ndarray, "... solids 3"]
    start_radii_m: Float[np.ndarray, " solids"]
    end_radii_m: Float[np.ndarray, " solids"]
    colours: Float[np.ndarray, "solids 3"]
    band_colours: Float[np.ndarray, "solids 3"]
    bands: Int[np.ndarray, " solids"]

    def at(self, frame: int) -> "Solids":
        """The solids of one of many frames."""
        return self._replace(starts_m=self.starts_m[frame], ends_m=self.ends_m[frame])


def joined(groups: Sequence[Solids]) -> Solids:
    """All solids of several groups as one; their leading axes must agree.

    >>> ball = Solids(*(np.zeros((1, 3)),) * 2, *(np.ones(1),) * 2, *(np.ones((1, 3)),) * 2,
    ...     np.ones(1, int))
    >>> joined([ball, ball]).starts_m.shape
    (2, 3)
    """
    places = [np.concatenate([group[i] for group in groups], axis=-2) for i in (0, 1)]
    rest = [np.concatenate([group[i] for group in groups]) for i in range(2, 7)]
    return Solids(*places, *rest)
