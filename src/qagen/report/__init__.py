"""A data set as a page to look at: a folder that a browser opens without a server.

The folder holds one page, its style and scripts, and the data in pieces, each a script that hands
its content over: pages that were opened from a disk may not read other files.
"""
