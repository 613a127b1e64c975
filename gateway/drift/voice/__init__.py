"""The voice wing tells how unlike the persona's manner an answer is."""
