"""Tests of the gateway's own tools."""
