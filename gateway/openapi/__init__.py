"""The API described for programs, `/openapi.json`, and for people, `/docs`."""
