"""Motions as videos: clothed figures on a tiled floor, seen by cameras whose poses are known.

`film.film` makes the pictures of one scene, `folder.render_all` writes videos and camera tracks,
`track.attach` gives a motion the camera that filmed it. Everything follows from the motion, the
options and a seed. No graphics card and no OpenGL: `raster` finds the pixels with NumPy.
"""
