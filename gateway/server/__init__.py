"""The processes and sockets that serve the application are made here."""
