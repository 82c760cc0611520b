"""A second measurement of motions, which shares no code with the first: plain NumPy and SciPy.

It exists so that an answer can be checked by somebody who did not give it. Everything is derived
anew in float64, one clip at a time, from `docs/conventions.md`; thresholds, the lists of points
and parts and the type `MotionFacts` are the only things that both measurements read.
"""
