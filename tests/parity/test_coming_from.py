"""What docs/coming_from.md says that PyTorch gives."""

import pytest
import torch

from tests.test_coming_from import ROWS, VALUES, shown


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize(("theirs", "gives"), [row[:2] for row in ROWS if "np." not in row[0]])
def test_rows(theirs: str, gives: str) -> None:
    given = {name: torch.tensor(values) for name, values in VALUES.items()}
    assert shown(eval(theirs, {"torch": torch, **given})) == gives
