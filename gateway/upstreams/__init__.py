"""How LLM servers are reached."""
