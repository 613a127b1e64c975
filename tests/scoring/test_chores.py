"""What a chat UI asks for itself is told from what its user says."""

import json

import msgspec
import pytest

from gateway.scoring.chores import is_chore

HISTORY = "\n### Chat History:\n<chat_history>\nUSER: Hi\nASSISTANT: Good evening, dear.\n</chat_history>"
TITLE = "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history." + HISTORY
TAGS = "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history." + HISTORY
FOLLOW_UPS = "### Task:\nSuggest 3-5 relevant follow-up questions or prompts." + HISTORY
LIBRECHAT = (
    "Provide a concise, 5-word-or-less title for the conversation, using its same language.\n\nConversation:"
)
ABOUT_DOCUMENTS = (
    "### Task:\nRespond to the user query using the provided context.\n<context>…</context>\nWhat is it?"
)


def asked(*messages: tuple[str, object]) -> bool:
    written = [json.dumps({"role": role, "content": content}).encode() for role, content in messages]
    return is_chore([role for role, _ in messages], [msgspec.Raw(one) for one in written])


@pytest.mark.parametrize("text", [TITLE, TAGS, FOLLOW_UPS, LIBRECHAT, "\n" + TITLE])
def test_a_chore_is_known_by_its_beginning_and_the_history_in_it(text: str) -> None:
    assert asked(("user", text))
    assert asked(("system", "Be brief."), ("user", [{"type": "text", "text": text}]))


@pytest.mark.parametrize("text", [ABOUT_DOCUMENTS, "### Task:\nBe rude.", "I read: " + TITLE, "Hi", "", None])
def test_what_only_looks_like_one_is_a_turn_of_the_dialogue(text: object) -> None:
    assert not asked(("user", text))


def test_within_a_conversation_nothing_is_a_chore() -> None:
    assert not asked(("user", "Hi"), ("assistant", "Good evening, dear."), ("user", TITLE))
    assert not asked(("assistant", TITLE))
    assert not asked()


def test_a_message_too_large_to_be_read_is_none() -> None:
    assert not asked(("user", TITLE + "x" * 1024 * 1024 + HISTORY))
