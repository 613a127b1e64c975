"""LangChain's chat model tells how far a persona's answer strayed; the extra `langchain` installs it."""

from typing import Any

from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

KEY = "persona"


class ChatPersona(ChatOpenAI):
    """Is a `ChatOpenAI` whose messages have the `persona` object in `response_metadata["persona"]`.

    A stream has it on the chunk that ends it, so that the sum of the chunks has it, too.
    """

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        persona = response.get(KEY) if isinstance(response, dict) else getattr(response, KEY, None)
        if persona is not None:
            for generation in result.generations:
                generation.message.response_metadata[KEY] = persona
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        # Where an output format is asked for, the client wraps each chunk in an event of its own.
        persona = chunk.get(KEY) or (chunk.get("chunk") or {}).get(KEY)
        if made is not None and persona is not None:
            made.generation_info = {**(made.generation_info or {}), KEY: persona}
        return made
