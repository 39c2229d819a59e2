"""The site keeps what each release published, in a folder of its own."""

import re
from pathlib import Path

import pytest
from repository import script_of_docs

keep_release = script_of_docs("keep_release")


def built(folder: Path, words: str) -> Path:
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(words)
    (folder / "deep" / "page.html").write_text(words)
    return folder


def test_each_release_has_a_folder_and_the_newest_is_led_to(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for release in ("0.9.0", "0.10.0", "0.2.0"):
        found = keep_release.keep(site, built(tmp_path / "html", f"pages of {release}"), release)
    assert found == ["0.10.0", "0.9.0", "0.2.0"]
    for release in found:
        assert (site / release / "deep" / "page.html").read_text() == f"pages of {release}"
    page = (site / "index.html").read_text()
    assert re.findall(r'<li><a href="([^"]+)/index.html">', page) == found
    assert 'content="3; url=0.10.0/index.html"' in page
    assert {path.name for path in site.iterdir()} == {*found, "index.html"}


def test_what_a_release_published_is_replaced_on_request_alone(tmp_path: Path) -> None:
    site, pages = tmp_path / "site", built(tmp_path / "html", "first")
    keep_release.keep(site, pages, "1.0")
    with pytest.raises(SystemExit, match="give --again"):
        keep_release.keep(site, built(pages, "second"), "1.0")
    assert (site / "1.0" / "index.html").read_text() == "first"
    keep_release.main([str(site), "--built", str(pages)])
    assert keep_release.keep(site, pages, "1.0", again=True) == ["1.0", keep_release.version()]
    assert (site / "1.0" / "index.html").read_text() == "second"
    with pytest.raises(SystemExit, match="expected a built site"):
        keep_release.keep(site, tmp_path / "nothing", "2.0")
