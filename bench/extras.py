"""The optional parts of an installation: what each extra of pyproject.toml brings, and one sentence where it is missing."""

from importlib.util import find_spec

from operators.errors import UserError

EXTRAS: dict[str, tuple[str, ...]] = {
    "train": ("tensorflow", "deepxde", "tensorflow_probability", "psutil"),
    "report": ("matplotlib", "seaborn", "jinja2", "markupsafe", "pyarrow"),
    "cluster": ("dask", "distributed", "dask_jobqueue", "yaml"),
    "sklearn": ("sklearn",),
}


def require(what: str, *extras: str) -> None:
    """Refuse what needs packages that are not installed; imports none of them.

    Args:
        what: what needs them, as a user would name it: "`bench run`".
        extras: names of EXTRAS.

    Raises:
        UserError: naming the first missing package, and every extra with one.
    """
    missing = {extra: lacking for extra in extras if (lacking := [name for name in EXTRAS[extra] if find_spec(name) is None])}
    if missing:
        first = next(iter(missing.values()))[0]
        raise UserError(
            f"expected package {first} for {what}, found none; run `pip install 'deeponet-size-bounds[{','.join(missing)}]'`"
        )
