"""Names by OpenTelemetry's semantic conventions for generative AI, of which all are still in development."""

VERSION = "0.1.0"
"""The release of the conventions for generative AI, which are a repository of their own."""
SCHEMA_URL = f"https://opentelemetry.io/schemas/gen-ai/{VERSION}"

OPERATION, PROVIDER = "gen_ai.operation.name", "gen_ai.provider.name"
CONVERSATION = "gen_ai.conversation.id"
PROMPT_NAME, PROMPT_VERSION = "gen_ai.prompt.name", "gen_ai.prompt.version"
REQUEST_MODEL, REQUEST_STREAM = "gen_ai.request.model", "gen_ai.request.stream"
RESPONSE_ID, FINISH_REASONS = "gen_ai.response.id", "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS, OUTPUT_TOKENS = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
CACHE_READ, CACHE_WRITE = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
MODALITY = "gen_ai.token.modality"
ERROR_TYPE = "error.type"

EVALUATION = "gen_ai.evaluation.result"
EVALUATION_NAME = "gen_ai.evaluation.name"
SCORE, SCORE_LABEL = "gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label"

DURATION = "gen_ai.client.inference.duration"
TIME_TO_FIRST_CHUNK = "gen_ai.client.inference.time_to_first_chunk"
USAGE = "gen_ai.client.inference.usage."
DURATIONS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""The bounds that the conventions name for durations in seconds."""

HTTP_METHOD, HTTP_STATUS, URL_PATH = "http.request.method", "http.response.status_code", "url.path"
"""Names of the conventions for HTTP, which are stable."""
