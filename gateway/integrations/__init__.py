"""Integrations let other libraries show what a persona's answer says; each loads its own when imported."""
