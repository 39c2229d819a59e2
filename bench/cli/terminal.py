"""What commands print: text that keeps its lines where nobody looks, and JSON."""

import json
import sys
from typing import Any

from rich.console import Console


def console() -> Console:
    """Standard output; long lines are broken on a terminal only."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:
    """Print a value as JSON with sorted keys."""
    print(json.dumps(value, indent=2, sort_keys=True))
