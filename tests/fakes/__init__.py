"""Fakes that stop at a socket, and the real processes and stores that tests put in front of them."""
