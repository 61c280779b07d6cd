"""How others name the tensors of our models: one table for each family, read in both directions.

A row is one layer, or one tensor, under the name that each dialect has for it; `.weight` or `.bias` may follow. In
names {s} is the number of a stage from 1, {i} the same from 0, {z} the {i} of the last stage, and {b} a block from 0.
(key|value) are two tensors, the halves of ours along the first axis. The first row that a name fits counts; a later
one of the same layer says what older files have. Lucid's own names are the official ones.

>>> from lucid.models.dialects import translated
>>> x = dict.fromkeys(["pos_embed4", "cls_token", "head.bias"])
>>> for name in translated(x, "pvt", "official", "huggingface"):
...     print(name)
pvt.encoder.patch_embeddings.3.position_embeddings
pvt.encoder.patch_embeddings.3.cls_token
classifier.bias
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from ..errors import CheckpointError
from ..ops.manipulation import concat
from ..tensor import Tensor

__all__ = ["DIALECTS", "PREFIXES", "Origin", "origin", "translated"]

TABLES = {
    "pvt": """
    official               huggingface
    patch_embed{s}.proj    patch_embeddings.{i}.projection
    patch_embed{s}.norm    patch_embeddings.{i}.layer_norm
    pos_embed{s}           patch_embeddings.{i}.position_embeddings
    cls_token              patch_embeddings.{z}.cls_token
    block{s}.{b}.norm1     block.{i}.{b}.layer_norm_1
    block{s}.{b}.norm2     block.{i}.{b}.layer_norm_2
    block{s}.{b}.attn.q    block.{i}.{b}.attention.self.query
    block{s}.{b}.attn.kv   block.{i}.{b}.attention.self.(key|value)
    block{s}.{b}.attn.proj block.{i}.{b}.attention.output.dense
    block{s}.{b}.attn.sr   block.{i}.{b}.attention.self.sequence_reduction
    block{s}.{b}.attn.sr   block.{i}.{b}.attention.self.sr
    block{s}.{b}.attn.norm block.{i}.{b}.attention.self.layer_norm
    block{s}.{b}.mlp.fc1   block.{i}.{b}.mlp.dense1
    block{s}.{b}.mlp.fc2   block.{i}.{b}.mlp.dense2
    norm                   layer_norm
    head                   classifier
    """,
    "pvt_v2": """
    official                       timm                             huggingface
    patch_embed1.proj              patch_embed.proj                 layers.0.patch_embedding.proj
    patch_embed1.norm              patch_embed.norm                 layers.0.patch_embedding.layer_norm
    patch_embed{s}.proj            stages.{i}.downsample.proj       layers.{i}.patch_embedding.proj
    patch_embed{s}.norm            stages.{i}.downsample.norm       layers.{i}.patch_embedding.layer_norm
    block{s}.{b}.norm1             stages.{i}.blocks.{b}.norm1      layers.{i}.blocks.{b}.layer_norm_1
    block{s}.{b}.norm2             stages.{i}.blocks.{b}.norm2      layers.{i}.blocks.{b}.layer_norm_2
    block{s}.{b}.attn.q            stages.{i}.blocks.{b}.attn.q     layers.{i}.blocks.{b}.attention.query
    block{s}.{b}.attn.kv           stages.{i}.blocks.{b}.attn.kv    layers.{i}.blocks.{b}.attention.(key|value)
    block{s}.{b}.attn.proj         stages.{i}.blocks.{b}.attn.proj  layers.{i}.blocks.{b}.attention.proj
    block{s}.{b}.attn.sr           stages.{i}.blocks.{b}.attn.sr    layers.{i}.blocks.{b}.attention.spatial_reduction
    block{s}.{b}.attn.norm         stages.{i}.blocks.{b}.attn.norm  layers.{i}.blocks.{b}.attention.layer_norm
    block{s}.{b}.mlp.fc1           stages.{i}.blocks.{b}.mlp.fc1    layers.{i}.blocks.{b}.mlp.dense1
    block{s}.{b}.mlp.fc2           stages.{i}.blocks.{b}.mlp.fc2    layers.{i}.blocks.{b}.mlp.dense2
    block{s}.{b}.mlp.dwconv.dwconv stages.{i}.blocks.{b}.mlp.dwconv layers.{i}.blocks.{b}.mlp.dwconv.dwconv
    norm{s}                        stages.{i}.norm                  layers.{i}.layer_norm
    head                           head                             classifier
    """,
}
DIALECTS = ("official", "timm", "huggingface")
# Before all names of a dialect but that of the head; files of models without one leave out the first word.
PREFIXES = {("pvt", "huggingface"): "pvt.encoder.", ("pvt_v2", "huggingface"): "pvt_v2.encoder."}

HALVES = re.compile(r"\((\w+)\|(\w+)\)")


class Row(NamedTuple):
    """One row of a table in one dialect."""

    template: str
    pattern: re.Pattern[str]
    halves: tuple[str, ...]  # the words for them, () for a tensor that is whole


class Place(NamedTuple):
    """Which tensor of a model a name means: the number of its row, and what stands in the places of the name."""

    row: int
    stage: int | None
    block: str | None
    leaf: str
    half: int | None


class Origin(NamedTuple):
    """Whose names a file has, and for which family of models."""

    family: str
    dialect: str


def origin(names: Iterable[str]) -> Origin | None:
    """The family and dialect that know the most of some names; None if none knows half of them.

    >>> origin(["patch_embed.proj.weight", "stages.0.norm.bias", "head.bias"])
    Origin(family='pvt_v2', dialect='timm')
    """
    names = list(names)
    known = {
        Origin(family, dialect): sum(_place(family, dialect, name) is not None for name in names)
        for family in TABLES
        for dialect in _columns(family)
    }
    best = max(known, key=lambda key: known[key])
    return best if 2 * known[best] > len(names) else None


def translated(tensors: Mapping[str, Any], family: str, source: str, target: str) -> dict[str, Any]:
    """The same tensors under the names of another dialect. A name that the table does not know stays as it is.

    Raises CheckpointError for a dialect that does not have the family, and for half a tensor.
    """
    for dialect in (source, target):
        if dialect not in _columns(family):
            known = ", ".join(_columns(family))
            raise CheckpointError(f"{family} has no names in the dialect {dialect!r}; choose among {known}")
    if source == target:
        return dict(tensors)
    places = {name: _place(family, source, name) for name in tensors}
    last = max((p.stage for p in places.values() if p is not None and p.stage is not None), default=0)
    result: dict[str, Any] = {}
    halves: dict[str, dict[int, Any]] = {}
    for name, x in tensors.items():
        place = places[name]
        if place is None:
            result[name] = x
            continue
        written = _names(family, target, place, last)
        if place.half is not None and len(written) == 1:
            found = halves.setdefault(written[0], {})
            found[place.half] = x
            if len(found) == 2:
                x = _joined(written[0], halves.pop(written[0]))
            result[written[0]] = x  # the first half holds the place of the whole
        elif len(written) == 2:
            result |= zip(written, _halved(name, x))
        else:
            result[written[0]] = x
    if halves:
        raise CheckpointError(f"keys and values make one tensor: half of {', '.join(halves)} is missing")
    return result


def _halved(name: str, x: Tensor) -> tuple[Tensor, Tensor]:
    if not x.ndim or x.shape[0] % 2:
        raise CheckpointError(f"{name} has shape {x.shape}; wanted as many keys as values along the first axis")
    middle = x.shape[0] // 2
    return x[:middle], x[middle:]


def _joined(name: str, halves: dict[int, Tensor]) -> Tensor:
    if not halves[0].ndim or halves[0].shape != halves[1].shape:
        raise CheckpointError(f"the halves of {name} have shapes {halves[0].shape} and {halves[1].shape}")
    return concat([halves[0], halves[1]], axis=0)


@cache
def _columns(family: str) -> dict[str, list[Row]]:
    """The rows of a family's table by dialect."""
    head, *lines = (line.split() for line in TABLES[family].strip().splitlines())
    return {dialect: [_row(family, dialect, line[i]) for line in lines] for i, dialect in enumerate(head)}


def _row(family: str, dialect: str, template: str) -> Row:
    prefix = "" if template == "classifier" else PREFIXES.get((family, dialect), "")
    match = HALVES.search(template)
    pattern = re.sub(r"\\{(\w)\\}", r"(?P<\1>\\d{1,4})", re.escape(HALVES.sub("HALF", template)))
    if match:
        pattern = pattern.replace("HALF", f"(?P<half>{'|'.join(match.groups())})")
    if prefix:
        pattern = f"(?:{re.escape(prefix)}|{re.escape(prefix.partition('.')[2])}){pattern}"
    return Row(prefix + template, re.compile(pattern + r"(?P<leaf>\.weight|\.bias|)"), match.groups() if match else ())


def _place(family: str, dialect: str, name: str) -> Place | None:
    """The tensor that a name means; None if the dialect has no such name."""
    for number, row in enumerate(_columns(family)[dialect]):
        if match := row.pattern.fullmatch(name):
            found = match.groupdict()
            stage = int(found["s"]) - 1 if "s" in found else int(found["i"]) if "i" in found else None
            half = row.halves.index(found["half"]) if row.halves else None
            return Place(number, stage, found.get("b"), found["leaf"], half)
    return None


def _names(family: str, dialect: str, place: Place, last: int) -> list[str]:
    """What a dialect calls a tensor: one name, or those of its halves."""
    row = _columns(family)[dialect][place.row]
    stage = place.stage or 0
    whole = row.template.format(s=stage + 1, i=stage, b=place.block, z=last) + place.leaf
    return [HALVES.sub(half, whole) for half in row.halves] or [whole]
