"""OpenAI's Responses API: a request walks as a chat request does, and its answer is told in items."""
