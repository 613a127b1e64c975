"""Characters and prompts of other products become personas, and personas become theirs."""
