"""Where PyTorch raises for a bad input, lucid raises too, and by itself; ACCEPTED says where it does not, and why."""

import traceback
from pathlib import Path
from typing import Any

import pytest

import lucid

from .names import Unsupported
from .names.accepted import ACCEPTED
from .samples import INFOS, adapter, arguments, to_lucid

LUCID = Path(lucid.__file__).parent
WITH_ERRORS = [variant for variant, info in INFOS.items() if info.error_inputs_func is not None]


def refused_by_lucid(error: BaseException) -> bool:
    """Whether lucid itself raised it, or what it called for, and not the adapter."""
    return any(Path(frame.filename).is_relative_to(LUCID) for frame in traceback.extract_tb(error.__traceback__))


@pytest.mark.parametrize("variant", WITH_ERRORS)
def test_what_pytorch_refuses_is_refused(variant: str, record_property: Any) -> None:
    info = INFOS[variant]
    counts = {"refused": 0, "accepted for a reason": 0, "unsupported": 0, "failed": 0}
    faults, allowed = [], ACCEPTED.get(info.name, ())
    for number, wrong in enumerate(info.error_inputs("cpu")):
        try:
            args, options = arguments(wrong.sample_input, to_lucid)
            found = adapter(variant)(*args, **options)
        except Unsupported:
            counts["unsupported"] += 1
        except Exception as error:
            counts["refused" if refused_by_lucid(error) else "unsupported"] += 1
        else:
            reason = "a number" if not wrong.error_regex else None
            reason = next((why for part, why in allowed if part in wrong.error_regex), reason)
            counts["failed" if reason is None else "accepted for a reason"] += 1
            if reason is None:
                faults.append(
                    f"{number}: {wrong.sample_input.summary()}\n    PyTorch: {wrong.error_regex}\n    {found}"
                )
    record_property("bad inputs", counts)
    assert not faults, f"{info.name}: accepted {len(faults)} of PyTorch's bad inputs:\n" + "\n".join(faults)
