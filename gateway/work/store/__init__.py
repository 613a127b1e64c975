"""The tables of work and of the processes that do it."""
