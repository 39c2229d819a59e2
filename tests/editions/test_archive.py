"""The archive of what is published: complete, the same bytes for the same files, and described as data repositories read it."""

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from repository import REPOSITORY

from bench.cli.archive import archive
from operators.errors import UserError
from results.editions.archive import NAME, project, write_archive
from results.editions.published import published

CITATION = REPOSITORY / "CITATION.cff"
STUDIES = ("sci", "capacity")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two published studies, beside what is not published."""
    folder = tmp_path_factory.mktemp("published") / "reference"
    for study in STUDIES:
        shutil.copytree(REPOSITORY / "results" / "reference" / study, folder / study)
    (folder / ".sci.tmp").write_text("half of a file")
    (folder / "link.csv").symlink_to(CITATION)
    return folder


@pytest.fixture(scope="module")
def archived(reference: Path) -> dict[str, bytes]:
    """Contents by name below the folder of the archive."""
    write_archive(reference, CITATION, reference.parent / "a" / "data.zip")
    with zipfile.ZipFile(reference.parent / "a" / "data.zip") as file:
        found = {name: file.read(name) for name in file.namelist()}
    assert {name.partition("/")[0] for name in found} == {f"{NAME}-{project(CITATION).version}"}
    return {name.partition("/")[2]: content for name, content in found.items()}


def test_it_holds_every_published_file_and_nothing_else_of_the_folder(reference: Path, archived: dict[str, bytes]) -> None:
    held = {
        f"reference/{path.relative_to(reference)}"
        for study in STUDIES
        for path in (reference / study).rglob("*")
        if path.is_file()
    }
    assert set(archived) == held | {"README.md", ".zenodo.json", "CITATION.cff", "LICENSE", "SHA256SUMS"}
    assert all((reference.parent / name).read_bytes() == archived[name] for name in held)


def test_its_checksums_are_those_of_its_files(archived: dict[str, bytes]) -> None:
    lines = archived["SHA256SUMS"].decode().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in archived.items() if name != "SHA256SUMS"}


def test_equal_files_give_equal_bytes_whatever_their_dates_and_order(
    reference: Path, tmp_path: Path, archived: dict[str, bytes]
) -> None:
    other = tmp_path / "reference"
    for study in reversed(STUDIES):
        shutil.copytree(reference / study, other / study, copy_function=shutil.copyfile)
    for path in other.rglob("*"):
        os.utime(path, (10**9, 10**9))
    digest = write_archive(other, CITATION, tmp_path / "data.zip")
    assert (tmp_path / "data.zip").read_bytes() == (reference.parent / "a" / "data.zip").read_bytes()
    assert digest == hashlib.sha256((tmp_path / "data.zip").read_bytes()).hexdigest()


def test_what_is_unpacked_is_what_is_published(archived: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in archived.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    study = published(tmp_path / "reference", STUDIES[0])
    assert study.changed() == []
    assert study.misstated() == []


def test_metadata_name_the_authors_of_the_project_and_nobody_else(reference: Path, archived: dict[str, bytes]) -> None:
    yaml = pytest.importorskip("yaml")
    ours, theirs = yaml.safe_load(CITATION.read_text()), yaml.safe_load(archived["CITATION.cff"])
    zenodo: dict[str, Any] = json.loads(archived[".zenodo.json"])
    assert theirs["authors"] == ours["authors"]
    assert [one["name"] for one in zenodo["creators"]] == [one["name"] for one in ours["authors"]]
    assert theirs["references"] == ours["references"]
    assert zenodo["version"] == theirs["version"] == ours["version"]
    assert (theirs["type"], theirs["license"], zenodo["upload_type"], zenodo["license"]) == (
        "dataset",
        "CC-BY-4.0",
        "dataset",
        "cc-by-4.0",
    )
    newest = max(published(reference, study).edition.published for study in STUDIES)
    assert zenodo["publication_date"] == str(theirs["date-released"]) == str(newest)
    assert [one["identifier"] for one in zenodo["related_identifiers"]] == ["arXiv:2308.06338"]
    records = sum(published(reference, study).edition.records for study in STUDIES)
    assert f"{len(STUDIES)} studies with {records} records" in archived["README.md"].decode()


def test_without_citation_studies_or_ending_one_sentence_says_so(reference: Path, tmp_path: Path) -> None:
    for broken, words in (
        ({"citation": tmp_path / "none"}, "run in a clone of the project"),
        ({"reference": tmp_path}, "expected published studies"),
        ({"into": tmp_path / "data.tar"}, "expected a file named"),
    ):
        with pytest.raises(UserError, match=words):
            archive(**{"into": tmp_path / "data.zip", "citation": CITATION, "reference": reference, **broken})
    (tmp_path / "CITATION.cff").write_text("version: 1\n")
    with pytest.raises(UserError, match="expected a version and authors by name"):
        project(tmp_path / "CITATION.cff")
