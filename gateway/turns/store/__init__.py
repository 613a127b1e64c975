"""Turns, their amendments and what they have used are kept in the database."""
