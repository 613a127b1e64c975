"""The jobs of the studio take these bodies, which each reads by itself."""

from gateway.openapi.shapes.schema import NUMBER, TEXT, Json, array, one_of, record, ref

SHAPES: Json = {
    "NewEnhancement": record(
        "A persona's text, to be deepened.",
        "persona",
        persona=TEXT,
        grounding=one_of("off", "web", "research"),
    ),
    "NewPopulation": record(
        "What a population is for.",
        "prompt count",
        prompt=TEXT,
        count={"type": "integer", "minimum": 1, "maximum": 200},
        blueprint={"type": "object"},
        seed=NUMBER,
        partial={"type": "boolean"},
    ),
    "NewEvaluation": record(
        "Personas, and perhaps the blueprint that they were made from.",
        "personas",
        personas=array(ref("Member")),
        blueprint={"type": "object"},
    ),
}
