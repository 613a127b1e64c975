"""Budgets: what a key, a persona or a workspace may spend within an hour, a day or a month."""
