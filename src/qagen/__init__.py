"""Questions from measured motions: plain data in, plain data out.

The rules read only `kinematics.facts`, `kinematics.skeleton` and `kinematics.thresholds`, so that
no array library is needed to ask.
"""
