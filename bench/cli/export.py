"""`python -m bench export`: the records of a study for TensorBoard."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import DEFAULT_OUT, Out
from bench.cli.folders import study_folder
from bench.extras import require
from operators.errors import UserError


def export_command(
    study: Annotated[str, typer.Argument(help="Name of a study that has a folder in --out.")],
    to: Annotated[Path | None, typer.Option(help="Folder to write to; `tensorboard` in the study's folder by default.")] = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Write every record's learning curve and final errors as TensorBoard event files, one run per record.

    For example `python -m bench export smoke`, then `tensorboard --logdir results/out/smoke/tensorboard`. Nothing is read back.
    Records whose task has a name that is none of a folder are left out, and the exit code is then 2.
    """
    folder = study_folder(out, study)
    require("`bench export`", "train")
    from bench.engines.tensorboard import write_event_file
    from results.records.store import Store

    target = folder / "tensorboard" if to is None else to
    count, refused = 0, list[str]()
    for record in Store(folder).records():
        try:
            write_event_file(record, target)
            count += 1
        except UserError as error:
            refused.append(str(error))
        except OSError as error:
            raise UserError(f"expected a folder that can be written at {target}, got: {error.strerror}") from None
    print(f"{target}: {count} runs")
    if refused:
        raise UserError(f"{refused[0]}; {len(refused)} records were left out")
