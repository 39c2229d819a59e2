"""The examples of docs/fit.md run, in order, as one program, and its table of files is what is written."""

import re

import pytest
from repository import REPOSITORY

PAGE = (REPOSITORY / "docs" / "fit.md").read_text()


def test_the_examples_run_and_print_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        exec(compile(block, "fit.md", "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith("A DeepONet is better than a linear map")
    assert names["outputs"].shape == (5, 40)  # type: ignore[attr-defined]


def test_the_page_names_the_files_of_the_folder() -> None:
    from bench.fit import folder

    written = set(re.findall(r"\b\w+\.(?:npz|py|onnx|keras|safetensors|txt|json|png)\b", folder.__doc__ or ""))
    assert written == set(
        re.findall(
            r"`(\w+\.(?:npz|py|onnx|keras|safetensors|txt|json|png))`", PAGE.split("## The model")[1].split("The net takes")[0]
        )
    )
