"""Values that stand in more than one example."""

from typing import Any

Json = dict[str, Any]

WHEN = "2026-11-22T06:00:00.000Z"
LATER = "2026-11-22T06:05:00.000Z"
PERSONA_ID = "psn_0QwErTy1aBcDeFgHiJkL"
VERSION_ID = "ver_0QwErTy1mNoPqRsTuVwX"
KEY_ID = "key_0QwErTy1zYxWvUtSrQpO"
WORKSPACE_ID = "ws_0QwErTy1kJiHgFeDcBaZ"
TURN_ID = "msg_0QwErTy2aBcDeFgHiJkL"
CONVERSATION_ID = "conv_0QwErTy3aBcDeFgHiJkL"
MESSAGE_ID = "msg_0QwErTy2aBcDeFgHiJkK"
FINGERPRINT = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
PROMPT = "You are Edith Marlowe, night librarian of a small harbour town. You never break character."
LINE = "Sit down, dear, the kettle has just stopped complaining."
SOUL = {"core_value": "nobody should be awake alone"}
