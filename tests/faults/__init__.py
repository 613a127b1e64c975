"""Faults of upstreams, and what callers see of them."""
