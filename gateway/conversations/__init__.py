"""Conversations with personas: trees of messages that remember who said what, and how far it strayed."""
