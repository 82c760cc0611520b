"""`python -m qagen` is the command `qagen`."""

from qagen.commands.app import app

app(prog_name="qagen")
