"""This records the README's pictures of `persona demo` in a real browser; it needs Pillow and Chromium.

Run it as `python -m tools.record_demo docs/pictures`. It writes an animated picture and two stills; a frame
is kept wherever what is shown has changed.
"""

import io
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

from gateway.demo.gateway import serving
from gateway.demo.lines import PERSONA
from gateway.demo.story import Story
from gateway.demo.upstream import served

SIZE: Any = {"width": 1120, "height": 700}
TURNS, PAUSE = 12, 0.3
LOOK_MS = 400
FRAME_MS, LAST_MS = 160, 3_000
MOST_BYTES = 2_000_000


def record(folder: Path) -> None:
    """Play the demo once and write its pictures."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with served() as upstream, serving(upstream) as running, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(120_000)
        page.goto(f"{running.root}/#key={running.key}&to=/personas/{PERSONA}/drift")
        page.locator("main h1").wait_for()
        told: list[str] = []
        story = Story(running.root, running.key, told.append, PAUSE)
        playing = threading.Thread(target=story.play, args=(TURNS,))
        playing.start()
        frames = []
        while playing.is_alive():
            frames.append(page.screenshot())
            page.wait_for_timeout(LOOK_MS)
        page.reload()
        page.locator("[data-move]").first.wait_for()
        page.wait_for_timeout(1_000)
        frames.append(page.screenshot())
        (folder / "drift.png").write_bytes(page.screenshot(full_page=True))
        page.goto(f"{running.root}/#/")
        page.locator("[data-persona]").first.wait_for()
        page.wait_for_timeout(1_000)
        (folder / "overview.png").write_bytes(page.screenshot(full_page=True))
        browser.close()
    _animate(frames, folder / "demo.gif")


def _animate(frames: list[bytes], place: Path) -> None:
    """Write the frames that differ from those before, and refuse a picture that is too large."""
    from PIL import Image

    shown = [frame for at, frame in enumerate(frames) if at == 0 or frame != frames[at - 1]]
    images: list[Any] = [
        Image.open(io.BytesIO(frame)).convert("RGB").quantize(64, dither=Image.Dither.NONE) for frame in shown
    ]
    durations = [FRAME_MS] * (len(images) - 1) + [LAST_MS]
    images[0].save(
        place, save_all=True, append_images=images[1:], duration=durations, loop=0, optimize=True, disposal=1
    )
    size = place.stat().st_size
    print(f"{place}: {len(images)} frames, {size / 1e6:.2f} MB")
    if size > MOST_BYTES:
        sys.exit("the picture is larger than 2 MB; take fewer turns")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
