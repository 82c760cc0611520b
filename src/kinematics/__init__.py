"""Measurements of human motion that can be trusted.

    import kinematics

    facts = kinematics.measure("walk.bvh")

`read`, `measure`, `measure_all`, the types and the modules listed in `__all__` are imported when
they are first used. Importing the package imports no array library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AnchoredMotion",
    "Motion",
    "MotionFacts",
    "__version__",
    "anchor",
    "descriptors",
    "events",
    "measure",
    "measure_all",
    "orientation",
    "read",
    "residual",
    "synthetic",
    "to_frame",
    "to_rows",
    "trajectory",
]

if TYPE_CHECKING:  # the names below, for type checkers and editors
    from kinematics import (
        anchor,
        descriptors,
        events,
        orientation,
        residual,
        synthetic,
        trajectory,
    )
    from kinematics.facts import MotionFacts
    from kinematics.measurement import measure, measure_all
    from kinematics.motion import AnchoredMotion, Motion
    from kinematics.readers import read
    from kinematics.tables import to_frame, to_rows
else:
    _HOMES = {
        "AnchoredMotion": "motion",
        "Motion": "motion",
        "MotionFacts": "facts",
        "measure": "measurement",
        "measure_all": "measurement",
        "read": "readers",
        "to_frame": "tables",
        "to_rows": "tables",
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name not in _HOMES:
            return import_module(f"{__name__}.{name}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value  # found at once the next time
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
