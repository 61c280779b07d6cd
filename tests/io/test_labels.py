"""The names of ImageNet's classes: which is which is known from outside."""

import re

from lucid.io import imagenet_classes


def test_each_class_has_a_name_of_its_own() -> None:
    labels = imagenet_classes()
    assert len(labels) == 1000
    assert len({label.name for label in labels}) == 1000
    assert all(re.fullmatch(r"n\d{8}", label.synset) for label in labels)
    assert [label.synset for label in labels] == sorted({label.synset for label in labels})


def test_some_that_everybody_knows() -> None:
    names = {0: "tench", 1: "goldfish", 281: "tabby", 285: "Egyptian cat", 340: "zebra", 954: "banana"}
    assert {number: imagenet_classes()[number].name for number in names} == names
    assert [imagenet_classes()[number].name for number in (134, 517)] == ["crane (bird)", "crane (machine)"]
