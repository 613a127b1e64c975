"""The page at `/` shows people what the gateway knows; every figure on it comes from a route below `/v1`."""
