"""Motions as videos: clothed figures on a tiled floor, seen by cameras with known poses.

`film.film` makes the pictures of one scene, `folder.render_all` writes videos and camera tracks,
`track.attach` gives a motion the camera that filmed it. The output depends only on the motion,
the options and a seed. `raster` computes pixels in NumPy, without a graphics card or OpenGL.
"""
