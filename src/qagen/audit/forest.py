"""A random forest on the rates of all single suspicions and on words (needs scikit-learn).

The rates of an option come from other folds only, in training and in judging. The forest may prefer
an option that is right more often elsewhere, never one that is right less often: in a data set with
exactly even answers, options that are rare elsewhere have to be right here, which cannot be known
without the answers.
"""

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float

from qagen.audit import bayes, counts
from qagen.audit.bayes import Crosses
from qagen.audit.keys import Key, number_rank
from qagen.audit.tables import Tables, Trial, inside

TREES = 60
LEAST_LEAF = 20
MOST_SAMPLES = 15_000
"""Options sampled for each tree."""

NEEDED = ("sklearn", "joblib", "threadpoolctl", "cloudpickle", "narwhals")


def available() -> bool:
    """Whether scikit-learn can be used; the extra `audit` brings it.

    >>> available() in (True, False)
    True
    """
    return all(find_spec(name) for name in NEEDED)


def preferences(
    tables: Tables, keys: Sequence[Key], crosses: Sequence[Crosses], trials: Sequence[Trial]
) -> Float[np.ndarray, " pairs"]:
    """The forest's preference for each option; forests are grown on other folds."""
    from sklearn.ensemble import RandomForestClassifier

    of_fold = tables.fold[tables.row]
    counted = [counts.count(tables, key.cells) for key in keys]
    judged = _features(tables, keys, counted, crosses, trials)
    found = np.zeros(len(tables.row))
    for number, trial in enumerate(trials):
        features = _features(tables, keys, counted, crosses, inside(tables, trial))
        known = ~np.isin(of_fold, list(trial.unknown))
        mine = np.isin(of_fold, list(trial.judged))
        forest = RandomForestClassifier(
            n_estimators=TREES, min_samples_leaf=LEAST_LEAF, random_state=number, n_jobs=2,
            max_samples=min(MOST_SAMPLES, int(known.sum())), monotonic_cst=_directions(keys),
        )  # fmt: skip
        forest.fit(features[known], tables.right[known])
        forest.n_jobs = 1  # sums of several threads differ in their last digits
        found[mine] = forest.predict_proba(judged[mine])[:, -1]
    return found


def _directions(keys: Sequence[Key]) -> list[int]:
    return [1] * (len(keys) + 1) + [0] * 5


def _features(
    tables: Tables,
    keys: Sequence[Key],
    counted: Sequence[counts.Counts],
    crosses: Sequence[Crosses],
    trials: Sequence[Trial],
) -> Float[np.ndarray, "pairs features"]:
    """The features of each option, relative to the other options of its row."""
    said = [
        np.log(counts.preferences(tables, key.cells, known, trials))
        for key, known in zip(keys, counted, strict=True)
    ]
    said.append(bayes.preferences(tables, crosses, trials))
    usual = [np.add.reduceat(one, tables.start[:-1]) / tables.options for one in said]
    beside = [one - mean[tables.row] for one, mean in zip(said, usual, strict=True)]
    plain = [
        tables.place, tables.options[tables.row], tables.task[tables.row],
        number_rank(tables), tables.family[tables.row],
    ]  # fmt: skip
    return np.column_stack([*beside, *plain]).astype(np.float32)
