"""How far an answer strays from its persona: deterministic, embedded, from values alone."""
