"""Withholds questions so that models without the video score little above chance."""
