"""A sheet tells of a persona in Markdown, and agrees with its fields since it is made of them."""

from collections.abc import Mapping, Sequence


def render(fields: Mapping[str, str], summary: str, sources: Sequence[str] = ()) -> str:
    """Write the name, a line that sums the persona up, every field, and where facts of it come from."""
    name = fields.get("name") or fields.get("full_name") or "Persona"
    lines = [f"# {_line(name)}", "", f"_{_line(summary)}_", ""]
    lines += [f"- **{field.replace('_', ' ')}**: {_line(value)}" for field, value in fields.items()]
    if sources:
        lines += ["", "## Sources", ""]
        lines += [f"{number}. <{source}>" for number, source in enumerate(sources, 1)]
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())
