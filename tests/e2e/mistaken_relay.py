"""This is `persona serve` with a mistake in its relay: a stream that says `boom` raises there."""

from typing import Any

from gateway.openai_api.transcript import Transcript

keep = Transcript.keep


def mistaken(transcript: Transcript, index: int, text: str) -> None:
    if "boom" in text:
        raise ValueError("a mistake")
    keep(transcript, index, text)


def main() -> None:
    replaced: Any = Transcript
    replaced.keep = mistaken
    from gateway.__main__ import main as persona

    persona()


if __name__ == "__main__":
    main()
