"""Egress: requests that go out because a user has caused them, and what they may reach."""
