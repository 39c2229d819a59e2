"""A site that keeps one folder per release: copies the built pages into SITE/VERSION and lists what is there.

    python -m tox -e docs
    python docs/keep_release.py SITE

SITE/index.html leads to the newest release and names the others. What a release published stays: its folder is replaced only with
--again.
"""

import argparse
import html
import re
import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "docs" / "_build" / "html"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<meta http-equiv="refresh" content="3; url={newest}/index.html">
<title>{title}</title>
</head>
<body>
<h1>{title}</h1>
<p>The newest release is <a href="{newest}/index.html">{newest}</a>. All releases:</p>
<ul>
{releases}
</ul>
</body>
</html>
"""
TITLE = "How large must a DeepONet be?"
NUMBER = re.compile(r"\d+(\.\d+)*")


def version() -> str:
    """That of pyproject.toml."""
    stated: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return stated


def releases(site: Path) -> list[str]:
    """Versions that have a folder, the newest first."""
    found = [path.name for path in site.iterdir() if NUMBER.fullmatch(path.name) and (path / "index.html").is_file()]
    return sorted(found, key=lambda name: [int(part) for part in name.split(".")], reverse=True)


def keep(site: Path, built: Path, release: str, *, again: bool = False) -> list[str]:
    """Copy the built pages into the folder of a release and write the list; returns the releases, the newest first.

    Raises:
        SystemExit: nothing was built, or the release has a folder already.
    """
    target = site / release
    if not (built / "index.html").is_file():
        raise SystemExit(f"expected a built site in {built}, found none; run `python -m tox -e docs` first")
    if target.exists() and not again:
        raise SystemExit(f"expected no folder {target}, found one; give --again to replace what this release published")
    fresh = site / f".{release}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(built, fresh)
    if target.exists():
        shutil.rmtree(target)
    fresh.rename(target)
    found = releases(site)
    entries = "\n".join(f'<li><a href="{name}/index.html">{name}</a></li>' for name in found)
    page = PAGE.format(newest=found[0], title=html.escape(TITLE), releases=entries)
    (site / "index.html").write_text(page, encoding="utf-8")
    return found


def main(arguments: list[str]) -> None:
    """Keep the built site."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("--built", type=Path, default=BUILT)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args(arguments)
    print("\n".join(keep(given.site, given.built, version(), again=given.again)))


if __name__ == "__main__":
    main(sys.argv[1:])
