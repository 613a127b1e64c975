"""MCP: what assistants and editors that speak it may do with personas; the native API does the work."""
