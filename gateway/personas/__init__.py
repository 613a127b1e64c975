"""Personas, their versions and labels."""
