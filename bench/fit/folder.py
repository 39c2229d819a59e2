"""What `bench fit --out` leaves: the model in the formats that other frameworks read, the report, the figure, programs.

model.npz            float64, NumPy            `python -m bench predict`, `results.models.deeponet_model`
smallest.npz         float64, NumPy            the smallest net found that reaches the target on the training functions
economical.npz       float64, NumPy            the smallest net tried whose validation error meets the target
model.safetensors    float32, PyTorch's names  pytorch_model.py loads it
model.onnx           float32
model.keras          float32                   if TensorFlow is installed
deepxde_model.py     plain DeepXDE             the weights set, or a training from the start
test.npz             inputs, outputs, points   what the error is of; training.npz if it is not larger than MOST_DATA_BYTES;
                                               unaligned: a label per row, and `function`, its row of the inputs
report.txt  report.json  figure.png            the latter if matplotlib is installed
    bracket.json                                   what is known of this question so far (`bench.fit.private_bracket`)
"""

import io
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bench.fit.arrays import Part
from bench.fit.private_bracket import KIND, NAME, Question, bracket_of, kept, require_same_question
from bench.fit.report import FitReport
from bench.fit.unaligned.labels import UnalignedData
from operators.atomic_files import write_atomic
from results.models import onnx, safetensors
from results.models.deeponet_model import encode
from results.models.scripts import deepxde_script, pytorch_module
from results.schema.sealed import seal

MOST_DATA_BYTES = 2**27


def write_folder(folder: Path, report: FitReport, question: Question) -> list[str]:
    """Write all files, and return one sentence for each that could not be written; a smaller `smallest.npz` stays.

    Raises:
        UserError: the folder cannot be written to, or answers another question.
    """
    require_same_question(folder, question)
    missing: list[str] = []
    stays = kept(folder, report)
    for name, content in _files(report, missing):
        if not (stays and name == "smallest.npz"):
            write_atomic(folder / name, content)
    write_atomic(folder / NAME, seal(KIND, bracket_of(folder, question, report)))
    return missing


def _files(report: FitReport, missing: list[str]) -> Iterator[tuple[str, bytes]]:
    model, data = report.fitted.best.model, report.fitted.data
    yield "model.npz", encode(model)
    for name, net in (("smallest.npz", report.fitted.smallest), ("economical.npz", report.fitted.economical)):
        if net is not None:
            yield name, encode(net.model)
    yield "model.safetensors", safetensors.encode(safetensors.torch_names(model))
    yield "pytorch_model.py", pytorch_module(model).encode()
    yield "model.onnx", onnx.encode(model)
    yield "deepxde_model.py", deepxde_script(model, by_labels=isinstance(data, UnalignedData)).encode()
    yield "test.npz", _arrays(report, "test")
    if data.count("training") * data.inputs.shape[1] * 8 + data.outputs_of("training").nbytes <= MOST_DATA_BYTES:
        yield "training.npz", _arrays(report, "training")
    yield "report.txt", (report.as_text() + "\n").encode()
    yield "report.json", _json(report.as_json())
    if find_spec("tensorflow") is None:
        missing.append("model.keras was not written: `pip install 'deeponet-size-bounds[train]'` brings TensorFlow")
    else:
        from bench.engines.keras_model import keras_bytes

        yield "model.keras", keras_bytes(model.net, model.weights)
    if find_spec("matplotlib") is None or find_spec("seaborn") is None:
        missing.append("figure.png was not written: `pip install 'deeponet-size-bounds[report]'` brings matplotlib")
    else:
        from results.figures.fit import fit_figure
        from results.figures.style import rendered

        yield "figure.png", rendered(fit_figure(report.curves()), "png")


def _json(facts: dict[str, Any]) -> bytes:
    return (json.dumps(facts, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def _arrays(report: FitReport, part: Part) -> bytes:
    data, buffer = report.fitted.data, io.BytesIO()
    inputs, outputs, points = data.inputs_of(part), data.outputs_of(part), data.points_of(part)
    if isinstance(data, UnalignedData):
        np.savez(buffer, inputs=inputs, outputs=outputs, points=points, function=data.labels_of(part)[1])
    else:
        np.savez(buffer, inputs=inputs, outputs=outputs, points=points)
    return buffer.getvalue()
