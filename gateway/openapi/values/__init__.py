"""Routes take and answer values like these."""
