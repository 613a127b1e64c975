"""Every error is explained, in docs/errors.md and on the page that `doc_url` leads to."""

import re
import sys
from html import escape
from itertools import groupby

from gateway.errors import DOCS_PATH, OPENAI_PREFIX, Fault

INTRODUCTION = f"""\
`code` is stable and for programs; `message` is one sentence for people, and may say more than the one here.
Under `{OPENAI_PREFIX}` an error has OpenAI's form, so that its SDKs raise what they always raise; everywhere
else it has ours, with a `doc_url` that leads to its place on this page."""
COMMAND = "<!-- `make docs` makes this page from gateway/errors.py. -->"


def markdown() -> str:
    """Write the text of docs/errors.md."""
    parts = [COMMAND, "# Errors", INTRODUCTION]
    for group, faults in _groups():
        parts.append(f"## {group}")
        for fault in faults:
            parts.append(f'### <a id="{fault.anchor}"></a>`{fault.code}`')
            parts.append(_facts(fault))
            parts += [f"> {sentence}" for sentence in _sentences(fault)]
    return "\n\n".join(parts) + "\n"


def body() -> str:
    """Write what stands between `<main>` and `</main>` on the page."""
    parts = [f"<p>{_prose(INTRODUCTION)}</p>"]
    for group, faults in _groups():
        parts.append(f"<h2>{escape(group)}</h2>")
        for fault in faults:
            said = "".join(f"<p>{_prose(sentence)}</p>" for sentence in _sentences(fault))
            link = f'<a href="{DOCS_PATH}#{fault.anchor}">{escape(fault.code)}</a>'
            about = f'<p class="about">{_prose(_facts(fault))}</p>'
            parts.append(f'<article id="{fault.anchor}"><h3>{link}</h3>{about}{said}</article>')
    return "\n".join(parts)


def _groups() -> list[tuple[str, list[Fault]]]:
    """Group the faults by the first word of their codes, in the order of the catalogue within each."""

    def group(fault: Fault) -> str:
        return fault.code.partition(".")[0]

    return [(name, list(found)) for name, found in groupby(sorted(Fault, key=group), group)]


def _facts(fault: Fault) -> str:
    code = fault.openai_code or fault.code
    return (
        f"Status {fault.status}, type `{fault.type}`; "
        f"under `{OPENAI_PREFIX}` code `{code}`, type `{fault.openai_type}`."
    )


def _sentences(fault: Fault) -> list[str]:
    """List what callers read; what the drop-in surface says comes second, where it differs."""
    return [fault.sentence, *([fault.openai_sentence] if fault.openai_sentence else [])]


def _prose(text: str) -> str:
    """Write a text with `code` in it as HTML."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


if __name__ == "__main__":
    sys.stdout.write(markdown())
