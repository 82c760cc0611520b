"""From motions to a data set: intake, chunks, merge, selection."""
