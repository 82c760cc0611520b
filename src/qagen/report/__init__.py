"""A data set as a web page in a folder, which a browser opens without a server.

The folder contains the page, its style and scripts, and the data as scripts, since pages opened
from a disk may not read other files.
"""
