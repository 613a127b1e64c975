"""Files, commands, classes and methods that the docs name have to exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")])
FILE = re.compile(r"(?<![\w./*{-])((?:[a-z_]+/)*[a-z_0-9]+\.(?:py|toml|md|js|css))\b")
METHOD = re.compile(r"`([A-Z][A-Za-z]+)\.([a-z_]+)`")
NOT_OURS = {"config.toml", "evaluate.py"}
"""Files of whoever runs it, and of a benchmark that comes with its own evaluator."""
CODE = "\n".join(path.read_text("utf-8") for path in (ROOT / "gateway").rglob("*.py"))


def exists(name: str, page: Path) -> bool:
    """Tell whether a path of the docs, which often starts within `gateway/`, leads to a file."""
    places = (ROOT, ROOT / "gateway", ROOT / "docs", page.parent)
    if any((place / name).is_file() for place in places):
        return True
    return any(
        path.match(name)
        for folder in ("gateway", "tests", "tools", "benchmarks")
        for path in (ROOT / folder).rglob("*")
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text("utf-8")
    inline = re.findall(r"`([^`\n]+)`|\]\(([^)\s]+)\)", text)
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL) if page.name == "architecture.md" else []
    spans = [one or other for one, other in inline] + blocks
    named = {name for span in spans for name in FILE.findall(span)} - NOT_OURS
    assert {name for name in named if not exists(name, page)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_methods_that_a_page_names_are_there(page: Path) -> None:
    for owner, method in METHOD.findall(page.read_text("utf-8")):
        assert re.search(rf"class {owner}\b", CODE), f"there is no class {owner}"
        assert re.search(rf"\b{method}\b", CODE), f"nothing is called {method}"


def test_the_tests_that_a_page_names_are_there() -> None:
    known = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for page in PAGES:
        spans = re.findall(r"`([^`\n]+)`", page.read_text("utf-8"))
        named = {name for span in spans for name in re.findall(r"(?:^|::)(test_\w+)$", span)}
        assert {name for name in named if f"def {name}(" not in known} == set(), page


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [
        page.name for page in PAGES if page.parent.name == "docs" and f"(docs/{page.name})" not in readme
    ] == []


def test_the_readme_says_why_in_its_first_ten_lines() -> None:
    beginning = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:10]).lower()
    assert all(word in beginning for word in ("drift", "rollback", "versions", "base_url"))
