"""`python -m mllm`: the command line, without an installed script."""

from mllm.commands.app import app

app(prog_name="python -m mllm")
