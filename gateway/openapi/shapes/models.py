"""OpenAI's embeddings, moderations and models look like this."""

from gateway.openapi.shapes.schema import NUMBER, OPEN, TEXT, Json, array, one_of, record, ref

SHAPES: Json = {
    "EmbeddingsRequest": record(
        f"A request for vectors as OpenAI takes it, passed on unchanged. {OPEN}",
        "model input",
        model=TEXT,
        input={"anyOf": [TEXT, array({"anyOf": [TEXT, NUMBER, array(NUMBER)]})]},
        encoding_format=one_of("float", "base64"),
        dimensions=NUMBER,
        input_type=one_of("query", "document", "passage"),
        user=TEXT,
    ),
    "Embeddings": record(
        "Vectors, as the upstream answered.",
        "object data model",
        object={"const": "list"},
        data=array(
            record(
                "One vector.",
                "object index embedding",
                object={"const": "embedding"},
                index=NUMBER,
                embedding={"anyOf": [array({"type": "number"}), TEXT]},
            )
        ),
        model=TEXT,
        usage=ref("TokenCounts"),
    ),
    "ModerationRequest": record(
        "Texts to look at, as OpenAI takes them.",
        "input",
        model=TEXT,
        input={"anyOf": [TEXT, array({"anyOf": [TEXT, {"type": "object"}]})]},
    ),
    "Moderations": record(
        "What was seen in each text.",
        "id model results",
        id=TEXT,
        model=TEXT,
        results=array(
            record(
                "What was seen in one text; a category that nobody can see is absent.",
                "flagged categories category_scores",
                flagged={"type": "boolean"},
                categories={"type": "object", "additionalProperties": {"type": "boolean"}},
                category_scores={"type": "object", "additionalProperties": {"type": "number"}},
                category_applied_input_types={"type": "object", "additionalProperties": array(TEXT)},
            )
        ),
        persona=record("Whose rules were counted.", "id slug version", id=TEXT, slug=TEXT, version=NUMBER),
    ),
    "Model": record(
        "A name for `model`; `persona` is absent for plain models.",
        "id name object created owned_by",
        id=TEXT,
        name=TEXT,
        object={"const": "model"},
        created=NUMBER,
        owned_by=TEXT,
        persona=record(
            "What the name stands for now.",
            "id slug version name language",
            id=TEXT,
            slug=TEXT,
            version=NUMBER,
            name=TEXT,
            language=TEXT,
        ),
    ),
    "ModelList": record(
        "Names for `model`.", "object data", object={"const": "list"}, data=array(ref("Model"))
    ),
}
