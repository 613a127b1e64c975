"""The breaks wing finds where an answer says itself that a model and not the persona speaks."""
