"""Drivers: from a study to its records, with progress, shards and interruptions."""
