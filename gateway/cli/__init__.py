"""The `persona` command lives here."""
