"""What contributors rest on is true: CI runs the steps of .ci/run on every Python claimed, hooks run the locked tools."""

import configparser
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from repository import REPOSITORY

FORMS = sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("new-*.yml"))
FORMS.append(REPOSITORY / ".github" / "ISSUE_TEMPLATE" / "contradiction.yml")
KINDS = {"markdown": {"value"}, "input": {"label"}, "textarea": {"label"}, "dropdown": {"label", "options"}}
PACKAGES = ("operators", "results", "bench")


def load(name: str) -> Any:
    return yaml.safe_load((REPOSITORY / name).read_text())


def project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def claimed_pythons() -> list[str]:
    claim = SpecifierSet(project()["project"]["requires-python"])
    return [version for version in (f"3.{minor}" for minor in range(100)) if claim.contains(version)]


def tox_commands(environment: str) -> list[list[str]]:
    """Commands of an environment without the folder of the suite."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(REPOSITORY / "tox.ini")
    lines = tox[f"testenv:{environment}"]["commands"].strip().splitlines()
    return [shlex.split(line.replace("{[testenv]suite}{/}", "")) for line in lines]


def steps(script: str) -> list[str]:
    """Lines of a script that run the suite: tox, pip, or another script of .ci."""
    lines = (REPOSITORY / script).read_text().splitlines()
    return [line for line in lines if re.match(r"python -m |\.ci/", line)]


def ci_job() -> dict[str, Any]:
    job: dict[str, Any] = load(".github/workflows/ci.yml")["jobs"]["suite"]
    return job


# CI


def test_the_workflow_runs_the_steps_of_the_script_in_order() -> None:
    runs = [step["run"] for step in ci_job()["steps"] if "run" in step]
    assert runs == steps(".ci/run")
    assert len(runs) >= 6


def test_the_steps_name_environments_and_scripts_that_exist() -> None:
    tox = configparser.ConfigParser()
    tox.read(REPOSITORY / "tox.ini")
    lines = steps(".ci/run") + steps(".ci/smoke")
    environments = {found[1] for line in lines if (found := re.search(r"tox -e (\w+)", line))}
    assert environments == {"lint", "bench", "test", "system", "notebooks", "outside", "reproduce", "docs", "browser"}
    assert all(f"testenv:{name}" in tox for name in environments)
    for line in lines:
        if line.startswith(".ci/"):
            assert (REPOSITORY / line).stat().st_mode & 0o111, f"{line} cannot be executed"


def test_the_core_is_tested_on_the_other_systems_by_the_environment_that_has_no_extra() -> None:
    jobs = load(".github/workflows/ci.yml")["jobs"]
    assert set(jobs) == {"suite", "core"}
    assert jobs["core"]["strategy"]["matrix"] == {
        "system": ["macos-latest", "windows-latest"],
        "python": [claimed_pythons()[0], claimed_pythons()[-1]],
    }
    assert jobs["core"]["runs-on"] == "${{ matrix.system }}"
    runs = [step["run"] for step in jobs["core"]["steps"] if "run" in step]
    assert runs == ["python -m pip install --quiet tox tox-uv", "python -m tox -e core"]


def test_classifiers_claim_no_system_whose_jobs_the_page_says_were_not_run() -> None:
    table = (REPOSITORY / "docs" / "running.md").read_text().partition("## Systems")[2]
    claimed = [name for name in project()["project"]["classifiers"] if name.startswith("Operating System")]
    assert claimed == ["Operating System :: POSIX :: Linux"]
    for system in ("macOS", "Windows"):
        (row,) = [line for line in table.splitlines() if line.startswith(f"| {system} ")]
        assert "not run yet" in row


def test_every_script_of_ci_stops_at_the_first_failure() -> None:
    for script in (REPOSITORY / ".ci").iterdir():
        assert "set -euo pipefail" in script.read_text().splitlines()


def test_the_workflow_and_the_tools_know_the_pythons_that_the_project_claims() -> None:
    claimed = claimed_pythons()
    assert ci_job()["strategy"]["matrix"]["python"] == claimed
    tools = project()["tool"]
    assert tools["ruff"]["target-version"] == f"py{claimed[0].replace('.', '')}"
    assert tools["mypy"]["python_version"] == claimed[0]
    readme = (REPOSITORY / "README.md").read_text()
    assert f"Python {', '.join(claimed[:-1])} or {claimed[-1]}" in readme


def test_the_workflow_may_only_read() -> None:
    assert load(".github/workflows/ci.yml")["permissions"] == {"contents": "read"}


# Hooks


def test_hooks_run_the_commands_of_lint_from_the_locked_environment() -> None:
    (source,) = load(".pre-commit-config.yaml")["repos"]
    assert source["repo"] == "local"
    hooks = [shlex.split(hook["entry"]) for hook in source["hooks"]]
    assert {hook["language"] for hook in source["hooks"]} == {"system"}
    assert all(program.startswith(".tox/suite/bin/") for program, *_ in hooks)

    def tool(words: list[str]) -> list[str]:
        return [Path(words[0]).name, *(word for word in words[1:] if word in ("check", "format"))]

    assert [tool(hook) for hook in hooks] == [tool([word for word in line if word != "--check"]) for line in tox_commands("lint")]


def test_mypy_checks_whole_packages_and_ruff_keeps_to_its_excludes() -> None:
    (source,) = load(".pre-commit-config.yaml")["repos"]
    for hook in source["hooks"]:
        if hook["id"] == "mypy":
            assert hook["pass_filenames"] is False
        else:
            assert "--force-exclude" in hook["entry"]


# Forms


def test_there_is_a_form_for_each_kind_of_contribution() -> None:
    assert {form.stem for form in FORMS} == {"new-task", "new-bound", "new-witness", "contradiction"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_issue_forms_are_forms(form: Path) -> None:
    content = yaml.safe_load(form.read_text())
    assert set(content) == {"name", "description", "title", "body"}
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names)
    labels = [field["attributes"]["label"] for field in fields]
    assert len(set(labels)) == len(labels)
    assert any(field.get("validations", {}).get("required") for field in fields)
    for field in content["body"]:
        assert set(field) <= {"type", "id", "attributes", "validations"}
        needed = KINDS[field["type"]]
        assert needed <= set(field["attributes"]) <= needed | {"description", "placeholder", "render"}
        options = field["attributes"].get("options", ["one"])
        assert all(isinstance(option, str) for option in options)
        assert len(set(options)) == len(options)


# The page


def defines(file: Path, name: str) -> bool:
    """Whether a module assigns this name at its top."""
    return file.exists() and re.search(rf"^{name}\b", file.read_text(), re.MULTILINE) is not None


def test_the_page_names_files_and_registries_that_exist() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    rows = [row for row in text.splitlines() if row.startswith("|")]
    registered = [pair for row in rows for pair in re.findall(r"`([A-Z]+)`, `([\w/]+\.py)`", row)]
    assert len(registered) == 8
    for registry, file in registered:
        assert defines(REPOSITORY / file, registry), f"{file} defines no {registry}"
    for folder in re.findall(r"`([\w/]+)/NAME(?:\.py)?`", text):
        assert (REPOSITORY / folder).is_dir(), folder


def test_the_page_has_the_command_that_made_the_lock() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    (command,) = re.findall(r"uv pip compile .*", text)
    lock = (REPOSITORY / "requirements.lock").read_text()
    assert f"--python-version {claimed_pythons()[0]} " in command
    assert ("--generate-hashes" in command) == ("--hash=sha256:" in lock)
    assert ("--no-annotate" in command, "--no-header" in command) == ("# via" not in lock, not lock.startswith("#"))


def test_the_page_is_one() -> None:
    assert len((REPOSITORY / "CONTRIBUTING.md").read_text().split()) < 650


# Types


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_declare_that_they_are_typed(package: str) -> None:
    assert (REPOSITORY / package / "py.typed").read_bytes() == b""
    assert "py.typed" in project()["tool"]["setuptools"]["package-data"][package]
