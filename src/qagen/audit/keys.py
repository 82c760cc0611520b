"""Traits that could give an answer away: for each suspicion, cells of options that share a trait.

A `Key` puts options into cells, such as "third of four options in the second row of four". When
the options of one cell are right more often than chance in some clips, they are preferred in
others. The table `SUSPICIONS` lists everything that is tried; adding one takes a line.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from qagen.audit.rows import Row, number_in
from qagen.audit.rows import words as words_of_text
from qagen.audit.tables import Tables, joined, numbered, places_in, ranked

STRETCHES = 20
"""Parts into which a file is divided."""

MOST_PLACES = 30
"""Positions in a clip's list of questions that are distinguished."""

Cells = Int[np.ndarray, " pairs"]


class Key(NamedTuple):
    """One suspicion: the cell of every option, and a description of each cell."""

    name: str
    meaning: str
    cells: Cells
    describe: Callable[[Tables, int], str]
    """Describes the trait that the option of this number shares with its cell."""


class Suspicion(NamedTuple):
    """A name, its meaning, the function that makes the cells, and their description."""

    name: str
    meaning: str
    columns: Callable[[Tables], Sequence[Cells]]
    describe: Callable[[Tables, int], str]


def all_keys(tables: Tables) -> list[Key]:
    """The cells of every suspicion.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> all_keys(build(rows))[0].name
    'letter'
    """
    return [
        Key(one.name, one.meaning, joined(*one.columns(tables)), one.describe) for one in SUSPICIONS
    ]


def _of_rows(tables: Tables, values: Int[np.ndarray, " rows"]) -> Cells:
    return values[tables.row]


def _letter(tables: Tables) -> list[Cells]:
    return [_of_rows(tables, tables.options), tables.place]


def _letter_in_task(tables: Tables) -> list[Cells]:
    return [*_letter(tables), _of_rows(tables, tables.task)]


def _row_number(tables: Tables) -> list[Cells]:
    """The row's number in its file, modulo the number of options."""
    split = numbered(row.split for row in tables.rows)
    number = places_in(tables, split) % tables.options
    return [*_letter(tables), _of_rows(tables, number)]


def _row_of_task(tables: Tables) -> list[Cells]:
    """The row's number among the rows of its task, modulo the number of options."""
    split = numbered((row.split, row.task) for row in tables.rows)
    number = places_in(tables, split) % tables.options
    return [*_letter(tables), _of_rows(tables, number)]


def _row_of_size(tables: Tables) -> list[Cells]:
    """The row's number among rows with as many options, modulo that number."""
    split = numbered((row.split, len(row.options)) for row in tables.rows)
    number = places_in(tables, split) % tables.options
    return [*_letter(tables), _of_rows(tables, number)]


def _stretch(tables: Tables) -> list[Cells]:
    split = numbered(row.split for row in tables.rows)
    place = places_in(tables, split)
    length = np.bincount(split)[split]
    return [tables.text, *_letter(tables), _of_rows(tables, place * STRETCHES // length)]


def _place_in_clip(tables: Tables) -> list[Cells]:
    place = np.minimum(places_in(tables, tables.clip), MOST_PLACES)
    return [*_letter(tables), _of_rows(tables, place)]


def _letter_before(tables: Tables) -> list[Cells]:
    answers = np.array([row.answer_index for row in tables.rows], dtype=np.int64)
    before = np.concatenate([[0], answers[:-1] + 1])
    return [*_letter(tables), _of_rows(tables, before)]


def _length(tables: Tables) -> Cells:
    lengths = np.array([len(text) for row in tables.rows for text in row.options], dtype=float)
    return ranked(tables, lengths)


def _length_rank(tables: Tables) -> list[Cells]:
    return [_of_rows(tables, tables.options), _length(tables)]


def _length_rank_in_task(tables: Tables) -> list[Cells]:
    return [*_length_rank(tables), _of_rows(tables, tables.task)]


def number_rank(tables: Tables) -> Cells:
    """The rank of the option's number among those of its row, from 1; 0 where any option has none.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=c, question="", options=("3", "1"), answer_index=0) for c in "xy"]
    >>> number_rank(build(rows)).tolist()
    [2, 1, 2, 1]
    """
    of_text = {text: number_in(text) for row in tables.rows for text in row.options}
    found = [of_text[text] for row in tables.rows for text in row.options]
    numbers = np.array([np.nan if number is None else number for number in found])
    whole = np.logical_and.reduceat(~np.isnan(numbers), tables.start[:-1])[tables.row]
    return np.where(whole, ranked(tables, np.nan_to_num(numbers)) + 1, 0)


def _number_rank(tables: Tables) -> list[Cells]:
    return [_of_rows(tables, tables.options), number_rank(tables)]


def _number_rank_in_family(tables: Tables) -> list[Cells]:
    return [*_number_rank(tables), _of_rows(tables, tables.family)]


def _number_rank_in_stem(tables: Tables) -> list[Cells]:
    return [*_number_rank(tables), _of_rows(tables, tables.stem)]


def _alike(tables: Tables) -> list[Cells]:
    """How many words an option shares with the others: wrong options made from the right one leave
    it in the middle."""
    shared = np.zeros(len(tables.row))
    at = 0
    known: dict[tuple[str, ...], list[int]] = {}
    for row in tables.rows:
        found = known.get(row.options)
        if found is None:
            sets = [set(words_of_text(text)) for text in row.options]
            found = [sum(len(one & other) for other in sets) - len(one) for one in sets]
            known[row.options] = found
        shared[at : at + len(found)] = found
        at += len(found)
    size = _of_rows(tables, tables.options)
    return [size, ranked(tables, shared), _of_rows(tables, tables.task)]


def _in_stem(tables: Tables) -> list[Cells]:
    """How many of an option's words are in the question."""
    known: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    shared: list[int] = []
    for at, row in enumerate(tables.rows):
        name = int(tables.stem[at]), row.options
        if name not in known:
            asked = set(tables.words[at])
            known[name] = [len(set(words_of_text(text)) & asked) for text in row.options]
        shared += known[name]
    size = _of_rows(tables, tables.options)
    rank = ranked(tables, np.array(shared, dtype=float))
    return [size, rank, _of_rows(tables, tables.task)]


def option_sets(tables: Tables) -> Int[np.ndarray, " rows"]:
    """A number for every set of options, whatever their order.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> one = Row(clip="x", question="", options=("a", "b"), answer_index=0)
    >>> other = Row(clip="y", question="", options=("b", "a"), answer_index=0)
    >>> option_sets(build([one, other])).tolist()
    [0, 0]
    """
    bounds = tables.start.tolist()
    texts = tables.text.tolist()
    return numbered(tuple(sorted(texts[start:end])) for start, end in pairwise(bounds))


def _answers_in(column: str) -> Callable[[Tables], list[Cells]]:
    def columns(tables: Tables) -> list[Cells]:
        return [tables.text, _of_rows(tables, getattr(tables, column))]

    return columns


def _answers_among(tables: Tables) -> list[Cells]:
    return [tables.text, _of_rows(tables, tables.stem), _of_rows(tables, option_sets(tables))]


def _say_letter(tables: Tables, at: int) -> str:
    return f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[tables.place[at] % 26]} of {_size(tables, at)}"


def _size(tables: Tables, at: int) -> int:
    return int(tables.options[tables.row[at]])


def _say_task(tables: Tables, at: int) -> str:
    return f"{_say_letter(tables, at)} in {_row(tables, at).task}"


def _row(tables: Tables, at: int) -> Row:
    return tables.rows[int(tables.row[at])]


def _say_order(tables: Tables, at: int) -> str:
    return f"{_say_letter(tables, at)}, by the place of the row"


def _say_before(tables: Tables, at: int) -> str:
    return f"{_say_letter(tables, at)}, by the letter of the row before"


def _say_length(tables: Tables, at: int) -> str:
    return f"rank {_length(tables)[at] + 1} of {_size(tables, at)} by length"


def _say_number(tables: Tables, at: int) -> str:
    rank = int(number_rank(tables)[at])
    where = _row(tables, at).family or "all"
    return f"rank {rank} of {_size(tables, at)} numbers, in {where}" if rank else "no number"


def _say_shared(tables: Tables, at: int) -> str:
    return f"words in common, in {_row(tables, at).task or 'all'}"


def _say_answer(tables: Tables, at: int) -> str:
    return f"“{tables.texts[tables.text[at]]}” in {_row(tables, at).task or 'all'}"


def _say_stem(tables: Tables, at: int) -> str:
    return f"“{tables.texts[tables.text[at]]}” to “{_row(tables, at).question}”"


SUSPICIONS: tuple[Suspicion, ...] = (
    Suspicion("letter", "the letter", _letter, _say_letter),
    Suspicion("letter in task", "the letter, by task", _letter_in_task, _say_task),
    Suspicion("row number", "the row's number in its file", _row_number, _say_order),
    Suspicion("row of task", "the row's number in its task", _row_of_task, _say_order),
    Suspicion("row of size", "the number among rows of as many options", _row_of_size, _say_order),
    Suspicion("stretch of file", "which twentieth of the file", _stretch, _say_order),
    Suspicion("place in clip", "the place among a clip's questions", _place_in_clip, _say_order),
    Suspicion("letter before", "the answer to the row before", _letter_before, _say_before),
    Suspicion("length", "the rank of an option's length", _length_rank, _say_length),
    Suspicion("length in task", "the same, by task", _length_rank_in_task, _say_length),
    Suspicion("number", "the rank of a number", _number_rank, _say_number),
    Suspicion("number in family", "the same, by family", _number_rank_in_family, _say_number),
    Suspicion("number in stem", "the same, by stem", _number_rank_in_stem, _say_number),
    Suspicion("alike", "words shared with other options", _alike, _say_shared),
    Suspicion("in stem", "words shared with the question", _in_stem, _say_shared),
    Suspicion("task", "frequent answers by task", _answers_in("task"), _say_answer),
    Suspicion("family", "the same by family", _answers_in("family"), _say_answer),
    Suspicion("template", "the same by template", _answers_in("template"), _say_stem),
    Suspicion("stem", "the same by stem", _answers_in("stem"), _say_stem),
    Suspicion("stem and options", "the same by stem and options", _answers_among, _say_stem),
)  # fmt: skip
