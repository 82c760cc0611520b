"""How long an audit takes, and how its parts share that time.

    python benchmarks/audit_speed.py                      # 50,000 questions
    python benchmarks/audit_speed.py --rows 5000
    python benchmarks/audit_speed.py --data questions     # a data set of one's own
    python benchmarks/audit_speed.py --json out/audit.json

Reports and does not judge; the reach is 50,000 questions in two minutes on two cores. The peer is
the published habit: words counted by scikit-learn's `CountVectorizer` and a naive Bayes over them
in five folds of clips, one model where the audit tries two dozen. Both run in this process, one
after the other; seconds pass as on the wall, so other programs count.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import _planted

from qagen.audit import copies, forest, load, models, report, tables
from qagen.audit.rows import Row

REACH_ROWS, REACH_S = 50_000, 120.0

_Result = TypeVar("_Result")


def timed(name: str, run: Callable[[], _Result], into: dict[str, float]) -> _Result:
    """What a call gives; its seconds go into the dictionary."""
    start = time.perf_counter()
    result = run()
    into[name] = round(time.perf_counter() - start, 2)
    print(f"{name:<34}{into[name]:>9.2f} s")
    return result


def peer(rows: list[Row]) -> None:
    """One naive Bayes on words, as research scripts try it."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.naive_bayes import MultinomialNB

    words = CountVectorizer().fit_transform(
        " ".join((row.question, *sorted(row.options))) for row in rows
    )
    answers = [row.answer for row in rows]
    clips = [row.clip for row in rows]
    cross_val_predict(MultinomialNB(), words, answers, groups=clips, cv=GroupKFold(5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=REACH_ROWS)
    parser.add_argument("--data", type=Path, help="a data set instead of questions at random")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    rows = load.read(options.data).rows if options.data else _planted.rows(options.rows)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{len(rows):,} questions, {cores} cores, load {os.getloadavg()[0]:.1f}")
    seconds: dict[str, float] = {}
    found = timed("tables", lambda: tables.build(rows), seconds)
    suspects = timed("cells and crosses", lambda: models.look(found), seconds)
    timed("models without the forest", lambda: list(
        models.try_all(found, suspects, with_forest=False)), seconds)  # fmt: skip
    timed("copies", lambda: copies.find(rows), seconds)
    whole = timed("whole audit", lambda: report.audit(rows), seconds)
    if forest.available():
        timed("peer: one naive Bayes", lambda: peer(rows), seconds)
        ratio = seconds["peer: one naive Bayes"] * len(whole.findings) / seconds["whole audit"]
        print(f"{len(whole.findings)} models in the time of {ratio:.2f} times as many peers")
    else:
        print("scikit-learn is missing: neither forest nor peer")
    print(f"{len(rows) / seconds['whole audit']:,.0f} questions a second; the reach is "
          f"{REACH_ROWS / REACH_S:,.0f}")  # fmt: skip
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        content = {"rows": len(rows), "cores": cores, "seconds": seconds}
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
