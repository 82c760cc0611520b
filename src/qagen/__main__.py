"""`python -m qagen` is the command `qagen`."""

from qagen.cli import app

app(prog_name="qagen")
