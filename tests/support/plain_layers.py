"""Layers of networks in plain NumPy, one after the other, to compare graphs with: maps are [channels, height, width]."""

import numpy as np


def convolved(x, kernel, stride=1, padding=0):
    """kernel [to, from, side, side]"""
    side = kernel.shape[-1]
    x = np.pad(x.astype(float), ((0, 0), (padding, padding), (padding, padding)))
    high, wide = ((n - side) // stride + 1 for n in x.shape[1:])
    y = np.zeros((len(kernel), high, wide))
    for i in range(side):
        for j in range(side):
            seen = x[:, i : i + stride * high : stride, j : j + stride * wide : stride]
            y += np.tensordot(kernel[:, :, i, j].astype(float), seen, axes=1)
    return y


def highest(x, side, stride, end=0):
    """Max-pooling; `end`: rows and columns of padding after the last."""
    x = np.pad(x, ((0, 0), (0, end), (0, end)), constant_values=-np.inf)
    high, wide = ((n - side) // stride + 1 for n in x.shape[1:])
    shifts = [(i, j) for i in range(side) for j in range(side)]
    return np.max([x[:, i : i + stride * high : stride, j : j + stride * wide : stride] for i, j in shifts], axis=0)


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)
