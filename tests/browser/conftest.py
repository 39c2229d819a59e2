"""The system's Chromium, opened on pages from disk; every page is watched for errors and for requests."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from results.report.write import write_tables

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
HOSTILE = "</script><script>window.ran=1</script><img src=x onerror='window.ran=2'> javascript:window.ran=3 '\"`"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("expected the browser `chromium` on the PATH, found none; install the Debian package `chromium`")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Watched:
    """A page, with what went wrong on it and what it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append("dialog"), dialog.dismiss()))
        page.route("**/*", self._route)

    def _route(self, route: Route) -> None:
        if not route.request.url.startswith("file:"):
            self.requests.append(route.request.url)
            route.abort()
            return
        route.continue_()

    def open(self, path: Path) -> Page:
        self.page.goto(path.as_uri())
        return self.page

    def draw(self) -> None:
        """Draw everything at once, as for printing."""
        self.page.evaluate("void dispatchEvent(new Event('beforeprint'))")


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens pages in fresh contexts and, when the test ends, holds every one to silence: no error, no request."""
    watched = []

    def make(**settings: Any) -> Watched:
        page = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings}).new_page()
        watched.append(Watched(page))
        return watched[-1]

    yield make
    for each in watched:
        each.page.context.close()
        assert (each.errors, each.requests) == ([], [])


def save(folder: Path, study: Any, **changes: Any) -> Path:
    study.save(folder, study.manifest(rays=(1.0,)).model_copy(update=changes))
    write_tables(folder, figures=False)
    return folder


@pytest.fixture(scope="session")
def study(new_planted: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with every kind of chart but brackets, with failures and a refused line."""
    return save(tmp_path_factory.mktemp("out") / "planted", new_planted().fill('worker, "died"\n=1+1'))


@pytest.fixture(scope="session")
def hostile(new_planted: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose records and question were written by somebody malicious."""
    made = new_planted()
    made.add(q=1, status="failed", outcome={"message": HOSTILE, "host": {HOSTILE: HOSTILE}})
    for q, size in itertools.product((2, 3, 4), (8, 16, 32)):
        made.add(q=q, task=HOSTILE, functions=size, relative=0.5 / q, floor=0.1 / q**2)
        made.add(q=q, task=HOSTILE, functions=size, absorbed=0.2 * q, recipe=HOSTILE)
    return save(tmp_path_factory.mktemp("out") / "<img src=x onerror=window.ran=4>", made, question=HOSTILE)


@pytest.fixture(scope="session")
def large(new_planted: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 2,000 cells."""
    made = new_planted()
    for q, functions, points, replicate in itertools.product(range(1, 11), range(2, 12), range(2, 12), (0, 1)):
        made.add(q=q, functions=functions, points=points, replicate=replicate, relative=0.5 / q)
    return save(tmp_path_factory.mktemp("out") / "large", made)
