"""The errors a user can meet; the command line prints them as one sentence, without a traceback."""


class UserError(ValueError):
    """A request that cannot be served as made: "expected X, got Y; do Z"."""


class DataInvalid(Exception):
    """Generated or supplied data break the task's contract (not finite, wrong shape, violated invariant)."""


class WriteError(UserError):
    """A file cannot be written: the disk is full, or the folder may not be written to."""
