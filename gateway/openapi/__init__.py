"""The API is described for programs at `/openapi.json` and for people at `/docs`."""
