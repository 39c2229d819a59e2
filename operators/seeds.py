"""Named random streams.

Every random number of the suite comes from `stream(name, *identity)`. The identity (task, replicate,
block, layer, ...) is hashed with SHA-256 into a NumPy `SeedSequence`, so streams of different names
or identities are independent and changing one changes no other. The global generator is never used.

    inputs    the input functions u_i              points  the query points y_j of grid and scattered designs
    noise     the label noise z, drawn once        init    the initial weights, one stream per matrix
    batches   the order of minibatches             test    held-out input functions
    reference the sample behind a task's constants control the permutation of a control experiment
"""

import hashlib
import json
from typing import Literal

import numpy as np

StreamName = Literal["inputs", "points", "noise", "init", "batches", "test", "reference", "control"]


def stream(name: StreamName, *identity: str | int) -> np.random.Generator:
    """Return the generator of the stream `name` for this identity, at its beginning."""
    text = json.dumps([name, *identity], separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()
    words = np.frombuffer(digest, dtype="<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([int(word) for word in words])))
