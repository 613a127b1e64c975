"""Requests are counted by what is at their path."""

import pytest

from gateway.turns.meter import PAGE, surface


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/v1/openai/chat/completions", "chat"),
        ("/v1/openai/responses/resp_1", "responses"),
        ("/v1/chat/conversations/conv_1/messages", "conversations"),
        ("/v1/ensembles/scenarios", "ensembles"),
        ("/v1/personas", "api"),
        ("/api/projects/acme/personas", "projects"),
        ("/app.js", PAGE),
    ],
)
def test_a_path_is_told_in_a_word(path: str, word: str) -> None:
    assert surface(path) == word
