"""From motions to a data set: what is read, chunks, merge, selection."""
