"""The same measurements without JAX, vectorised: what the library is compared with.

Two ways, of clips on an even grid in which every frame was seen:

* `..._by_clip`: one clip at a time with SciPy and NumPy, as careful analysis code is written;
* `..._by_batch`: many clips at once, float32 and components, as an expert in NumPy writes it.

Where one way of writing serves both, it takes leading axes (`...`) and has no suffix. Thresholds
are the library's, so that peers keep measuring the same thing; everything else is their own.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import convolve1d, uniform_filter1d
from scipy.spatial.transform import Rotation

from kinematics import anchor, events, signals, thresholds, trajectory, vertical
from kinematics.facts import DRIFTING, SIGNALS
from kinematics.skeleton import POINTS
