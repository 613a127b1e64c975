"""Pictures of personas are made by an upstream, kept on a shelf, and shown to those who may see them."""
