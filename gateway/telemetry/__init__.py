"""Logs: one line for whatever an operator should know."""
