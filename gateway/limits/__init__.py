"""A workspace and its keys may use so much in a minute and at the same time, counted wherever it holds."""
