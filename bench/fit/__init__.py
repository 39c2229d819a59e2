"""From a user's arrays to a small, good DeepONet: `bench.fit.fitting.fit` of what `bench.fit.arrays.fit_data` validates."""
