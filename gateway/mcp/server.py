"""The MCP server itself, made with the official SDK, which is imported with this module."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import jsonschema
import mcp_types as types
import msgspec
from mcp import MCPError
from mcp.server.lowlevel import Server
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from gateway import __version__
from gateway.mcp import library
from gateway.mcp.api import Api, ApiRefusal
from gateway.mcp.tools import TOOLS, Progress

T = TypeVar("T")
PROBLEM_CHARACTERS = 300
INSTRUCTIONS = (
    "Personas are characters with a stored, versioned prompt. `persona.search` finds them, `persona.invoke` "
    "talks to one and tells how far its answer strays from it."
)

log = logging.getLogger("gateway.mcp")


def build(api_of: Callable[[Any], Api]) -> Any:
    """Make a server that asks this API, chosen by the context of each request."""
    handlers = _Handlers(api_of)
    return Server(
        "persona-gateway",
        version=__version__,
        title="Persona Gateway",
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
    )


class _Handlers:
    """Answers MCP's requests."""

    def __init__(self, api_of: Callable[[Any], Api]) -> None:
        self._api_of = api_of

    async def list_tools(self, _context: Any, _params: Any) -> Any:
        tools = [
            types.Tool(
                name=name,
                title=tool.title,
                description=tool.description,
                input_schema=tool.input,
                output_schema=tool.output,
                annotations=types.ToolAnnotations.model_validate(tool.annotations),
            )
            for name, tool in TOOLS.items()
        ]
        return types.ListToolsResult(tools=tools)

    async def call_tool(self, context: Any, params: Any) -> Any:
        """Call a tool; what goes wrong is a result for the model, and a line in the log without any text."""
        tool, given = TOOLS.get(params.name), params.arguments or {}
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool `{params.name[:64]}`.")
        # The first one: to find the best of all takes seconds where a caller makes many mistakes.
        problem = next(jsonschema.Draft202012Validator(tool.input).iter_errors(given), None)
        if problem is not None:
            place = ".".join(map(str, problem.absolute_path)) or "the arguments"
            return _error(
                params.name, "request.invalid", f"`{place}`: {problem.message[:PROBLEM_CHARACTERS]}"
            )
        try:
            found = await tool.run(self._api_of(context), given, _progress(context))
        except ApiRefusal as refusal:
            return _error(params.name, refusal.code, str(refusal))
        text = msgspec.json.encode(found).decode()
        return types.CallToolResult(content=[_text(text)], structured_content=found)

    async def list_resources(self, context: Any, params: Any) -> Any:
        page = await self._page(context, params)
        resources = [
            types.Resource(
                uri=library.uri(each),
                name=each["slug"],
                title=library.title(each),
                description=f"The persona {library.title(each)} with its prompt, layers and rules.",
                mime_type=library.JSON_TYPE,
            )
            for each in page.personas
        ]
        return types.ListResourcesResult(resources=resources, next_cursor=page.next)

    async def list_templates(self, _context: Any, _params: Any) -> Any:
        template = types.ResourceTemplate(
            uri_template=library.TEMPLATE,
            name="persona",
            title="A version of a persona, `slug@v3`, or the newest, `slug`",
            mime_type=library.JSON_TYPE,
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(self, context: Any, params: Any) -> Any:
        place = str(params.uri)
        text = await _asked("resources/read", library.read(self._api_of(context), place))
        if text is None:
            raise MCPError(INVALID_PARAMS, "A persona's URI is `persona://SLUG@v3`.")
        content = types.TextResourceContents(uri=place, mime_type=library.JSON_TYPE, text=text)
        return types.ReadResourceResult(contents=[content])

    async def list_prompts(self, context: Any, params: Any) -> Any:
        page = await self._page(context, params)
        prompts = [
            types.Prompt(
                name=each["slug"],
                title=library.title(each),
                description=f"The prompt of {library.title(each)}, to speak as this persona.",
            )
            for each in page.personas
        ]
        return types.ListPromptsResult(prompts=prompts, next_cursor=page.next)

    async def get_prompt(self, context: Any, params: Any) -> Any:
        title, text = await _asked("prompts/get", library.prompt(self._api_of(context), params.name))
        message = types.PromptMessage(role="user", content=_text(text))
        return types.GetPromptResult(description=title, messages=[message])

    async def _page(self, context: Any, params: Any) -> library.Page:
        cursor = getattr(params, "cursor", None)
        return await _asked("list", library.page(self._api_of(context), cursor))


async def _asked(method: str, answer: Awaitable[T]) -> T:
    """Wait for the API's answer; its refusals become errors of the protocol."""
    try:
        return await answer
    except ApiRefusal as refusal:
        log.warning("mcp: %s: %s", method, refusal.code)
        code = INVALID_PARAMS if refusal.status < 500 else INTERNAL_ERROR
        raise MCPError(code, str(refusal), {"code": refusal.code}) from None


def _error(tool: str, code: str, message: str) -> Any:
    log.warning("mcp: %s: %s", tool, code)
    return types.CallToolResult(content=[_text(f"{message} ({code})")], is_error=True)


def _progress(context: Any) -> Progress | None:
    """Return what reports progress, where the caller asks for it."""
    if context.meta is None or context.meta.get("progress_token") is None:
        return None

    async def report(said: float, piece: str) -> None:
        await context.session.report_progress(said, None, piece)

    return report


def _text(text: str) -> Any:
    return types.TextContent(type="text", text=text)
