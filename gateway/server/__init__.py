"""The processes and sockets that serve the application."""
