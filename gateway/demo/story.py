"""The demo's story: a persona holds, a hurried version slips, the label goes back, and all is well."""

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gateway.demo.lines import ASKED, PERSONA, SLIP

LABEL = "production"
HEARD_SECONDS = 10
"""Seconds within which every worker must have heard of a moved label."""

Tell = Callable[[str], None]


class Story:
    """Plays an app that talks to the persona through the OpenAI SDK, and its owner, who uses `/v1`."""

    def __init__(self, root: str, key: str, tell: Tell, pause: float) -> None:
        """`pause` is how many seconds lie between two turns."""
        # The SDK takes a second to load, which other commands are spared.
        import openai

        self._app = openai.OpenAI(base_url=f"{root}/v1/openai", api_key=key)
        self._owner = openai.OpenAI(base_url=f"{root}/v1", api_key=key)
        self._tell, self._pause = tell, pause
        self._asked = itertools.cycle(ASKED)

    def play(self, turns: int) -> None:
        """Play all of it, with so many turns in each of its three parts."""
        self._put(f"/personas/{PERSONA}/labels/{LABEL}", {"version": 1})
        self._tell(f"An app talks to persona/{PERSONA}, which is v1.")
        self._talk(turns)
        made: Any = self._owner.patch(f"/personas/{PERSONA}", body={"prompt": SLIP}, cast_to=object)
        self._move(made["version"], f"Somebody rewrites the prompt in a hurry: v{made['version']} goes live.")
        self._talk(turns)
        self._tell(self._noticed(made["version"], turns))
        self._tell(self._alerted(made["version"]))
        back = self._move(1, "The label goes back to v1. The app was not touched.")
        self._talk(turns)
        self._tell(self._recovered(back, turns))

    def _move(self, version: int, told: str) -> str:
        """Move the label, and return the time from which on its version answers."""
        self._put(f"/personas/{PERSONA}/labels/{LABEL}", {"version": version})
        self._tell(told)
        # A worker hears of it within a second; the story goes on once its own requests are answered by it.
        deadline = time.monotonic() + HEARD_SECONDS
        while True:
            since = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            if self._say() == version or time.monotonic() > deadline:
                return since
            time.sleep(0.1)

    def _noticed(self, version: int, turns: int) -> str:
        """Tell what the gateway knows of that version once its turns are recorded."""
        path = f"/personas/{PERSONA}/drift?version={version}"
        found = self._read(path, lambda found: sum(one["turns"] for one in found["data"]) >= turns)
        (series,) = found["data"]
        away, count = series["verdicts"]["out-of-character"], series["turns"]
        return f"The gateway noticed: {away:.0%} of v{version}'s {count} answers are out of character."

    def _alerted(self, version: int) -> str:
        """Tell of the alert, which comes a moment after the turns that it is about."""
        found = self._read("/alerts", lambda found: bool(found["data"]))
        fired = [one for one in found["data"] if one["version"] == version]
        if not fired:
            return "No alert has fired yet."
        share, turns = fired[0]["share"], fired[0]["turns"]
        return f"An alert fires: {share:.0%} of {turns} answers, over {fired[0]['threshold']:.0%}."

    def _recovered(self, since: str, turns: int) -> str:
        """Tell what the gateway says of the time since the label went back and was heard of."""
        path = f"/personas/{PERSONA}/drift/around?at={since}"
        found = self._read(path, lambda found: found["after"]["turns"] >= turns)
        share = found["after"]["in_character"]["share"]
        return f"In character since then: {share:.0%}. Who moved what stands in /v1/audit."

    def _read(self, path: str, is_enough: Callable[[Any], bool]) -> Any:
        """Read until all turns are there, which are recorded a moment after they end."""
        deadline = time.monotonic() + HEARD_SECONDS
        while True:
            found: Any = self._owner.get(path, cast_to=object)
            if is_enough(found) or time.monotonic() > deadline:
                return found
            time.sleep(0.1)

    def _talk(self, turns: int) -> None:
        for _ in range(turns):
            self._say()
            time.sleep(self._pause)

    def _say(self) -> int:
        """Take one turn, streamed, and return the version that answered."""
        hello: Any = [{"role": "user", "content": next(self._asked)}]
        version = 0
        stream = self._app.chat.completions.create(model=f"persona/{PERSONA}", messages=hello, stream=True)
        for chunk in stream:
            persona = (chunk.model_extra or {}).get("persona")
            if persona:
                version = persona["version"]
        return version

    def _put(self, path: str, body: dict[str, Any]) -> None:
        self._owner.put(path, body=body, cast_to=object)
