"""The parts of dev/verify-log: bytes, log, replay, tables. They share no code with holdpoint."""
