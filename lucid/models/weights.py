"""Models with the weights that somebody published: recognised by their names, translated, made to fit what is asked.

What the file says (its classes, input channels, output projections, image size) holds unless an option says otherwise.

The eps of norms are part of the function that weights were made for, and files do not hold them. The official code and
timm have 1e-5 in the norms of patches and reduced images and 1e-6 elsewhere, which are lucid's defaults. Hugging Face
has one eps everywhere, that of its config.json or 1e-6; so a file with its names runs with that, as it does there.
"""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isqrt, prod
from typing import Any, Literal

from ..devices import Device, backend
from ..errors import CheckpointError
from ..io.checkpoints import Checkpoint, PathLike, read_checkpoint
from ..nn import Module, init
from ..tensor import Tensor
from .dialects import origin, translated
from .placement import faster_device
from .pvt import PVTConfig, resized_positions
from .pyramid import Pyramid
from .registry import maker_of

__all__ = ["EPS", "create_model", "eps_of", "translate"]

EPS = "layer_norm_eps"  # in the config.json of Hugging Face, and in the texts of files that were converted from theirs
USUAL = 224  # pixels, of models that do not say for which images they are
State = dict[str, Tensor]


def create_model(
    name: str,
    /,
    *,
    weights: PathLike | None = None,
    device: Device | Literal["auto"] | None = None,
    batch_size: int = 1,
    **options: Any,
) -> Any:
    """The model of a name, made with options, and with weights if there are any to load.

    `weights` is what `lucid.io.load_checkpoint` takes: a file, a folder, or a name on the Hugging Face Hub, with names
    of the official code, timm, Hugging Face or lucid. Options that the file tells need not be given. One that is given
    and differs makes the weights fit: position embeddings are resized bilinearly to `img_size`; for one channel
    (`in_chans`) the kernels are summed, for others repeated and scaled, as timm does; for another number of classes
    the head is new, and a warning says so.

    The model is on `device`, the default device if None. "auto" is the one that `lucid bench` found faster on this
    machine for inference with about `batch_size` images of the model's size, and "cpu" where it measured nothing.

    Raises ValueError for an unknown name, TypeError for an unknown option, DeviceError for a device that cannot be
    used, CheckpointError for weights that are not those of the model, and as `load_checkpoint` does.

    >>> from lucid import models
    >>> models.create_model("pvt_v2_b0", num_classes=10).head
    Linear(in_features=256, out_features=10, bias=True)
    >>> models.create_model("pvt_tinny")
    Traceback (most recent call last):
    ...
    ValueError: create_model: there is no model 'pvt_tinny'; did you mean 'pvt_tiny'? list_models() names all
    """
    maker = maker_of(name)
    if device != "auto":
        backend(device, "create_model")
    model = maker(**options) if weights is None else _published(name, maker, weights, options)
    if device == "auto":
        device = faster_device(name, batch_size, image_size=_pixels(model)) or "cpu"
    return model if device is None else model.to(device)


def _pixels(model: Any) -> int:
    """The height and width of the images that a model is for; of other images than squares, that of one as large."""
    size = getattr(getattr(model, "config", None), "img_size", USUAL)
    return size if isinstance(size, int) else isqrt(prod(size))


def _published(name: str, maker: Callable[..., Module], weights: PathLike, options: dict[str, Any]) -> Module:
    """A model with weights to load."""
    checkpoint = read_checkpoint(weights, "cpu", function="create_model")
    with init.skipped():
        model = maker(**options)
        if not isinstance(model, Pyramid):
            model.load_state_dict(checkpoint.tensors)
            return model
        state = translate(checkpoint, model.FAMILY, "official")
        said = _said(checkpoint, state, model.config)
        of_file = replace(model.config, **said)
        config, classes = replace(of_file, **options), of_file.num_classes
        state = _fitted(state, of_file, config)
        model = type(model)(replace(config, num_classes=classes if classes == config.num_classes else 0))
    if misfit := _misfit(model, state):
        raise CheckpointError(f"create_model: {checkpoint.path} does not fit {name}:\n" + "\n".join(misfit))
    model.load_state_dict(state)
    if config.num_classes != classes:
        if classes:
            warnings.warn(
                f"create_model: {checkpoint.path} has {classes} classes and num_classes={config.num_classes}: its head "
                "was left out" + (", and the new one knows nothing yet" if config.num_classes else ""),
                stacklevel=3,
            )
        model.reset_classifier(config.num_classes)
    return model


def translate(checkpoint: Checkpoint, family: str | None, target: str) -> State:
    """The tensors of a checkpoint under the names of another dialect; `family` is the one expected, None for any.

    Raises CheckpointError for names that no dialect has, or of another family.
    """
    found = origin(checkpoint.tensors)
    if found is None:
        some = ", ".join(list(checkpoint.tensors)[:3])
        raise CheckpointError(f"{checkpoint.path} has the names of no model that lucid knows: {some}, ...")
    if family not in (None, found.family):
        raise CheckpointError(f"{checkpoint.path} has weights of the family {found.family}; wanted {family}")
    return translated(checkpoint.tensors, found.family, found.dialect, target)


def eps_of(checkpoint: Checkpoint) -> float | None:
    """The eps of all norms that the weights were made for; None for those of the official code."""
    said = checkpoint.metadata.get(EPS)
    if said is None and (found := origin(checkpoint.tensors)) and found.dialect == "huggingface":
        said = checkpoint.config.get(EPS, 1e-6)
    return None if said is None else float(said)


def _said(checkpoint: Checkpoint, state: State, asked: Any) -> dict[str, Any]:
    """The options of a model that its weights tell."""
    shapes = {name: x.shape for name, x in state.items()}
    kernel, head = shapes.get("patch_embed1.proj.weight", ()), shapes.get("head.weight", ())
    said: dict[str, Any] = {"num_classes": head[0] if head else 0}
    if len(kernel) == 4:
        said["in_chans"] = kernel[1]
    said["qkv_bias"] = any(name.endswith("attn.q.bias") for name in shapes)
    if isinstance(asked, PVTConfig):
        said["out_proj"] = any(name.endswith("attn.proj.weight") for name in shapes)
        said["img_size"] = _image_size(checkpoint, shapes.get("pos_embed1", ()), asked)
    if (eps := eps_of(checkpoint)) is not None:
        said |= dict.fromkeys(("norm_eps", "patch_norm_eps", "sr_norm_eps"), eps)
    return said


def _image_size(checkpoint: Checkpoint, table: tuple[int, ...], asked: PVTConfig) -> Any:
    """The size of images that a table of positions is made for: as config.json says, or square, or as asked."""
    if len(table) == 3:
        said = checkpoint.config.get("image_size")
        square = isqrt(table[1]) * asked.patch_size
        for size in (tuple(said) if isinstance(said, list) else said, square):
            if isinstance(size, int | tuple) and prod(replace(asked, img_size=size).grids[0]) == table[1]:
                return size
    return asked.img_size


def _fitted(state: State, of_file: Any, config: Any) -> State:
    """The tensors of a file made to fit another number of classes, of channels, or another size of images."""
    state = dict(state)
    if config.num_classes != of_file.num_classes:
        state = {name: x for name, x in state.items() if not name.startswith("head.")}
    if config.in_chans != of_file.in_chans:
        state["patch_embed1.proj.weight"] = _channels(state["patch_embed1.proj.weight"], config.in_chans)
    if isinstance(config, PVTConfig) and config.grids != of_file.grids:
        for i, (old, new) in enumerate(zip(of_file.grids, config.grids)):
            name = f"pos_embed{i + 1}"
            if name in state and state[name].ndim == 3 and state[name].shape[1] - prod(old) in (0, 1):
                state[name] = resized_positions(state[name], old, new)
    return state


def _channels(kernels: Tensor, count: int) -> Tensor:
    """Kernels (o, c, h, w) for images of `count` channels, which on grey images give what they gave."""
    before = kernels.shape[1]
    if count == 1:
        return kernels.sum(axis=1, keepdims=True)
    return kernels[:, [i % before for i in range(count)]] * (before / count)


# --- What does not fit, in words -------------------------------------------------------------------------------------

MANY = 4  # tensors of another shape: no more are named

WHY = {
    ("missing", "attn.proj"): "this file was made without output projections; out_proj=False makes such a model",
    ("unexpected", "attn.proj"): "this file was made with output projections; out_proj=True makes such a model",
    ("missing", "attn.sr"): "they are those of linear attention in the last stage, or of other sr_ratios",
    ("unexpected", "attn.sr"): "they are those of linear attention in the last stage, or of other sr_ratios",
    ("missing", "head"): "this file was made without a head; num_classes=0 makes such a model",
}


def _misfit(model: Pyramid, state: State) -> list[str]:
    """What does not fit, a line for each kind of tensor or, where the architecture is another, for that alone."""
    wanted = {name: x.shape for name, x in model.state_dict().items()}
    given = {name: x.shape for name, x in state.items()}
    lines = [
        f"  {what}: the file has {theirs}, the model {ours}"
        for what, theirs, ours in (
            ("depths", _depths(given), _depths(wanted)),
            ("embed_dims", _dims(given), _dims(wanted)),
        )
        if theirs != ours
    ]
    if lines:
        return lines
    kinds = {
        "missing": [name for name in wanted if name not in given],
        "unexpected": [name for name in given if name not in wanted],
    }
    for fault, names in kinds.items():
        for kind, count in Counter(map(_kind, names)).items():
            reason = f": {WHY[fault, kind]}" if (fault, kind) in WHY else ""
            lines.append(f"  {count} tensors `{kind}` are {fault}{reason}")
    misshapen = [f"  {n} is {given[n]}, wanted {wanted[n]}" for n in wanted if n in given and given[n] != wanted[n]]
    if len(misshapen) > MANY:
        misshapen[MANY:] = [f"  and {len(misshapen) - MANY} others have other shapes"]
    return lines + misshapen


def _depths(shapes: Mapping[str, Any]) -> list[int]:
    """How many blocks each stage has."""
    blocks = {match.groups() for name in shapes if (match := re.match(r"block(\d+)\.(\d+)\.", name))}
    counts = Counter(int(stage) for stage, _ in blocks)
    return [counts[stage] for stage in sorted(counts)]


def _dims(shapes: Mapping[str, Any]) -> list[int]:
    """How many channels the tokens of each stage have."""
    names = sorted(name for name in shapes if re.fullmatch(r"patch_embed\d+\.proj\.bias", name))
    return [shapes[name][0] for name in names if shapes[name]]


def _kind(name: str) -> str:
    """The name of a tensor without stage, block, and weight or bias."""
    return re.sub(r"^block\d+\.\d+\.|\d+$", "", name.removesuffix(".weight").removesuffix(".bias"))
