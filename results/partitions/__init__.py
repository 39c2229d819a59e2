"""Studies past the memory of one machine: their tidy frame in parts on disk, their tables part by part, here or on Dask."""
