"""`lucid.compile`: a function of tensors as one graph, built once and run many times."""

from .compile import compile as compile
