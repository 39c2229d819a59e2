"""`python -m bench publish`: a finished study into the reference."""

import datetime
import hashlib
import subprocess
from typing import Annotated

import typer

from bench.cli.arguments import DEFAULT_OUT, REFERENCE, Out, Reference
from bench.cli.folders import study_folder
from bench.extras import require
from operators.errors import UserError

LOCK = "requirements.lock"


def publish(
    study: Annotated[str, typer.Argument(help="Name of a study whose run is finished.")],
    trained: Annotated[str, typer.Option(help="Commit of this project that trained it: `git rev-parse HEAD` of that checkout.")],
    edition: Annotated[int, typer.Option(help="Number of the edition.", min=1)],
    out: Out = DEFAULT_OUT,
    reference: Reference = REFERENCE,
) -> None:
    """Write the published folder of a study: records, tables, leading witnesses, history, where it is from.

    For example `python -m bench publish brackets --edition 1 --trained HEAD`.
    """
    folder = study_folder(out, study)
    require("`bench publish`", "report")
    from bench.catalogue import STUDIES
    from operators.data.function_cache import BlockCache
    from results.editions.publish import Trained
    from results.editions.publish import publish as write
    from results.records.manifest import load_manifest

    commit = _git("rev-parse", f"{trained}^{{commit}}").decode().strip()
    file = f"{STUDIES[study].module.replace('.', '/')}.py" if study in STUDIES else None
    made = Trained(
        commit=commit,
        lock=hashlib.sha256(_git("show", f"{commit}:{LOCK}")).hexdigest(),
        command=f"python -m tox -e bench -- {load_manifest(folder).arguments}",
        study_file=_git("show", f"{commit}:{file}") if file else None,
    )
    today = datetime.datetime.now(datetime.UTC).date()
    found = write(folder, reference, made, number=edition, today=today, cache=BlockCache(out / ".data"))
    size = sum(path.stat().st_size for path in found.folder.rglob("*") if path.is_file())
    print(
        f"{found.folder}: edition {edition}, {found.edition.records} records, {len(found.edition.tables)} tables,"
        f" {len(found.entries().accepted)} witnesses, {size / 2**20:.1f} MiB, {found.edition.cpu_hours:.2f} CPU hours"
    )


def _git(*arguments: str) -> bytes:
    """What git prints.

    Raises:
        UserError: git is missing or refuses.
    """
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"expected `git {' '.join(arguments)}` to work, got '{error}'; run in a checkout that has it") from error
