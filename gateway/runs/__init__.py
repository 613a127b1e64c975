"""Runs: personas that are made from an intent, step by step."""
