"""`persona demo` plays its story before a real gateway, and leaves nothing behind."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.demo.lines import ASKED, IN_CHARACTER, OUT_OF_CHARACTER, PERSONA
from gateway.drift import scorer
from gateway.drift.profile import Profile
from gateway.personas import files, resolved
from tests.fakes.process import scrubbed_environment


@pytest.mark.slow
def test_the_demo_slips_and_recovers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway", "demo", "--no-open", "--end", "--turns", "6", "--pause", "0"]
    settings = scrubbed_environment(TMPDIR=str(tmp_path))
    done = subprocess.run(
        command, capture_output=True, text=True, env=settings, cwd=tmp_path, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    away = re.search(r"noticed: (\d+)% of v2's \d+ answers", done.stdout)
    back = re.search(r"In character since then: (\d+)%", done.stdout)
    assert away is not None
    assert back is not None
    assert int(away[1]) >= 80
    assert int(back[1]) >= 80
    assert "The model is a script" in done.stdout
    assert "[upstreams.openai]" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_scripted_lines_are_what_they_are_said_to_be() -> None:
    (draft,) = [one for one in files.demo() if one.profile.slug == PERSONA]
    profile = Profile(resolved.character(draft.profile.name, draft.content))

    def verdicts(lines: tuple[str, ...]) -> set[str]:
        return {
            scorer.score(profile, scorer.BEGINNING, asked, line)[0].verdict
            for asked in ASKED[:2]
            for line in lines
        }

    assert verdicts(IN_CHARACTER) == {"in-character"}
    assert verdicts(OUT_OF_CHARACTER) == {"out-of-character"}
