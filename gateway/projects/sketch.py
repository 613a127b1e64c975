"""A sketch is what the projects API knows of a persona beside what every persona has."""

import msgspec


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    description: str = ""
    image_id: str | None = None


BLANK = Sketch()
