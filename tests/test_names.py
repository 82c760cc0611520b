"""Names that a newcomer cannot guess are not used: parameters and modules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))

PARAMETERS = frozenset({"found", "one", "place"})
MODULES = frozenset(
    "again company guesses nearby neutral places processed reach rebalance rests second sureness "
    "wear withhold".split()
)


def parameters(path: Path) -> Iterator[tuple[str, str]]:
    """The functions of a file with the names of their parameters."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                yield node.name, argument.arg


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_parameters_say_what_they_are(path):
    assert [entry for entry in parameters(path) if entry[1] in PARAMETERS] == []


def test_modules_can_be_guessed():
    assert [str(path.relative_to(ROOT)) for path in SOURCES if path.stem in MODULES] == []
