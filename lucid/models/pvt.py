"""Pyramid Vision Transformer, the first generation: patches side by side, position embeddings, a class token.

Wang et al., Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction without Convolutions, 2021
(arXiv 2102.12122). Parameters carry the names of the official code.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, SupportsIndex

from .. import nn
from ..nn import functional as F
from ..nn import init
from ..ops import broadcast_to, concat, feed_forward, zeros
from ..tensor import Tensor
from .pyramid import Block, PatchEmbed, Pyramid, PyramidConfig, image, in_one_op, rising, start_linear
from .registry import configured, register_model

__all__ = ["PVT", "PVTConfig", "pvt_huge", "pvt_large", "pvt_medium", "pvt_small", "pvt_tiny"]

Size = int | tuple[int, int]


@dataclass(kw_only=True)
class _Positions:
    img_size: Size = 224


@dataclass(kw_only=True)
class PVTConfig(PyramidConfig, _Positions):  # the fields of the last base come first
    """All that makes one PVT differ from another: the fields of PyramidConfig and these.

    `img_size` is that of the images that the position embeddings are made for. `out_proj` is the projection after the
    heads of attention are joined: the paper has it.
    """

    out_proj: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
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
    def grids(self) -> list[tuple[int, int]]:
        """The height and width of each stage in tokens, for such an image."""
        height, width = self.image
        return [(height // stride, width // stride) for stride in self.strides]

    @property
    def smallest(self) -> int:
        return max(stride * int(ratio) for stride, ratio in zip(self.strides, self.sr_ratios))


class Mlp(nn.Module):
    """fc2(gelu(fc1(x))): each token by itself, wherever it is."""

    KINDS: ClassVar = {"fc1": nn.Linear, "act": nn.GELU, "fc2": nn.Linear, "drop": nn.Dropout}

    def __init__(self, dim: int, hidden: int, drop: float) -> None:
        self.fc1 = nn.Linear(dim, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        if in_one_op(self, self.KINDS):
            return feed_forward(x, self.fc1.weight, self.fc1.bias, self.fc2.weight, self.fc2.bias)
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class PVT(Pyramid):
    """Images (b, in_chans, h, w) of any size become scores (b, num_classes), or features if that is 0.

    It is made from the fields of a PVTConfig as keywords, or from a PVTConfig. The position embeddings are resized
    bilinearly for images of another size than `img_size`. Of an image that patches do not divide, what is left over at
    the right and at the bottom is cut off.

    >>> import lucid
    >>> from lucid import models
    >>> model = models.pvt_tiny(img_size=64, num_classes=10)
    >>> model(lucid.ones((1, 3, 64, 96))).shape
    (1, 10)
    >>> [x.shape for x in model.forward_pyramid(lucid.ones((1, 3, 64, 96)))]
    [(1, 64, 16, 24), (1, 128, 8, 12), (1, 320, 4, 6), (1, 512, 2, 3)]
    """

    FAMILY = "pvt"
    CONFIG = PVTConfig
    PARTS = ("patch_embed", "pos_embed", "pos_drop", "block")
    AROUND = ("cls_token", "norm")

    config: PVTConfig

    def __init__(self, config: PVTConfig | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        config = self.config
        drop_paths = iter(rising(config.drop_path_rate, sum(config.depths)))
        for i, (before, dim) in enumerate(pairwise([config.in_chans, *config.embed_dims])):
            height, width = config.grids[i]
            tokens = height * width + (i == self.last)
            size = 2 if i else config.patch_size
            blocks = [_block(config, i, next(drop_paths)) for _ in range(config.depths[i])]
            parts = (
                PatchEmbed(before, dim, size, size, 0, config.patch_norm_eps),
                nn.Parameter(zeros((1, tokens, dim))),
                nn.Dropout(config.drop_rate),
                nn.ModuleList(blocks),
            )
            for name, part in zip(self.PARTS, parts):
                setattr(self, f"{name}{i + 1}", part)
        self.cls_token = nn.Parameter(zeros((1, 1, dim)))
        self.norm = nn.LayerNorm(dim, config.norm_eps)
        self.head = self.new_head()
        self.apply(start_linear)  # convolutions keep the start of Conv2d
        for parameter in self.parameters(recurse=False):
            init.trunc_normal_(parameter, std=0.02)

    @property
    def last(self) -> int:
        """The number of the last stage, counted from 0: the one with the class token."""
        return len(self.config.depths) - 1

    def forward_features(self, x: Tensor) -> Tensor:
        """The class token after the last norm: (b, embed_dims[-1])."""
        *_, (tokens, _, _) = self.stages(x)
        return self.norm(tokens)[:, 0]

    def stage(self, i: int, x: Tensor) -> tuple[Tensor, int, int]:
        """The tokens of stage i with their height and width. The class token comes first in the last."""
        patch_embed, pos_embed, pos_drop, _ = (getattr(self, f"{name}{i + 1}") for name in self.PARTS)
        x, height, width = patch_embed(x)
        if i == self.last:
            x = concat([broadcast_to(self.cls_token, (x.shape[0], 1, x.shape[2])), x], axis=1)
        x = pos_drop(x + resized_positions(pos_embed, self.config.grids[i], (height, width)))
        return self.run_blocks(i, x, height, width), height, width

    def no_weight_decay(self) -> set[str]:
        """The names of parameters that weight decay should leave alone."""
        return {"cls_token"}


def resized_positions(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Position embeddings (1, n, c) made for `old`, a height and width in tokens, for another, resized bilinearly.

    What they have before those of pixels is the class token's, which has no place and stays.
    """
    if old == new:
        return table
    others = table.shape[1] - old[0] * old[1]
    pixels = F.interpolate(image(table[:, others:], *old), new, mode="bilinear")
    return concat([table[:, :others], pixels.flatten(2).mT], axis=1)


def _block(config: PVTConfig, stage: int, drop_path: float) -> Block:
    dim = config.embed_dims[stage]
    attn = nn.SpatialReductionAttention(
        dim,
        config.num_heads[stage],
        config.sr_ratios[stage],
        qkv_bias=config.qkv_bias,
        out_proj=config.out_proj,
        norm_eps=config.sr_norm_eps,
        attn_drop=config.attn_drop_rate,
        proj_drop=config.drop_rate,
    )
    mlp = Mlp(dim, int(dim * config.mlp_ratios[stage]), config.drop_rate)
    return Block(dim, attn, mlp, config.norm_eps, drop_path)


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
