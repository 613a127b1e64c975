"""Tools that the operator has set up, which the gateway itself calls for personas in conversations."""
