"""Motions whose ground truth is known by construction.

A script lists movements, `perform` renders them as a tracker would record them, and the performance
includes the ground truth. Pure NumPy; the movements are defined in `script`.

>>> from kinematics import synthetic
>>> script = synthetic.walk(3.0).then(synthetic.turn(1.57), synthetic.walk(2.0))
>>> performance = synthetic.perform(script, fps=25.0, jitter_m=0.005)
>>> [round(event.amount, 1) for event in performance.truth.events_on("forward")]
[3.0]
"""

from kinematics.synthetic.body import STIFF as STIFF
from kinematics.synthetic.body import Gait as Gait
from kinematics.synthetic.body import figure as figure
from kinematics.synthetic.repertoire import corpus as corpus
from kinematics.synthetic.script import Script as Script
from kinematics.synthetic.script import arc as arc
from kinematics.synthetic.script import bow as bow
from kinematics.synthetic.script import crouch as crouch
from kinematics.synthetic.script import jump as jump
from kinematics.synthetic.script import lean as lean
from kinematics.synthetic.script import pause as pause
from kinematics.synthetic.script import run as run
from kinematics.synthetic.script import sidestep as sidestep
from kinematics.synthetic.script import sit as sit
from kinematics.synthetic.script import stand as stand
from kinematics.synthetic.script import stand_up as stand_up
from kinematics.synthetic.script import straighten as straighten
from kinematics.synthetic.script import then as then
from kinematics.synthetic.script import turn as turn
from kinematics.synthetic.script import walk as walk
from kinematics.synthetic.script import walk_backward as walk_backward
from kinematics.synthetic.script import wave as wave
from kinematics.synthetic.stage import Performance as Performance
from kinematics.synthetic.stage import generator as generator
from kinematics.synthetic.stage import perform as perform
from kinematics.synthetic.timeline import Timeline as Timeline
from kinematics.synthetic.timeline import lay_out as lay_out
from kinematics.synthetic.truth import TrueEpisode as TrueEpisode
from kinematics.synthetic.truth import TrueEvent as TrueEvent
from kinematics.synthetic.truth import Truth as Truth
from kinematics.synthetic.truth import tell as tell
from kinematics.synthetic.variations import mirrored as mirrored
from kinematics.synthetic.variations import moved as moved
from kinematics.synthetic.variations import resampled as resampled
from kinematics.synthetic.variations import reversed_in_time as reversed_in_time
