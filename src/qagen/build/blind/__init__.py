"""Which questions are withheld so that models without the video know little."""
