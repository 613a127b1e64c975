"""Jobs on personas, as examples: what is asked for, and what is polled."""

from gateway.openapi.values.names import Json

JOB_ID = "b06f6aae-bcf6-4157-b241-7e19c9182a70"
SOURCE = "Sam is a 30-year-old support main. Friendly. Plays Thresh."
PERSONA: Json = {
    "persona_id": "p_01",
    "fields": {"name": "Sam Okafor", "age": "30", "main_role": "support", "main_champion": "Thresh"},
    "system_prompt": "You are Sam Okafor, a warm-but-sharp Thresh support...",
    "markdown": "# Sam Okafor\n\n_Warm-but-sharp Thresh support..._",
}
OTHER: Json = {
    "persona_id": "p_02",
    "fields": {"name": "Greta Nilsen", "age": "44", "main_role": "jungle", "main_champion": "Ivern"},
    "system_prompt": "You are Greta Nilsen, a forester who plays the jungle...",
    "markdown": "# Greta Nilsen\n\n_A forester who plays the jungle..._",
}
BLUEPRINT: Json = {
    "fields": [
        {"name": "name", "type": "text"},
        {"name": "age", "type": "integer", "distribution": {"min": 18, "max": 60, "mean": 30, "sd": 8}},
        {
            "name": "main_role",
            "type": "category",
            "distribution": {"weights": {"support": 0.5, "jungle": 0.5}},
        },
    ],
    "constraints": ["age >= 18"],
}
SHOWN_BLUEPRINT: Json = {
    "fields": [
        {
            "name": field["name"],
            "type": field["type"],
            "description": "",
            "required": True,
            "ordered_values": None,
            "distribution": field.get("distribution"),
        }
        for field in BLUEPRINT["fields"]
    ],
    "constraints": [{"expression": "age >= 18", "description": ""}],
}
DIVERSITY: Json = {
    "mean_distance": 0.71,
    "fields_distance": 1.0,
    "words_distance": 0.42,
    "floor": 0.2,
    "nearest": {"a": "p_01", "b": "p_02", "distance": 0.71},
}
MARGINAL: Json = {
    "field": "main_role",
    "count": 2,
    "distance": 0.0,
    "sampling_error": 0.282,
    "tolerance": 0.705,
    "passed": True,
    "declared": {"support": 0.5, "jungle": 0.5},
    "observed": {"support": 0.5, "jungle": 0.5},
}
ACCEPTED: Json = {"id": JOB_ID, "status": "pending"}
ENHANCEMENT: Json = {
    **ACCEPTED,
    "status": "succeeded",
    "source": SOURCE,
    "grounding": "off",
    "persona": PERSONA,
    "error": None,
}
POPULATION: Json = {
    **ACCEPTED,
    "status": "succeeded",
    "prompt": "People who play support or jungle.",
    "count": 2,
    "seed": 7,
    "blueprint": SHOWN_BLUEPRINT,
    "personas": [PERSONA, OTHER],
    "diversity": DIVERSITY,
    "marginals": [MARGINAL],
    "partial": False,
    "error": None,
}
GATE: Json = {"name": "shape", "passed": True, "detail": "", "applicable": True}
EVALUATION: Json = {
    **ACCEPTED,
    "status": "succeeded",
    "result": {
        "passed": True,
        "gates": [{**GATE, "name": "diversity_floor"}],
        "scorecards": [{"persona_id": "p_01", "passed": True, "gates": [GATE]}],
        "diversity": DIVERSITY,
        "marginals": [MARGINAL],
    },
    "error": None,
}
