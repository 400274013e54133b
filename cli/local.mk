# cli: holdpoint, the command line.
