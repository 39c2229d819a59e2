"""`python -m bench reproduce`: is what is published what comes out?"""

from functools import partial
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
    workers: Annotated[int, typer.Option(help="Parts of studies that are checked at once.", min=1)] = 1,
    reference: Reference = REFERENCE,
    out: Out = DEFAULT_OUT,
) -> None:
    """Rebuild published tables from their records, verify every witness, and train a sample of records again.

    Tables must be equal byte for byte, witnesses must pass all their checks, weights must be equal on the recorded kind of
    processor; on another kind the training error must agree within a stated margin. Exit code 1 if something is not so. A study
    whose files cannot be read fails, and the others are gone through as ever.

    For example `python -m bench reproduce`, or `python -m bench reproduce threshold --sample 50`.
    """
    require("`bench reproduce`", "report", *(("train",) if sample or cpu_seconds else ()))
    from bench.drivers.reproduction import Sampling, each, jobs_of, rebuilt, reproduced
    from operators.data.function_cache import BlockCache
    from results.editions.overview import write_overview
    from results.editions.published import published_names

    cache = BlockCache(out / ".data")
    names = studies or published_names(reference)
    if rebuild:
        list(each(partial(rebuilt, reference, cache), names, workers))
        write_overview(reference, cache)
    sampling, told = Sampling(sample, cpu_seconds, seed).shared(len(names)), dict[tuple[str, str], bool]()
    jobs = jobs_of(names, sampling, overview=not studies)
    for job, found in zip(jobs, each(partial(reproduced, reference, cache, sampling), jobs, workers), strict=True):
        for finding in found:
            if (job.study, finding.text) not in told:  # parts of a study that cannot be read say the same
                print(f"{'ok  ' if finding.holds else 'FAIL'} {job.study}: {finding.text}", flush=True)
            told[job.study, finding.text] = finding.holds
    if not all(told.values()):
        raise typer.Exit(1)
