"""`lucid convert`: weights of a PVT under the names of other code, and in another format. The numbers stay what they are, bit for bit."""  # noqa: E501

import argparse
from pathlib import Path

from ..io.checkpoints import read_checkpoint, save_checkpoint
from ..models.dialects import DIALECTS, origin
from ..models.weights import EPS, eps_of, translate

__all__ = ["configure", "run"]

SUMMARY = "rename the weights of a model, and write them in another format"
EXAMPLE = "lucid convert pvt_tiny.pth pvt_tiny.safetensors --to huggingface"

SUFFIXES = (".safetensors", ".npz")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a file, a folder, or a name on the Hugging Face Hub")
    parser.add_argument("target", type=_target, metavar="TARGET", help="a file to write: .safetensors or .npz")
    parser.add_argument(
        "--to",
        choices=(*DIALECTS, "lucid"),
        default="lucid",
        help="whose names (default: lucid, which has the official)",
    )
    parser.add_argument("--part", metavar="KEY", help="of a file with several models (default: the trained one)")


def run(options: argparse.Namespace) -> None:
    checkpoint = read_checkpoint(options.source, "cpu", options.part, "convert")
    state = translate(checkpoint, None, "official" if options.to == "lucid" else options.to)
    metadata, eps = {"format": "pt"} | checkpoint.metadata, eps_of(checkpoint)
    if eps is not None:  # official names would say otherwise
        metadata[EPS] = str(eps)
    save_checkpoint(options.target, state, metadata)
    found = origin(checkpoint.tensors)
    assert found is not None
    print(f"{options.target}: {len(state)} tensors of the family {found.family}, from {found.dialect} to {options.to}")
    if options.to == "huggingface" and eps is None:
        print(
            "They were made for two eps of norms. Hugging Face's code has one for all, so its scores differ slightly."
        )
    if options.target.suffix == ".npz" and eps is not None:
        print(f"They were made for norms with eps {eps}, which .npz cannot say: .safetensors does.")


def _target(text: str) -> Path:
    """A path with a suffix that lucid writes, for argparse."""
    if (path := Path(text)).suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(SUFFIXES)}, which lucid writes")
    return path
