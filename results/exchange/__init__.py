"""Records from and to elsewhere: merging folders, Parquet."""
