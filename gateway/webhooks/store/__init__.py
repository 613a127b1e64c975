"""Webhooks and deliveries are kept in the database."""
