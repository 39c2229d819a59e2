"""`python -m bench reproduce`: is what is published what comes out?"""

from typing import Annotated

import typer

from bench.cli.arguments import DEFAULT_OUT, REFERENCE, Out, Reference
from bench.extras import require


def reproduce(
    studies: Annotated[list[str] | None, typer.Argument(help="Published studies; all by default.")] = None,
    sample: Annotated[int, typer.Option(help="Train one record in so many again; 0: none.", min=0)] = 0,
    cpu_seconds: Annotated[
        float | None,
        typer.Option("--cpu-seconds", help="Train again as many, by recorded cost, as this allows over all studies."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which records are drawn.", min=0)] = 0,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="First write the tables again, after a change of this code.")
    ] = False,
    reference: Reference = REFERENCE,
    out: Out = DEFAULT_OUT,
) -> None:
    """Rebuild published tables from their records, verify every witness, and train a sample of records again.

    Tables must be equal byte for byte, witnesses must pass all their checks, weights must be equal on the recorded kind of
    processor; on another kind the training error must agree within a stated margin. Exit code 1 if something is not so.

    For example `python -m bench reproduce`, or `python -m bench reproduce threshold --sample 50`.
    """
    require("`bench reproduce`", "report", *(("train",) if sample or cpu_seconds else ()))
    from bench.drivers.reproduction import Sampling, reproduce_study
    from operators.data.function_cache import BlockCache
    from results.editions.overview import overview_changed, write_overview
    from results.editions.published import all_published, published

    cache = BlockCache(out / ".data")
    chosen = [published(reference, name, cache) for name in studies] if studies else all_published(reference, cache)
    if rebuild:
        chosen = [study.rebuild() for study in chosen]
        write_overview(reference, cache)
    sampling = Sampling(sample, cpu_seconds, seed)
    failed = 0
    for study in chosen:
        for finding in reproduce_study(study, sampling.of(study, chosen)):
            print(f"{'ok  ' if finding.holds else 'FAIL'} {study.edition.study}: {finding.text}", flush=True)
            failed += not finding.holds
    if not studies and chosen:
        changed = overview_changed(reference, cache)
        said = (
            f"{' and '.join(changed)} differ from what"
            if changed
            else "standings.csv, contributions.csv and findings.md are what"
        )
        print(f"{'FAIL' if changed else 'ok  '} {said} the published studies give")
        failed += bool(changed)
    if failed:
        raise typer.Exit(1)
