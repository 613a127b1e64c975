"""The coherence wing tells whether an answer hangs together."""
