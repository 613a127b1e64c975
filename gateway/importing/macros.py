"""Places for values in foreign prompts become names, declared variables, or a line about what is lost."""

import re
from collections.abc import Iterable
from typing import Any

from gateway.importing.found import Found
from gateway.personas.variables import MOST, NAME

MACRO = re.compile(r"\{\{([^{}]{1,200})\}\}")
CHARACTER = re.compile(r"\{\{\s*char\s*\}\}|<BOT>|<CHAR>", re.IGNORECASE)
USER = re.compile(r"\{\{\s*user\s*\}\}|<USER>", re.IGNORECASE)
VISITOR = "user"
"""The variable that stands for whoever talks with a character."""
NOBODY = "you"
"""It stands for the visitor where no value is given."""


def named(text: str, name: str) -> str:
    """Put the character's name in its places."""
    return CHARACTER.sub(lambda _: name, text)


def spoken(text: str, name: str) -> str:
    """Put names into a line of speech, which is no template."""
    return USER.sub(NOBODY, named(text, name))


def card_variables(prompt: str, found: Found) -> tuple[str, dict[str, dict[str, Any]]]:
    """Make a variable of the visitor, and note the macros of frontends that mean nothing here."""
    prompt = USER.sub(f"{{{{{VISITOR}}}}}", prompt)
    others = sorted({each for each in MACRO.findall(prompt) if each != VISITOR})
    for macro in others:
        found.lose(f"The macro `{{{{{macro}}}}}` means nothing here and stays in the prompt as it is.")
    if f"{{{{{VISITOR}}}}}" not in prompt:
        return prompt, {}
    return prompt, {VISITOR: {"default": NOBODY, "description": "Who talks with the character."}}


def template_variables(prompt: str, found: Found, known: Iterable[str] = ()) -> tuple[str, dict[str, Any]]:
    """Declare each `{{name}}` of a prompt that is a template where it comes from; `known` ones are listed.

    White space within the braces is left out. A value has to be given for each.
    """

    def written(place: re.Match[str]) -> str:
        name = place[1].strip()
        return f"{{{{{name}}}}}" if NAME.fullmatch(name) else place[0]

    prompt = MACRO.sub(written, prompt)
    declared: dict[str, Any] = {}
    for name in dict.fromkeys(MACRO.findall(prompt)):
        if not NAME.fullmatch(name):
            found.lose(f"`{{{{{name}}}}}` is more than a name and stays in the prompt as it is.")
        elif len(declared) >= MOST:
            found.lose(f"`{{{{{name}}}}}` is not declared: a version has at most {MOST} variables.")
        else:
            declared[name] = {}
    for name in known:
        if name not in declared:
            found.lose(f"The variable `{str(name)[:64]}` does not stand in the prompt.")
    return prompt, declared
