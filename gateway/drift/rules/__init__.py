"""What a persona must and must not do: rules, where they come from, and whether an answer breaks one."""
