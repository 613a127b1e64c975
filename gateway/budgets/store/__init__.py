"""Budgets in the database: what they are, and what calls take of them."""
