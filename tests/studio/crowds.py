"""Personas and blueprints for tests of gates."""

from typing import Any

from gateway.studio import sheet
from gateway.studio.blueprint import Blueprint, check
from gateway.studio.crowd import Member
from gateway.studio.wording import Faults

PLAN: dict[str, Any] = {
    "fields": [
        {"name": "name"},
        {"name": "age", "type": "integer", "distribution": {"min": 18, "max": 67}},
        {
            "name": "role",
            "type": "category",
            "distribution": {"weights": {"student": 1, "worker": 8, "retired": 1}},
        },
        {
            "name": "skill",
            "type": "category",
            "ordered_values": ["low", "medium", "high"],
            "distribution": {"weights": {"low": 0.2, "medium": 0.5, "high": 0.3}},
        },
    ],
    "constraints": ["role != 'retired' or age >= 60", {"expression": "not (role == 'student' and age > 40)"}],
}
FIRST = ("Ada", "Bruno", "Chiara", "Deniz", "Edith", "Femi", "Greta", "Hugo", "Ines", "Jonas")
LAST = ("Okafor", "Marlowe", "Kavakli", "Nilsen", "Romano", "Silva", "Tanaka", "Umar", "Vogel", "Weber")
TALK = ("books", "football", "rain", "tea", "code", "trains", "bread", "dogs", "tax", "jazz", "chess", "soup")


def plan(**change: Any) -> Blueprint:
    faults = Faults()
    made = check(PLAN | change, faults)
    assert made is not None, faults.found
    return made


def member(number: int, **fields: str) -> Member:
    """Make a persona that passes by itself; each number gives another one."""
    name = f"{FIRST[number % 10]} {LAST[number // 10 % 10]} {number}"
    own = {
        "name": name,
        "age": str(18 + number % 23),
        "role": "worker",
        "skill": ("low", "medium", "high")[number % 3],
    }
    own |= fields
    talk = [TALK[(number * step + step) % 12] + str(number % 7) for step in range(1, 9)]
    prompt = f"You are {own['name']}. You talk of {', '.join(talk)}, and number {number} is yours."
    return Member(
        persona_id=f"p_{number:05d}",
        fields=own,
        system_prompt=prompt,
        markdown=sheet.render(own, "Somebody."),
    )
