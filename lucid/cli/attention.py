"""`lucid attention`: what attention reads for a place of a picture. Spatial-reduction attention lets each token of a stage look at the cells of a smaller image; a picture shows how much of it each cell gets from the token at --query, and a page shows it for the token under the pointer, in every stage and head, without a network. With random weights it shows only how the model is built."""  # noqa: E501

import argparse
import json
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..devices import describe
from ..dtypes import uint8
from ..io import to_png
from ..io.files import replacing
from ..ops.elementwise import round
from ..ops.statistical import max
from ..tensor import Tensor
from .attention_maps import Attention, attentions, plot
from .loading import about_weights, load_model
from .options import (
    UsageError,
    add_device,
    add_json,
    add_model,
    add_output,
    add_seed,
    add_weights,
    chosen_device,
    natural,
    positive,
)
from .output import Output
from .photograph import photograph

__all__ = ["configure", "page", "run"]

SUMMARY = "show what attention reads for a place of a picture"
EXAMPLE = "lucid attention cat.jpg --weights pvt_tiny.safetensors --stage 3 --head 2 --query 120 80"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", type=Path, metavar="IMAGE", help="a picture")
    parser.add_argument("--stage", type=positive, default=1, metavar="N", help="from 1 (default: %(default)s)")
    parser.add_argument("--block", type=positive, metavar="N", help="of the stage, from 1 (default: the last)")
    parser.add_argument("--head", type=positive, metavar="N", help="from 1 (default: the mean over all)")
    parser.add_argument(
        "--query", type=natural, nargs=2, metavar=("X", "Y"), help="a pixel of the middle (default: its centre)"
    )
    add_model(parser, "--model")
    add_weights(parser)
    parser.add_argument("--image-size", type=positive, default=224, metavar="N", help="pixels (default: %(default)s)")
    add_device(parser)
    add_output(parser, "files")
    add_seed(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    output = Output("lucid attention", options.json)
    size = options.image_size
    image = photograph(options.image, size)
    device = chosen_device(options.device, options.model, 1, size, output)
    model = load_model(options.model, options.weights, options.seed).to(device)
    weights = about_weights(options.weights, options.seed)
    depth = _one_of(model.config.depths, options.stage, "stage")
    block = _one_of(range(depth), options.block or depth, "block")
    found = attentions(model, image, {options.stage - 1: block})
    stage = found[options.stage - 1]
    head = None if options.head is None else options.head - 1
    _one_of(range(stage.weights.shape[0]), options.head or 1, "head")
    query = [_part(n, size) for n in options.query or (size // 2, size // 2)]
    look = stage.look(*query, head)

    about = f"{options.model}, {weights}; {options.image.name}; {device}: {describe(device)}"
    options.output.mkdir(parents=True, exist_ok=True)
    path, explorer = options.output / "attention.png", options.output / "attention.html"
    whose = "mean over the heads" if head is None else f"head {options.head}"
    (rows, columns), (height, width) = stage.cells, stage.tokens
    title = f"stage {options.stage}, {whose}\n{height} x {width} tokens see {rows} x {columns}"
    plot(path, image, [(title, look)], about, query)
    with replacing(explorer) as file:
        file.write_text(page(image, found, about, options.stage - 1, head, query), encoding="utf-8")

    line, column = stage.token(*query)
    best = look.flatten().argmax().item()
    output.say(about)
    output.say(
        f"In stage {options.stage} ({whose}) the token in row {line + 1}, column {column + 1} of {height} x {width} "
        f"reads {rows} x {columns} cells, most of all ({100 * max(look).item():.2f} %) row {best // columns + 1}, "
        f"column {best % columns + 1}."
    )
    output.say(f"The picture is in {path}; {explorer} lets the pointer choose, in every stage and head.")
    output.results |= {
        "model": options.model,
        "weights": weights,
        "stage": options.stage,
        "head": options.head,
        "token": [line, column],
        "attention": look.tolist(),
        "picture": str(path),
        "page": str(explorer),
    }
    output.finish()


def page(
    image: Tensor, found: Sequence[Attention], about: str, stage: int, head: int | None, query: Sequence[float]
) -> str:
    """The page that shows what the token under the pointer reads, with all that it needs inside."""
    data = {
        "about": about,
        "picture": _text(to_png(image)),
        "stages": [_stage(attention) for attention in found],
        "stage": stage,
        "head": head,
        "query": list(query),
    }
    text = json.dumps(data).replace("<", "\\u003c")  # no text ends the script that it stands in
    return (files(__package__) / "attention.html").read_text(encoding="utf-8").replace("{{DATA}}", text)


def _stage(attention: Attention) -> dict[str, Any]:
    """The weights in 8 bits, in 255ths of the largest of each query."""
    largest = max(attention.weights, axis=-1, keepdims=True)
    return {
        "heads": attention.weights.shape[0],
        "tokens": attention.tokens,
        "cells": attention.cells,
        "others": attention.others,
        "largest": _text(largest.numpy().tobytes()),
        "weights": _text(round(attention.weights / largest * 255).astype(uint8).numpy().tobytes()),
    }


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _one_of(values: Sequence[Any], number: int, what: str) -> Any:
    if number > len(values):
        raise UsageError(f"there is no {what} {number}; choose 1 to {len(values)}")
    return values[number - 1]


def _part(pixel: int, size: int) -> float:
    if pixel >= size:
        raise UsageError(f"--query {pixel}: the picture has pixels 0 to {size - 1}")
    return (pixel + 0.5) / size
