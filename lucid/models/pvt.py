"""Pyramid Vision Transformer: four stages of attention over ever smaller images.

Wang et al., Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction without Convolutions, 2021
(arXiv 2102.12122). Parameters carry the names of the official code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from operator import index
from typing import Any, SupportsIndex

from .. import nn
from ..errors import DTypeError, ShapeError
from ..nn import functional as F
from ..nn import init
from ..ops import broadcast_to, concat, feed_forward, zeros
from ..tensor import Tensor
from .registry import configured, register_model

__all__ = ["PVT", "PVTConfig", "pvt_huge", "pvt_large", "pvt_medium", "pvt_small", "pvt_tiny"]

Size = int | tuple[int, int]
# How small each number may be. No classes means features.
LEAST = {"num_classes": 0, "in_chans": 1, "patch_size": 1, "embed_dims": 1, "depths": 0, "num_heads": 1}


@dataclass(kw_only=True)
class PVTConfig:
    """All that makes one PVT differ from another; the lists have one number for each stage.

    Stages after the first cut the image into patches of 2 x 2. Drop path rates rise linearly from 0 at the first block
    to `drop_path_rate` at the last. `out_proj` is the projection after the heads of attention are joined: the paper has
    it. `norm_eps` is for the norms of blocks and the last one, the others are for those of patches and reduced images.

    Raises ValueError for values that do not fit each other.
    """

    img_size: Size = 224
    num_classes: int = 1000
    embed_dims: Sequence[int] = (64, 128, 320, 512)
    depths: Sequence[int] = (2, 2, 2, 2)
    num_heads: Sequence[int] = (1, 2, 5, 8)
    sr_ratios: Sequence[float] = (8, 4, 2, 1)
    mlp_ratios: Sequence[float] = (8, 8, 4, 4)
    in_chans: int = 3
    patch_size: int = 4
    qkv_bias: bool = True
    out_proj: bool = False
    drop_rate: float = 0.0
    attn_drop_rate: float = 0.0
    drop_path_rate: float = 0.0
    norm_eps: float = 1e-6
    patch_norm_eps: float = 1e-5
    sr_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        self.sr_ratios = [float(ratio) for ratio in self.sr_ratios]
        lengths = {}
        for name in ("embed_dims", "depths", "num_heads", "sr_ratios", "mlp_ratios"):
            setattr(self, name, list(getattr(self, name)))
            lengths[name] = len(getattr(self, name))
        if len(set(lengths.values())) != 1 or not self.depths:
            raise ValueError(f"PVT: got {lengths}; wanted as many numbers in each, one for each stage")
        for name, least in LEAST.items():
            value = getattr(self, name)
            numbers: list[Any] = value if isinstance(value, list) else [value]
            if not all(isinstance(n, SupportsIndex) and index(n) >= least for n in numbers):
                raise ValueError(f"PVT: {name}={value!r}; wanted whole numbers of at least {least}")
        if self.sr_ratios[-1] != 1:
            raise ValueError(f"PVT: sr_ratios={self.sr_ratios}; wanted 1.0 last, since the class token is no pixel")
        if not all(isinstance(n, SupportsIndex) for n in self.image):
            raise ValueError(f"PVT: img_size={self.img_size!r}; wanted a number of pixels, or a height and a width")
        self.check_size("img_size", *self.image)

    @property
    def image(self) -> tuple[int, int]:
        """The height and width of the images that the position embeddings are made for."""
        return F.pair(self.img_size)

    @property
    def strides(self) -> list[int]:
        """How many pixels of the image one token of each stage is high and wide."""
        return [self.patch_size * 2**i for i in range(len(self.depths))]

    def check_size(self, name: str, height: int, width: int) -> None:
        """Raise ShapeError for an image too small for the first token of some stage."""
        least = max(stride * int(ratio) for stride, ratio in zip(self.strides, self.sr_ratios))
        if min(height, width) < least:
            raise ShapeError(
                f"PVT: {name} is {height} x {width}; wanted at least {least} x {least}; make images larger"
            )


class PatchEmbed(nn.Module):
    """Images (b, c, h, w) cut into patches, each of which becomes a token: (b, h' w', dim), h' and w'.

    What is left over at the right and at the bottom is cut off.
    """

    def __init__(self, patch_size: int, in_chans: int, dim: int, eps: float) -> None:
        self.proj = nn.Conv2d(in_chans, dim, patch_size, patch_size)
        self.norm = nn.LayerNorm(dim, eps)

    def forward(self, x: Tensor) -> tuple[Tensor, int, int]:
        x = self.proj(x)
        return self.norm(x.flatten(2).mT), *x.shape[2:]


class Mlp(nn.Module):
    """fc2(gelu(fc1(x))): each token by itself."""

    def __init__(self, dim: int, hidden: int, drop: float) -> None:
        self.fc1 = nn.Linear(dim, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        if self.drop.p and self.training:
            return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))
        return feed_forward(x, self.fc1.weight, self.fc1.bias, self.fc2.weight, self.fc2.bias)

    def multiply_adds(self, inputs: tuple[Any, ...], output: Tensor) -> int:
        return 2 * output.size * self.fc1.out_features  # those of its layers, which it does not call here


class Block(nn.Module):
    """x + attn(norm1(x)), and of that y, y + mlp(norm2(y)); in training, whole paths are dropped."""

    def __init__(self, config: PVTConfig, stage: int, drop_path: float) -> None:
        dim = config.embed_dims[stage]
        self.norm1 = nn.LayerNorm(dim, config.norm_eps)
        self.attn = nn.SpatialReductionAttention(
            dim,
            config.num_heads[stage],
            config.sr_ratios[stage],
            qkv_bias=config.qkv_bias,
            out_proj=config.out_proj,
            norm_eps=config.sr_norm_eps,
            attn_drop=config.attn_drop_rate,
            proj_drop=config.drop_rate,
        )
        self.norm2 = nn.LayerNorm(dim, config.norm_eps)
        self.mlp = Mlp(dim, int(dim * config.mlp_ratios[stage]), config.drop_rate)
        self.drop_path = nn.DropPath(drop_path)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        x = x + self.drop_path(self.attn(self.norm1(x), height, width))
        return x + self.drop_path(self.mlp(self.norm2(x)))


PARTS = ("patch_embed", "pos_embed", "pos_drop", "block")  # of each stage, under these names and its number from 1


class PVT(nn.Module):
    """Images (b, in_chans, h, w) of any size become scores (b, num_classes), or features if that is 0.

    It is made from the fields of a PVTConfig as keywords, or from a PVTConfig.

    >>> import lucid
    >>> from lucid import models
    >>> model = models.pvt_tiny(img_size=64, num_classes=10)
    >>> model(lucid.ones((1, 3, 64, 96))).shape
    (1, 10)
    >>> [x.shape for x in model.forward_pyramid(lucid.ones((1, 3, 64, 96)))]
    [(1, 64, 16, 24), (1, 128, 8, 12), (1, 320, 4, 6), (1, 512, 2, 3)]
    """

    def __init__(self, config: PVTConfig | None = None, /, **options: Any) -> None:
        if config is not None and options:
            raise TypeError(f"PVT: got a config and also {', '.join(options)}; put them into the config")
        self.config = config = config or configured("PVT", PVTConfig, **options)
        drop_paths = iter(_rising(config.drop_path_rate, sum(config.depths)))
        channels = [config.in_chans, *config.embed_dims]
        for i, (before, dim) in enumerate(pairwise(channels)):
            height, width = (n // config.strides[i] for n in config.image)
            tokens = height * width + (i == self.last)
            patch_size = 2 if i else config.patch_size
            blocks = [Block(config, i, next(drop_paths)) for _ in range(config.depths[i])]
            parts = (
                PatchEmbed(patch_size, before, dim, config.patch_norm_eps),
                nn.Parameter(zeros((1, tokens, dim))),
                nn.Dropout(config.drop_rate),
                nn.ModuleList(blocks),
            )
            for name, part in zip(PARTS, parts):
                setattr(self, f"{name}{i + 1}", part)
        self.cls_token = nn.Parameter(zeros((1, 1, dim)))
        self.norm = nn.LayerNorm(dim, config.norm_eps)
        self.head = self._new_head()
        self.apply(_initialise)

    @property
    def last(self) -> int:
        """The number of the last stage, counted from 0."""
        return len(self.config.depths) - 1

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.forward_features(x))

    def forward_features(self, x: Tensor) -> Tensor:
        """The class token after the last norm: (b, embed_dims[-1])."""
        *_, (tokens, _, _) = self._stages(x)
        return self.norm(tokens)[:, 0]

    def forward_pyramid(self, x: Tensor) -> list[Tensor]:
        """The images (b, embed_dims[i], h, w) that each stage makes, at strides of 4, 8, 16 and 32 pixels."""
        return [_image(tokens[:, int(i == self.last) :], h, w) for i, (tokens, h, w) in enumerate(self._stages(x))]

    def _stages(self, x: Tensor) -> Iterator[tuple[Tensor, int, int]]:
        """The tokens, height and width after each stage. The class token comes first in the last."""
        self._check(x)
        for i in range(self.last + 1):
            patch_embed, pos_embed, pos_drop, block = (getattr(self, f"{name}{i + 1}") for name in PARTS)
            x, height, width = patch_embed(x)
            if i == self.last:
                x = concat([broadcast_to(self.cls_token, (x.shape[0], 1, x.shape[2])), x], axis=1)
            x = pos_drop(x + self._positions(pos_embed, i, height, width))
            for layer in block:
                x = layer(x, height, width)
            yield x, height, width
            if i != self.last:
                x = _image(x, height, width)

    def _positions(self, table: Tensor, stage: int, height: int, width: int) -> Tensor:
        """The position embeddings of a stage, resized if the image is of another size than they were made for."""
        h, w = (n // self.config.strides[stage] for n in self.config.image)
        if (h, w) == (height, width):
            return table
        others = table.shape[1] - h * w  # the class token's, which has no place
        pixels = F.interpolate(_image(table[:, others:], h, w), (height, width), mode="bilinear")
        return concat([table[:, :others], pixels.flatten(2).mT], axis=1)

    def _check(self, x: Tensor) -> None:
        if not isinstance(x, Tensor):
            raise TypeError(f"PVT: got {type(x).__name__}; wanted a Tensor, as lucid.asarray makes it")
        if x.ndim != 4 or x.shape[1] != self.config.in_chans:
            raise ShapeError(f"PVT: got images of shape {x.shape}; wanted (b, {self.config.in_chans}, h, w)")
        if not x.dtype.is_floating:
            raise DTypeError(
                f"PVT: got images of {x.dtype.name}; convert and normalise them, as with x.astype(lucid.float32)"
            )
        self.config.check_size("an image", *x.shape[2:])

    def _new_head(self) -> nn.Module:
        dim, classes = self.config.embed_dims[-1], self.config.num_classes
        return nn.Linear(dim, classes) if classes else nn.Identity()

    def reset_classifier(self, num_classes: int) -> None:
        """Put a new head on, for another number of classes; 0 takes it off, so that forward gives features."""
        self.config = replace(self.config, num_classes=num_classes)
        self.head = self._new_head().apply(_initialise).to(self.cls_token.device, self.cls_token.dtype)

    def no_weight_decay(self) -> set[str]:
        """The names of parameters that weight decay should leave alone."""
        return {"cls_token"}

    def extra_repr(self) -> str:
        return ", ".join(f"{field.name}={getattr(self.config, field.name)!r}" for field in fields(self.config))


def _image(tokens: Tensor, height: int, width: int) -> Tensor:
    """Tokens (b, h w, c) as an image (b, c, h, w)."""
    return tokens.reshape((tokens.shape[0], height, width, tokens.shape[2])).permute_dims((0, 3, 1, 2))


def _rising(rate: float, count: int) -> list[float]:
    """`count` numbers that rise linearly from 0 to `rate`."""
    return [rate * i / max(count - 1, 1) for i in range(count)]


def _initialise(module: nn.Module) -> None:
    """Truncated normals for Linear, position embeddings and the class token; convolutions keep the start of Conv2d."""
    if isinstance(module, nn.Linear):
        init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            init.zeros_(module.bias)
    elif isinstance(module, PVT):
        for parameter in module.parameters(recurse=False):
            init.trunc_normal_(parameter, std=0.02)


def _pvt(name: str, img_size: Size, num_classes: int, options: dict[str, Any], **variant: Any) -> PVT:
    variant |= {"img_size": img_size, "num_classes": num_classes}
    return PVT(configured(name, PVTConfig, **(variant | options)))


@register_model
def pvt_tiny(img_size: Size = 224, num_classes: int = 1000, **options: Any) -> PVT:
    """12,457,192 parameters, or 13,229,288 with `out_proj=True`, as in the paper. Options: the fields of PVTConfig."""
    return _pvt("pvt_tiny", img_size, num_classes, options, depths=[2, 2, 2, 2], drop_path_rate=0.1)


@register_model
def pvt_small(img_size: Size = 224, num_classes: int = 1000, **options: Any) -> PVT:
    """23,003,048 parameters, or 24,485,864 with `out_proj=True`. Options: the fields of PVTConfig."""
    return _pvt("pvt_small", img_size, num_classes, options, depths=[3, 4, 6, 3], drop_path_rate=0.1)


@register_model
def pvt_medium(img_size: Size = 224, num_classes: int = 1000, **options: Any) -> PVT:
    """41,492,648 parameters, or 44,208,104 with `out_proj=True`. Options: the fields of PVTConfig."""
    return _pvt("pvt_medium", img_size, num_classes, options, depths=[3, 4, 18, 3], drop_path_rate=0.3)


@register_model
def pvt_large(img_size: Size = 224, num_classes: int = 1000, **options: Any) -> PVT:
    """57,663,336 parameters, or 61,369,320 with `out_proj=True`. Options: the fields of PVTConfig."""
    return _pvt("pvt_large", img_size, num_classes, options, depths=[3, 8, 27, 3], drop_path_rate=0.3)


@register_model
def pvt_huge(img_size: Size = 224, num_classes: int = 1000, **options: Any) -> PVT:
    """286,706,920 parameters, or 304,945,512 with `out_proj=True`. Options: the fields of PVTConfig."""
    return _pvt(
        "pvt_huge",
        img_size,
        num_classes,
        options,
        embed_dims=[128, 256, 512, 768],
        depths=[3, 10, 60, 3],
        num_heads=[2, 4, 8, 12],
        drop_path_rate=0.02,
    )
