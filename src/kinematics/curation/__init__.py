"""Which clips of videos show people who act: stages, each of which keeps or says why not."""
