"""Character cards are read and written: V1, V2 and V3, as frontends for role-play exchange them.

Formats: https://github.com/malfoyslastname/character-card-spec-v2 and
https://github.com/kwaroran/character-card-spec-v3.
"""

import re
from typing import Any

import msgspec

from gateway.importing import macros
from gateway.importing.found import Found, ImportingError, object_of, text_of, texts_of
from gateway.personas.acceptance import EXAMPLES, NAME_LENGTH, PART_BYTES, PROMPT_BYTES
from gateway.personas.model import Content, Draft

TEXTS = (
    "description",
    "personality",
    "scenario",
    "first_mes",
    "mes_example",
    "system_prompt",
    "post_history_instructions",
    "creator_notes",
    "creator",
    "character_version",
    "nickname",
)
SAYING = ("description", "personality", "scenario", "first_mes", "system_prompt")
LISTS = ("alternate_greetings", "group_only_greetings", "source")
KEPT = ("extensions", "creator_notes_multilingual", "creation_date", "modification_date")
"""Fields that say nothing of the character, and are kept for whoever exports it again."""
LAYER, BOOK = "card", "character_book"
"""Layers that hold a card's own fields, and its lore."""
START = re.compile(r"^[^\S\n]*<START>[^\S\n]*$", re.IGNORECASE | re.MULTILINE)
SPEAKER = re.compile(r"^(\{\{\s*(?:char|user)\s*\}\}|<BOT>|<USER>)\s*:\s*", re.IGNORECASE)


def read(document: Any) -> list[Found]:
    """Read one card. Raises ImportingError."""
    card = object_of(document, "A card")
    data = object_of(card["data"], "`data`") if "data" in card else card
    name = text_of(data.get("name"), "name").strip()
    if not name:
        raise ImportingError("A card has a `name`; this document has none")
    fields: dict[str, Any] = {field: text_of(data.get(field), field) for field in TEXTS}
    fields |= {field: texts_of(data.get(field), field) for field in LISTS}
    if not any(fields[field] for field in SAYING):
        raise ImportingError(f"A card says something in {', '.join(SAYING)}; this document has none of them")
    found = Found(name=name, versions=[], tags=_tags(data))
    called = fields["nickname"] or name
    _require_sizes(called, fields)
    prompt, variables = macros.card_variables(macros.named(_prompt(called, fields), called), found)
    kept = {field: value for field, value in fields.items() if value}
    kept |= {field: data[field] for field in KEPT if data.get(field)}
    layers = {LAYER: kept}
    if data.get(BOOK):
        layers[BOOK] = object_of(data[BOOK], f"`{BOOK}`")
    known = {"name", "tags", BOOK, *TEXTS, *LISTS, *KEPT}
    if data is card:
        known |= {"spec", "spec_version"}
    for field in data.keys() - known:
        found.lose(f"The field `{str(field)[:64]}` is not carried.")
    _fit(layers, found)
    content = Content(prompt=prompt, variables=variables, layers=layers, examples=_examples(called, fields))
    found.versions.append(content)
    return [found]


def write(draft: Draft, lost: list[str]) -> dict[str, Any]:
    """Write a card V3 of the draft; what a card cannot hold is noted in `lost`."""
    content = draft.content
    kept = content.layers.get(LAYER)
    fields: dict[str, Any] = {
        **{field: "" for field in TEXTS if field != "nickname"},
        **{field: [] for field in LISTS if field != "source"},
        "extensions": {},
    }
    if isinstance(kept, dict) and _is_still(draft, kept):
        fields |= kept
    else:
        first, *others = content.examples or [""]
        fields |= {"system_prompt": content.prompt, "first_mes": first, "mes_example": _dialogue(others)}
        if isinstance(kept, dict):
            fields |= {key: kept[key] for key in ("creator", "creator_notes", "extensions") if key in kept}
    book = content.layers.get(BOOK)
    if book:
        fields[BOOK] = book
    _note_lost(content, lost)
    data = {"name": draft.profile.name, "tags": draft.profile.tags, **fields}
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}


def _note_lost(content: Content, lost: list[str]) -> None:
    absent = [f"The layer `{name}`" for name in content.layers.keys() - {LAYER, BOOK}]
    others = ("rules", "facts", "upstreams", "defaults", "headers", "allow", "refusal")
    absent += [f"`{name}`" for name in others if getattr(content, name)]
    absent += ["`overlay`"] if content.overlay != "append" else []
    absent += [f"The declaration of `{name}`" for name in content.variables.keys() - {macros.VISITOR}]
    lost.extend(f"{what} has no place in a card." for what in absent)


def _is_still(draft: Draft, kept: dict[str, Any]) -> bool:
    """Tell whether the draft is what its card makes, so that the card's own fields say all of it."""
    try:
        again = read({"data": {"name": draft.profile.name, **kept}})[0].versions[0]
    except ImportingError:
        return False
    return again.prompt == draft.content.prompt and again.examples == draft.content.examples


def _prompt(name: str, fields: dict[str, Any]) -> str:
    """Write the system prompt that frontends make of a card, its last words last."""
    parts = [fields["system_prompt"] or f"You are {name}. Never leave your character."]
    parts += [fields["description"]]
    parts += [f"{name}'s personality: {fields['personality']}" if fields["personality"] else ""]
    parts += [f"Scenario: {fields['scenario']}" if fields["scenario"] else ""]
    parts += [fields["post_history_instructions"]]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _examples(name: str, fields: dict[str, Any]) -> list[str]:
    """List what the character says in its greetings and in the example dialogues."""
    greetings = [fields["first_mes"], *fields["alternate_greetings"], *fields["group_only_greetings"]]
    lines = [*greetings, *_said(name, fields["mes_example"])]
    lines = [macros.spoken(line, name).strip() for line in lines]
    return list(dict.fromkeys(line for line in lines if line))[:EXAMPLES]


def _said(name: str, dialogues: str) -> list[str]:
    """List the character's turns in the example dialogues."""
    turns: list[tuple[bool, list[str]]] = []
    for block in START.split(dialogues):
        turns.append((False, []))
        for line in block.splitlines():
            own = line.removeprefix(f"{name}:")
            speaker = SPEAKER.match(line)
            if speaker is not None:
                is_own = macros.CHARACTER.fullmatch(speaker[1]) is not None
                turns.append((is_own, [line[speaker.end() :]]))
            elif own != line:
                turns.append((True, [own.strip()]))
            else:
                turns[-1][1].append(line)
    return ["\n".join(lines).strip() for is_own, lines in turns if is_own]


def _dialogue(lines: list[str]) -> str:
    return "".join(f"<START>\n{{{{char}}}}: {line}\n" for line in lines)


def _require_sizes(name: str, fields: dict[str, Any]) -> None:
    """Look before the name is put into its places, which makes more of a text. Raises ImportingError."""
    if len(name) > NAME_LENGTH:
        raise ImportingError(f"A name has at most {NAME_LENGTH} characters")
    if len(_prompt(name, fields)) > PROMPT_BYTES:
        raise ImportingError(f"A card's texts have at most {PROMPT_BYTES >> 10} KiB")
    said = [fields["first_mes"], fields["mes_example"], *fields["alternate_greetings"]]
    if sum(map(len, [*said, *fields["group_only_greetings"]])) > PART_BYTES:
        raise ImportingError(f"A card's greetings and example dialogues have at most {PART_BYTES >> 10} KiB")


def _tags(data: dict[str, Any]) -> list[str]:
    tags = [tag.strip()[:64] for tag in texts_of(data.get("tags"), "tags")]
    return list(dict.fromkeys(tag for tag in tags if tag))[:50]


def _fit(layers: dict[str, Any], found: Found) -> None:
    """Leave out what is too large to be stored."""
    for name in (BOOK, LAYER):
        if name in layers and len(msgspec.json.encode(layers)) > PART_BYTES:
            del layers[name]
            found.lose(f"`{name}` is not carried: layers have at most {PART_BYTES >> 10} KiB.")
