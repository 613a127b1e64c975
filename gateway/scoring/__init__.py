"""Scoring: when and where an answer is scored, and what is remembered of its conversation."""
