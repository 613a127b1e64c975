"""Alerts: versions of which too many answers are out of character."""
