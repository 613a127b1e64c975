"""Of a page that is read for a persona its text is taken, and nothing around it."""

import pytest

from gateway.studio.grounding import plain


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<head><title>No</title><body>The light", "The light"),
        ("<p>Tea &amp; rain, R&D", "Tea & rain, R&D"),
        ("<nav>No<svg/></nav><p>The <b>light</b></p><script>no()</script>", "The light"),
        ("</nav><p>The light", "The light"),
    ],
)
def test_the_text_of_a_page_is_taken(html: str, text: str) -> None:
    assert plain(html) == text
