"""Write tests/io/pytorch/*.pth: what `torch.save` makes of tensors of every kind, in both forms of file.

    python tools/make_checkpoints.py

Needs torch (2.13.0 made the files there). `tests/io/test_pytorch.py` says what is in them.
"""

import argparse
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "io" / "pytorch"
DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex64 complex128"


def tensors() -> dict[str, torch.Tensor]:
    whole = torch.arange(24.0).reshape(4, 6)
    return {
        **{name: torch.arange(5).to(getattr(torch, name)) for name in DTYPES.split()},
        "whole": whole,
        "tied": whole,
        "turned": whole.T,
        "part": whole[1:3, ::2],
        "repeated": whole[:1].expand(3, 6),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(3.5),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "conjugate": torch.tensor([1 + 2j, 3 - 4j]).conj(),
        "negative": torch.tensor([1 + 2j, 3 - 4j]).conj().imag,
    }


def main() -> None:
    trained = {f"module.{name}": x for name, x in tensors().items()}
    averaged = {f"module.{name}": x for name, x in torch.nn.Linear(2, 1, bias=False).state_dict().items()}
    averaged["module.weight"] = torch.tensor([[7.0, 8.0]])
    checkpoint = {"epoch": 3, "state_dict": trained, "state_dict_ema": averaged, "args": argparse.Namespace(lr=0.1)}
    checkpoint |= {"optimizer": {"state": {0: {"step": 1, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 0.1}]}}
    linear = torch.nn.Linear(2, 1)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0, 2.0]]))
        linear.bias.fill_(3.0)
    for form, zipped in (("new", True), ("old", False)):
        torch.save(checkpoint, FOLDER / f"{form}.pth", _use_new_zipfile_serialization=zipped)
        torch.save(linear.state_dict(), FOLDER / f"{form}_plain.pth", _use_new_zipfile_serialization=zipped)
        torch.save(linear, FOLDER / f"{form}_module.pth", _use_new_zipfile_serialization=zipped)


if __name__ == "__main__":
    main()
