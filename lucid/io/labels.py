"""What the classes of ImageNet are called."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["Label", "imagenet_classes"]


class Label(NamedTuple):
    """A class of ImageNet: its synset in WordNet, and its name."""

    synset: str
    name: str


@cache
def imagenet_classes() -> tuple[Label, ...]:
    """The 1000 classes of ImageNet in the order of a model's scores. `tools/make_imagenet_classes.py` made the list.

    >>> imagenet_classes()[207]
    Label(synset='n02099601', name='golden retriever')
    """
    lines = (files(__package__) / "imagenet_classes.txt").read_text(encoding="utf-8").splitlines()
    return tuple(Label(*line.split(" ", 1)) for line in lines)
