"""The documentation site in a browser, from disk: silent under its policy, searchable, no wider than a phone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from repository import REPOSITORY

Opened = Callable[..., Any]
SITE = REPOSITORY / "docs" / "_build" / "html"
PAGES = ("index.html", "theory.html", "extending.html", "api.html", "reference/operators/bounds/eckart_young/index.html")


@pytest.fixture(scope="module")
def site() -> Path:
    if not (SITE / "index.html").exists():
        pytest.fail(f"expected the documentation site in {SITE}, found none; build it with `python -m tox -e docs`")
    return SITE


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_silent_styled_and_no_wider_than_a_phone(opened: Opened, site: Path, name: str, scheme: str) -> None:
    page = opened(viewport={"width": 390, "height": 800}, color_scheme=scheme).open(site / name)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]


def test_the_policy_blocks_an_inline_script(opened: Opened, site: Path) -> None:
    watched = opened()
    page = watched.open(site / "index.html")
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }"
    )
    assert page.evaluate("window.ran === undefined")
    assert any("Content Security Policy" in error for error in watched.errors)
    watched.errors.clear()


def test_the_search_finds_a_module_by_a_word_of_its_header(opened: Opened, site: Path) -> None:
    page = opened().open(site / "index.html")
    page.get_by_role("searchbox").fill("Marchenko")
    page.get_by_role("searchbox").press("Enter")
    result = page.locator("#search-results").get_by_role("link", name="operators.bounds.marchenko_pastur").first
    result.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("operators.bounds.marchenko_pastur")


def test_the_list_of_pages_leads_from_one_to_the_next(opened: Opened, site: Path) -> None:
    page = opened().open(site / "index.html")
    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Reference", exact=True).click()
    pages.get_by_role("link", name="operators", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("operators")
    expect(pages.get_by_role("link", name="bounds", exact=True)).to_be_visible()
