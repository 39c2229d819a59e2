"""The batched engine. Importing it does not import TensorFlow."""

from bench.engines.batched.engine import BatchedEngine

__all__ = ["BatchedEngine"]
