"""Events: what has happened, for those who are told of it later."""
