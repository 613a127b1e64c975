"""One turn, from messages to record."""
