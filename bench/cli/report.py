"""`python -m bench report`: tables, figures and report from records."""

from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import terminal
from bench.cli.arguments import DEFAULT_OUT, Figures, Out
from bench.cli.folders import study_folder
from bench.extras import require

if TYPE_CHECKING:
    from bench.study import Study


def report(
    study: Annotated[str, typer.Argument(help="Name of a study that has a folder in --out.")],
    out: Out = DEFAULT_OUT,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse records of different package versions.")] = False,
    figures: Figures = True,
) -> None:
    """Rebuild tables, figures and report of a study from its records.

    Targets, rays and the question are those of the study that is named, a built-in one or a file, as it is now; of any other
    folder, those it was run with.
    """
    named = _named(study)
    folder = study_folder(out, named.name if named else study)
    require("`bench report`", "report")
    from operators.atomic_files import sweep_results
    from operators.data.function_cache import BlockCache
    from results.records.manifest import load_manifest, save_manifest
    from results.records.store import Store
    from results.records.versions import require_one_version
    from results.report.write import write_tables

    Store(folder).require_writable()
    sweep_results(out)
    manifest = load_manifest(folder)
    if named is not None:
        asked = named.at(manifest.preset).manifest()
        if manifest.asking(asked) != manifest:
            manifest = manifest.asking(asked)
            save_manifest(folder, manifest)
    if strict:
        require_one_version(manifest, Store(folder))
    console = terminal.console()
    console.print(write_tables(folder, figures=figures, cache=BlockCache(out / ".data")).sentence())
    console.print(f"report: {folder / 'report.html'}")


def _named(study: str) -> "Study | None":
    """The study of this name or file; None where only a folder has the name."""
    from bench.catalogue import STUDIES

    if not study.endswith(".py") and study not in STUDIES:
        return None
    from bench.study import load_study

    return load_study(study)
