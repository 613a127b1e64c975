"""What a workspace and its keys may use in a minute and at the same time, counted wherever that holds."""
