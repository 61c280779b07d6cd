"""What is collected for doctests: all of lucid but the backends whose library is missing."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("mlx") else ["lucid/backends/mlx*.py"]
