"""What is published as one archive for a data repository such as Zenodo: the same bytes for the same files, on any machine.

    deeponet-size-bounds-data-VERSION/
        README.md       the data descriptor: what is in it, where it is from, how to make it again
        .zenodo.json    metadata as Zenodo reads them
        CITATION.cff    how to cite it; the authors are those of the project's own file
        LICENSE         of the data: CC BY 4.0, by reference
        SHA256SUMS      of every other file
        reference/      `results/reference`

Files are sorted by name, stored uncompressed (what compresses well is small, and compressors differ), and dated 1980.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from operators.atomic_files import atomic
from operators.errors import UserError
from results.editions.edition import Edition
from results.editions.published import all_published

NAME = "deeponet-size-bounds-data"
TITLE = "Certified lower and witnessed upper bounds on the size of deep operator networks: records, tables and witnesses"
KEYWORDS = ("DeepONet", "operator learning", "size lower bounds", "benchmark", "scaling laws")
DATED = (1980, 1, 1, 0, 0, 0)
LICENSE = """The data in this archive (records, tables, witnesses and their documentation) are licensed under the

    Creative Commons Attribution 4.0 International License (CC BY 4.0)
    SPDX-License-Identifier: CC-BY-4.0
    https://creativecommons.org/licenses/by/4.0/legalcode

Study files (study.txt) are code of the project, under the Apache License 2.0. Figures of others that tables quote stand
there with their sources and remain theirs.
"""
HOLDS = """\
`reference/findings.md` says what was found, each sentence computed from a table beside it; `reference/standings.csv` how
every numbered question stands. Of each study `records.parquet` holds the records (its column `line` each as one checksummed line
of JSON), `cells.parquet`, `study.json` and `study.txt` what was asked, `columns.md` what every column of its tables means,
`edition.json` commit, lock file, versions and hardware, `witnesses/` the weights that lead, which NumPy alone verifies.

In a clone of the project, `python -m bench reproduce --reference reference` makes the tables again from the records, byte for
byte, and verifies every witness; `python -m bench figures --reference reference` draws the figures. `sha256sum -c SHA256SUMS`
checks the files.

Licence of the data: CC BY 4.0 (LICENSE). To cite: CITATION.cff.
"""


@dataclass(frozen=True)
class Project:
    """What CITATION.cff says: version, names of the authors, the lines that state them, and those on the works it refers to."""

    version: str
    authors: tuple[str, ...]
    stated: str
    references: str


def project(citation: Path) -> Project:
    """Read a CITATION.cff.

    Raises:
        UserError: there is none, or it states no version or no author.
    """
    try:
        text = citation.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"expected {citation}, got '{error.strerror}'; run in a clone of the project") from error
    version = re.search(r"^version: (\S+)$", text, re.MULTILINE)
    authors = re.search(r"^authors:\n((?: .*\n)+)", text, re.MULTILINE)
    references = re.search(r"^references:\n((?: .*\n?)+)", text, re.MULTILINE)
    names = re.findall(r"^  - name: (.+)$", authors[1], re.MULTILINE) if authors else []
    if version is None or authors is None or not names:
        raise UserError(f"expected a version and authors by name in {citation}, got none; take it from the project again")
    return Project(version[1], tuple(names), authors[1], references[1] if references else "")


def write_archive(reference: Path, citation: Path, target: Path) -> str:
    """Write the archive; returns its SHA-256.

    Args:
        reference: the folder of the published studies.
        citation: the project's CITATION.cff.
        target: a .zip file.

    Raises:
        UserError: nothing is published there, CITATION.cff is none, or the archive cannot be written.
    """
    known, editions = project(citation), [study.edition for study in all_published(reference)]
    if not editions:
        raise UserError(f"expected published studies below {reference}, found none; run in a clone of the project")
    found = {f"reference/{path.relative_to(reference).as_posix()}": path.read_bytes() for path in _files(reference)}
    said = {
        "README.md": descriptor(known, editions),
        ".zenodo.json": zenodo(known, editions),
        "CITATION.cff": cited(known, editions),
        "LICENSE": LICENSE,
    }
    contents = found | {name: text.encode() for name, text in said.items()}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items()))
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, f"{NAME}-{known.version}", contents | {"SHA256SUMS": sums.encode()})
    return hashlib.sha256(target.read_bytes()).hexdigest()


def descriptor(known: Project, editions: Iterable[Edition]) -> str:
    """README.md of the archive."""
    editions = list(editions)
    rows = "".join(
        f"| {one.study} | {one.edition} | {one.published} | {one.records} | {one.cpu_hours:.2f} | `{one.trained[:12]}` |\n"
        for one in editions
    )
    return (
        f"# {TITLE}\n\nVersion {known.version}, by {', '.join(known.authors)}. {_counted(editions)}.\n\n"
        "| study | edition | published | records | CPU hours | trained at commit |\n| --- | ---: | --- | ---: | ---: | --- |\n"
        f"{rows}\n"
        f"{HOLDS}"
    )


def zenodo(known: Project, editions: Iterable[Edition]) -> str:
    """.zenodo.json of the archive."""
    editions = list(editions)
    return canonical_json(
        {
            "upload_type": "dataset",
            "title": TITLE,
            "description": f"<p>{_counted(editions)}. README.md says what each file holds and how to make it again.</p>",
            "creators": [{"name": name} for name in known.authors],
            "version": known.version,
            "publication_date": str(max(one.published for one in editions)),
            "access_right": "open",
            "license": "cc-by-4.0",
            "keywords": list(KEYWORDS),
            "language": "eng",
            "related_identifiers": [
                {"identifier": f"arXiv:{number}", "relation": "cites", "resource_type": "publication-article"}
                for number in re.findall(r"arXiv:(\S+)", known.references)
            ],
        }
    )


def cited(known: Project, editions: Iterable[Edition]) -> str:
    """CITATION.cff of the archive."""
    released = max(one.published for one in editions)
    return (
        "cff-version: 1.2.0\nmessage: If you use these data, please cite them and the theorem they probe.\n"
        f'title: "{TITLE}"\ntype: dataset\nversion: {known.version}\ndate-released: {released}\nlicense: CC-BY-4.0\n'
        f"authors:\n{known.stated}" + (f"references:\n{known.references}" if known.references else "")
    )


def canonical_json(value: Mapping[str, object]) -> str:
    """JSON to read, in the order given."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _counted(editions: list[Edition]) -> str:
    hours = sum(one.cpu_hours for one in editions)
    return f"{len(editions)} studies with {sum(one.records for one in editions)} records, {hours:.1f} CPU hours"


def _files(reference: Path) -> list[Path]:
    """The published files; none that is hidden, and no link."""
    return [
        path
        for path in sorted(reference.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not any(part.startswith(".") for part in path.relative_to(reference).parts)
    ]


def _write(target: Path, root: str, contents: Mapping[str, bytes]) -> None:
    with atomic(target) as handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(f"{root}/{name}", DATED)
            entry.external_attr, entry.create_system = 0o100644 << 16, 3
            archive.writestr(entry, contents[name])
