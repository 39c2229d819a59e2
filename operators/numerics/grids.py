"""Uniform grids on the unit interval, their products with times, and trigonometric interpolation. Grids are read-only."""

import functools

import numpy as np
import scipy

from operators.arrays import Array


@functools.lru_cache(maxsize=64)
def periodic(count: int) -> Array:
    """Points j / count, j = 0, ..., count - 1: the periodic grid without its endpoint."""
    return _frozen(np.arange(count) / count)


@functools.lru_cache(maxsize=64)
def closed(count: int, end: float = 1.0) -> Array:
    """Points of [0, end] including both ends; the single point `end` when count = 1."""
    return _frozen(np.linspace(0.0, end, count) if count > 1 else np.array([end]))


@functools.lru_cache(maxsize=64)
def column(kind: str, count: int) -> Array:
    """The grid `periodic` or `closed` as coordinates (count, 1)."""
    return _frozen({"periodic": periodic, "closed": closed}[kind](count)[:, None].copy())


@functools.lru_cache(maxsize=64)
def space_time(kind: str, count: int, times: int, end: float = 1.0) -> Array:
    """Coordinates (times * count, 2) of (x, t), x running fastest; t from 0 to `end`."""
    x, t = {"periodic": periodic, "closed": closed}[kind](count), closed(times, end)
    return _frozen(np.column_stack([np.tile(x, times), np.repeat(t, count)]))


@functools.lru_cache(maxsize=64)
def square(count: int) -> Array:
    """Coordinates (count^2, 2) of the closed uniform grid of the unit square, the second coordinate running fastest."""
    x = closed(count)
    return _frozen(np.column_stack([np.repeat(x, count), np.tile(x, count)]))


@functools.lru_cache(maxsize=64)
def midpoints(count: int) -> Array:
    """Points (j + 1/2) / count, j = 0, ..., count - 1: the middles of equal intervals of [0, 1]."""
    return _frozen((np.arange(count) + 0.5) / count)


@functools.lru_cache(maxsize=64)
def square_midpoints(count: int) -> Array:
    """Coordinates (count^2, 2) of the middles of equal squares of the unit square, the second coordinate running fastest."""
    x = midpoints(count)
    return _frozen(np.column_stack([np.repeat(x, count), np.tile(x, count)]))


def refined(values: Array, factor: int) -> Array:
    """Trigonometric interpolant of values (N, m) on the periodic grid, on the grid `factor` times finer: (N, factor * m)."""
    count = values.shape[1]
    return factor * scipy.fft.irfft(scipy.fft.rfft(values, axis=1), n=factor * count, axis=1)


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array
