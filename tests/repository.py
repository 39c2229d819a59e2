"""Where the repository is, for tests that read its files or start its commands."""

from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
