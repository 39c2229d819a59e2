"""A command whose module is imported when it is called, or asked for its own help; its name and summary cost nothing."""

import importlib
from typing import Any

import typer
from typer.core import TyperCommand


class Deferred(TyperCommand):
    """Stands for a command until it is needed.

    Args:
        name: of the command.
        place: `module:function`.
        summary: the first line of the function's docstring.
    """

    def __init__(self, name: str, place: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.place = place

    def loaded(self) -> Any:
        """The command itself: its options, its help, its work."""
        module, _, function = self.place.partition(":")
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(self.name)(getattr(importlib.import_module(module), function))
        return typer.main.get_command(app)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse arguments as the command itself does; the context is that of the command itself."""
        return self.loaded().make_context(info_name, args, parent, **extra)
