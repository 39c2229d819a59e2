"""Records: one checksummed line per cell, kept in append-only files."""
