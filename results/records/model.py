"""Models of what is written and read again, and the canonical JSON of their values."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


class Model(BaseModel):
    """Frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def canonical(value: Any) -> str:
    """Canonical JSON of a value. Raises ValueError on NaN or infinity."""
    return _ENCODER.encode(value)
