"""The gateway as its callers meet it: a process on a socket, in front of a scripted upstream."""
