"""Persona Gateway: stored, versioned personas behind the OpenAI API."""

__version__ = "0.1.0"
