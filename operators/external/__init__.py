"""A user's own files as tasks."""
