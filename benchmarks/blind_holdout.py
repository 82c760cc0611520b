"""Do models that no build has seen answer its questions without the video?

    python benchmarks/blind_holdout.py questions plain          # data sets, one or more
    python benchmarks/blind_holdout.py questions --seeds 3 --json out/blind_holdout.json

`qagen build --max-blind` withholds what the models of `qagen audit` know. That other models know no
more is measured here, with two that withholding has never asked: a logistic regression on hashed
crosses of every option with the words of its question, the other options and the clip's other
questions, and gradient boosting on counts of the same. Folds are of clips and drawn by `--seeds`
other seeds than the audit's. Figures are points above chance by task, the mean of the seeds;
a build without the bound beside it shows what these models could have found.
"""

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression

from qagen.audit import keys, rows, scores, tables
from qagen.audit.rows import Row
from qagen.audit.tables import Tables
from qagen.dataset import layout

FOLDS = 5
HASHED = 1 << 19
MOST_WORDS = 60


def read(folder: Path) -> list[Row]:
    """All questions of a data set."""
    return [rows.from_record(one, split=side) for side, one in layout.rows(folder)]


def folds_of(asked: Sequence[Row], seed: int) -> np.ndarray:
    """The fold of each question, drawn for its clip."""
    drawn = [hashlib.sha256(f"holdout {seed} {row.clip}".encode()).digest()[0] for row in asked]
    return np.array(drawn) % FOLDS


def said_elsewhere(asked: Sequence[Row]) -> list[Counter[str]]:
    """For each question the words of its clip's other questions and their options."""
    own = [
        Counter({*rows.words(row.question), *(f"“{rows.plain(one)}”" for one in row.options)})
        for row in asked
    ]
    of_clip: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, said in zip(asked, own, strict=True):
        of_clip[row.clip].update(said)
    return [of_clip[row.clip] - said for row, said in zip(asked, own, strict=True)]


def crosses(asked: Sequence[Row]) -> csr_matrix:
    """A row for each option: what it is together with everything else that can be read."""

    def named() -> Iterator[list[str]]:
        for row, said in zip(asked, said_elsewhere(asked), strict=True):
            stem = sorted(set(rows.words(row.question)))
            others = sorted(said)[:: max(1, len(said) // MOST_WORDS)]
            for place, option in enumerate(row.options):
                text = rows.plain(option)
                here = f"{row.task}|{text}"
                found = [here, f"{row.family}|{text}", f"{row.question}|{text}",
                         f"{row.task}|place {place} of {len(row.options)}"]  # fmt: skip
                found += [f"{here}|stem {word}" for word in stem]
                found += [f"{here}|beside {rows.plain(one)}" for one in row.options]
                found += [f"{here}|said {word}" for word in others]
                found += [f"{row.task}|again {min(said[f'“{text}”'], 3)}"]
                yield found

    return FeatureHasher(HASHED, input_type="string", alternate_sign=False).transform(named())


def counted(asked: Sequence[Row], made: Tables) -> np.ndarray:
    """A row for each option: a dozen numbers that speak of it."""
    found = []
    known: dict[str, int] = {}
    for row, said in zip(asked, said_elsewhere(asked), strict=True):
        lengths = sorted(len(option) for option in row.options)
        for place, option in enumerate(row.options):
            own = set(rows.words(option))
            found.append((
                place, len(row.options), lengths.index(len(option)), len(said),
                said[f"“{rows.plain(option)}”"], sum(min(said[word], 3) for word in own),
                max((said[word] for word in own), default=0),
                len(own & set(rows.words(row.question))),
                known.setdefault(f"{row.family}|{rows.plain(option)}", len(known)) % 250,
                known.setdefault(row.family, len(known)) % 250,
            ))  # fmt: skip
    return np.column_stack([np.array(found, dtype=float), keys.number_rank(made)])


def points(asked: Sequence[Row], seed: int) -> dict[str, dict[str, float]]:
    """Points above chance of both models, by task."""
    made = tables.build(asked)
    fold = folds_of(asked, seed)[made.row]
    found = {}
    for name, features in (("logistic", crosses(asked)), ("boosting", counted(asked, made))):
        preference = np.zeros(len(made.row))
        for judged in range(FOLDS):
            mine = fold == judged
            if name == "logistic":
                model = LogisticRegression(C=0.05, max_iter=60, solver="liblinear")
            else:
                model = HistGradientBoostingClassifier(
                    max_iter=120, min_samples_leaf=20, random_state=seed,
                    categorical_features=[8, 9],
                )  # fmt: skip
            model.fit(features[~mine], made.right[~mine])
            preference[mine] = model.predict_proba(features[mine])[:, -1]
        credit = scores.credited(made, preference)
        gain = 100 * (credit - made.chance) / (1 - made.chance)
        found[name] = {group: float(gain[among].mean()) for group, among in scores.groups(made)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {}
    for folder in options.folders:
        asked = read(folder)
        tries = [points(asked, seed) for seed in range(options.seeds)]
        results[str(folder)] = {
            model: {
                group: round(float(np.mean([one[model][group] for one in tries])), 2)
                for group in sorted(tries[0][model])
            }
            for model in tries[0]
        }
        for model, by_group in results[str(folder)].items():
            told = "  ".join(f"{group} {value:.1f}" for group, value in by_group.items())
            print(f"{folder.name:<12}{model:<10}{len(asked):>7}  {told}", flush=True)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
