"""The report of a study: text, printed tables, and the writer of all products."""
