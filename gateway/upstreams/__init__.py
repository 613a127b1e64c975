"""LLM servers are reached from here."""
