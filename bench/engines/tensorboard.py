"""Learning curves and final errors as TensorBoard event files, one run per record.

An event file is a TFRecord file of `Event` messages: the version of the format first, then one scalar per message. TensorFlow
writes it; the package `tensorboard` is needed to look at it.
"""

from pathlib import Path
from typing import Any

from bench.engines.threads import pinned_tensorflow
from operators.file_names import inside
from results.families import FAMILIES
from results.records.record import Record

VERSION = "brain.Event:2"
FINAL = ("relative", "training_mse", "absorbed")


def scalars(record: Record) -> list[tuple[int, str, float]]:
    """(step, name, value): the learning curve, then the errors of the fit at the last step; missing values are left out."""
    curve = [(step, "training_loss", loss) for step, loss in record.curve if loss is not None]
    last = record.curve[-1][0] if record.curve else 0
    found = dict(zip(FAMILIES[record.family].outcome_columns(), _outcome(record), strict=False))
    return curve + [(last, name, found[name]) for name in FINAL if found.get(name) is not None]


def _outcome(record: Record) -> tuple[Any, ...]:
    return () if record.measured is None else FAMILIES[record.family].outcome(record.measured)


def write_event_file(record: Record, folder: Path) -> Path:
    """Write the event file of a record into `<folder>/<task>/<key>`; called again, it writes the same bytes.

    The wall time of every event is 0: what a record says of time is its CPU seconds.

    Raises:
        UserError: the name of the task is none of a folder.
    """
    run = inside(folder, str(record.cell.get("task", record.family))) / record.key[:16]
    tf = pinned_tensorflow(1)
    run.mkdir(parents=True, exist_ok=True)
    path = run / f"events.out.tfevents.0.{record.key[:16]}"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(tf.compat.v1.Event(wall_time=0.0, file_version=VERSION).SerializeToString())
        for step, name, value in scalars(record):
            summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=name, simple_value=value)])
            writer.write(tf.compat.v1.Event(wall_time=0.0, step=step, summary=summary).SerializeToString())
    return path
