"""Questions from measured motions: plain data in, plain data out.

Holds no code yet. The question generator will live here; its rules will read only
`kinematics.facts` and `kinematics.skeleton`, so that no array library is needed to ask.
"""
