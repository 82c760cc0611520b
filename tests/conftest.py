"""How the suite runs: on the CPU, strictly, the same way every time, and quickly the second time.

The environment is set before JAX is imported, so that commands started by tests inherit it.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["MPLBACKEND"] = "Agg"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(ROOT / ".jax_cache")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"  # by default nothing is kept

import hypothesis
import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")

# The first example of a law compiles, so time limits on one example say nothing.
_SLOW_START = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("ci", derandomize=True, database=None, **_SLOW_START)
hypothesis.settings.register_profile("explore", max_examples=1000, **_SLOW_START)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def real_motions() -> Path:
    """The folder of recorded clips, which is not part of the repository."""
    folder = Path(os.environ.get("KINEMATICS_REAL_MOTIONS", ROOT.parent / "shared" / "motions"))
    if not (folder / "index.csv").is_file():
        pytest.skip(f"no recorded clips in {folder}; set KINEMATICS_REAL_MOTIONS to test on them")
    return folder
