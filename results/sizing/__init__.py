"""Reports of `bench size`."""
