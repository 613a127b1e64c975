"""Pictures of personas."""
