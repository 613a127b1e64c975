"""Personas, versions and labels are kept in the database."""
