"""A few hundred damaged files; LUCID_FUZZ=10000 asks for more, from another seed each time."""

import os
import random

from tests.io.fuzz_checkpoints import fuzz

COUNT = int(os.environ.get("LUCID_FUZZ", "0"))


def test_damage_is_an_error_or_harmless() -> None:
    seed = random.randrange(2**32) if COUNT else 0
    outcomes = list(fuzz(COUNT or 350, seed))
    assert outcomes.count("refused") > len(outcomes) / 3
