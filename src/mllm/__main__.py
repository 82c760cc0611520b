"""`python -m mllm`: the command line, without an installed script."""

from mllm.cli import app

app(prog_name="python -m mllm")
