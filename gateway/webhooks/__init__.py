"""Webhooks: places that are told of events, and what is delivered to them."""
