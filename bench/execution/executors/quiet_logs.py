"""Keeping the logs of Dask and of what it runs on from the user, who is told one sentence instead."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

CHATTY = ("distributed", "tornado", "asyncio")
SILENT = logging.CRITICAL + 1


@contextmanager
def without_logs() -> Iterator[None]:
    """Silence the loggers of CHATTY and below, those made before as well as the first of each name; restored afterwards."""
    names = {*CHATTY, *(name for name in logging.root.manager.loggerDict if name.split(".")[0] in CHATTY)}
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(SILENT)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
