"""Operators: what is being learnt, and what theory says about it. NumPy and SciPy only."""

from typing import TYPE_CHECKING

from operators.public_names import loaded_on_use

if TYPE_CHECKING:
    from operators.catalogue import TASKS, find_task
    from operators.errors import UserError
    from operators.tasks.task import Task
else:
    __getattr__ = loaded_on_use(
        __name__,
        {
            "TASKS": "operators.catalogue",
            "Task": "operators.tasks.task",
            "UserError": "operators.errors",
            "find_task": "operators.catalogue",
        },
    )

__all__ = ["TASKS", "Task", "UserError", "find_task"]
