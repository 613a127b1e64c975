"""Structs that routes take and answer get JSON schemas, under the names that readers see."""

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.openapi.meaning import meaning, with_format
from gateway.openapi.shapes import SHAPES
from gateway.openapi.shapes.schema import PLACE, ref

Json = dict[str, Any]

NAMES = {
    "AlertView": "Alert",
    "AuditView": "AuditEntry",
    "BudgetBody": "BudgetLimit",
    "BudgetView": "Budget",
    "ConversationBody": "NewConversation",
    "ConversationPatch": "ConversationChange",
    "ConversationView": "Conversation",
    "Diff": "VersionDiff",
    "Explain": "DriftExplained",
    "Signal": "DriftSignal",
    "ForkBody": "Fork",
    "ImportBody": "Import",
    "KeyBody": "NewKey",
    "KeyView": "Key",
    "MessageView": "Message",
    "LineView": "SceneLine",
    "ScenarioBody": "Scenario",
    "SceneView": "Scene",
    "ReplyView": "Reply",
    "Tokens": "ReplyTokens",
    "Use": "ToolUse",
    "LabelBody": "LabelTarget",
    "PlanBody": "PlanChange",
    "PlanView": "WorkspacePlan",
    "ReloadView": "Reload",
    "CreateBody": "NewPersona",
    "RefineBody": "Refinement",
    "FieldBody": "NewField",
    "FieldView": "OwnField",
    "PipelineView": "Pipeline",
    "Result": "RunResult",
    "RunBrief": "RunSummary",
    "RunView": "Run",
    "StepView": "RunStep",
    "PersonaPatch": "PersonaChange",
    "PersonaView": "Persona",
    "ProjectPersonaBody": "NewProjectPersona",
    "ProjectPersonaPatch": "ProjectPersonaChange",
    "StyleImageBody": "NewStyleImage",
    "Rendered": "RenderedRequest",
    "RotateBody": "Rotation",
    "TurnView": "Turn",
    "Usage": "TokenCounts",
    "UsageView": "UsageSum",
    "FactView": "Fact",
    "RuleView": "Rule",
    "VersionView": "Version",
    "DeliveryView": "Delivery",
    "ReplayBody": "Replay",
    "SecretBody": "SecretRotation",
    "WebhookBody": "NewWebhook",
    "WebhookPatch": "WebhookChange",
    "WebhookView": "Webhook",
    "WorkspaceBody": "NewWorkspace",
    "WorkspaceView": "Workspace",
}
"""Names of structs whose own name says more about the code than about what they are."""
ABOUT = {
    "AuditEntry": "One write: who did what to what, and when.",
    "BudgetLimit": "What may be spent, in the unit of the path.",
    "Drift": "How far an answer is from its persona, on each axis and in a word.",
    "DriftExplained": "Why a turn got its score: the answer that is furthest from the persona, and each of "
    "several.",
    "DriftSignal": "One named reason for a score.",
    "ForkedFrom": "Where a fork comes from.",
    "Judgement": "What a judge, another model, said of an answer.",
    "LabelMove": "One move of a label.",
    "Rule": "One rule of a version, and whether answers are held against it.",
    "RuleList": "Every rule of one version.",
    "LabelTarget": "The version that the label is to stand for: `v3` or 3.",
    "NewWorkspace": "A new tenant.",
    "Plan": "What a workspace may use; what is null has no limit.",
    "Rotation": "All of it may be left out.",
    "UsageList": "Every group at once; there are no further pages.",
    "Workspace": "A tenant.",
}


def name_of(kind: Any) -> str:
    """Find the name in the document of a struct, or of a page of structs."""
    (item,) = getattr(kind, "__args__", None) or (None,)
    if item is not None:
        return name_of(item) + "Page"
    own: str = kind.__name__
    return NAMES.get(own, own)


def components(kinds: Iterable[Any]) -> Json:
    """Make the schemas of these structs, of all that they hold, and of what is described by hand."""
    _, found = msgspec.json.schema_components(kinds, ref_template=PLACE + "{name}")
    # Generic structs are named by their origin and argument, `Page_PersonaView_`.
    public = {name: _public(name) for name in found}
    text = re.sub(f'{PLACE}([^"]+)', lambda place: PLACE + public[place[1]], json.dumps(found))
    renamed: Json = {public[name]: schema for name, schema in json.loads(text).items()}
    # They are copied, since the schemas by hand hold some of their parts several times.
    schemas = {**renamed, **json.loads(json.dumps(SHAPES))}
    for name, schema in schemas.items():
        schema.pop("title", None)
        if name in ABOUT:
            schema["description"] = ABOUT[name]
        _describe(schema, name)
    # Bytes that are not decoded have no schema of their own.
    schemas["RenderedRequest"]["properties"]["request"].update(ref("ChatRequest"))
    return dict(sorted(schemas.items()))


def _public(name: str) -> str:
    generic, _, argument = name.partition("_")
    return _public(argument.strip("_")) + generic if argument else NAMES.get(name, name)


def _describe(schema: Json, owner: str) -> None:
    """Give every property a sentence and, where it has one, a form; those of inner objects too."""
    for name, inner in schema.get("properties", {}).items():
        inner.setdefault("description", meaning(owner, name))
        with_format(name, inner)
        _describe(inner, f"{owner}.{name}")
    if isinstance(schema.get("items"), dict):
        _describe(schema["items"], owner)
