"""The projects API where clients know no keys."""
