"""`python -m kinematics`: the command line, without an installed script."""

from kinematics.commands.app import app

app(prog_name="python -m kinematics")
