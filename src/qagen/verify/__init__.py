"""Every row of a data set checked by a second derivation that shares no code with the rules."""
