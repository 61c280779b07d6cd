"""Pyramid Vision Transformer, the second generation: overlapping patches, and convolutions that know where they are.

Wang et al., PVT v2: Improved Baselines with Pyramid Vision Transformer, 2021 (arXiv 2106.13797). It has neither
position embeddings nor a class token: the zeros around an image tell its depthwise convolutions of positions, and
scores are made of the mean of all tokens. Parameters carry the names of the official code.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod, sqrt
from typing import Any, ClassVar

from .. import nn
from ..nn import functional as F
from ..nn import init
from ..ops import conv_feed_forward
from ..tensor import Tensor
from .pyramid import Block, PatchEmbed, Pyramid, PyramidConfig, image, in_one_op, rising, start_linear
from .registry import configured, register_model

__all__ = [
    "PVTv2", "PVTv2Config", "pvt_v2_b0", "pvt_v2_b1", "pvt_v2_b2", "pvt_v2_b2_li", "pvt_v2_b3", "pvt_v2_b4",
    "pvt_v2_b5",
]  # fmt: skip

POOLED = 7  # the height and width of the image that linear attention attends to


@dataclass(kw_only=True)
class PVTv2Config(PyramidConfig):
    """All that makes one PVT v2 differ from another: the fields of PyramidConfig and this one.

    `linear` attention pools every image to 7 x 7 in place of reducing it by `sr_ratios`, so that its cost grows
    linearly with the number of tokens.
    """

    linear: bool = False

    @property
    def smallest(self) -> int:
        if self.linear:
            return 1
        return max(stride * (int(ratio) - 1) + 1 for stride, ratio in zip(self.strides, self.sr_ratios))


class DWConv(nn.Module):
    """Each channel of the tokens (b, h w, c), as an image, convolved by itself with 3 x 3 numbers."""

    def __init__(self, dim: int) -> None:
        self.dwconv = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        return self.dwconv(image(x, height, width)).flatten(2).mT

    @property
    def is_plain(self) -> bool:
        """Whether the convolution is that of `__init__` still, and nobody watches it."""
        conv: Any = self.dwconv
        if type(conv) is not nn.Conv2d or conv.is_hooked:
            return False
        found = conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.padding_mode, conv.groups
        return found == ((3, 3), (1, 1), (1, 1), (1, 1), "zeros", conv.out_channels)


class Mlp(nn.Module):
    """fc2(gelu(dwconv(fc1(x)))): each token with its neighbours; under linear attention relu comes before dwconv."""

    KINDS: ClassVar = {
        "fc1": nn.Linear, "relu": nn.Identity, "dwconv": DWConv, "act": nn.GELU, "fc2": nn.Linear, "drop": nn.Dropout,
    }  # fmt: skip

    def __init__(self, dim: int, hidden: int, drop: float, linear: bool) -> None:
        self.fc1 = nn.Linear(dim, hidden)
        self.relu = nn.ReLU() if linear else nn.Identity()
        self.dwconv = DWConv(hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        if in_one_op(self, self.KINDS) and self.dwconv.is_plain:
            tokens = x.reshape((x.shape[0], height, width, x.shape[2]))
            conv = self.dwconv.dwconv
            parts = self.fc1.weight, self.fc1.bias, conv.weight, conv.bias, self.fc2.weight, self.fc2.bias
            return conv_feed_forward(tokens, *parts).flatten(1, 2)
        x = self.act(self.dwconv(self.relu(self.fc1(x)), height, width))
        return self.drop(self.fc2(self.drop(x)))


class LinearAttention(nn.SpatialReductionAttention):
    """Attention to an image of 7 x 7, whatever the size of the own: pooled, then gelu(norm(sr(x))).

    Section 3.2 of the paper. Unlike reduction by a convolution it is there in the last stage too.
    """

    def __init__(self, dim: int, num_heads: int, norm_eps: float, **options: Any) -> None:
        super().__init__(dim, num_heads, **options)
        self.sr = nn.Conv2d(dim, dim, 1)
        self.norm = nn.LayerNorm(dim, norm_eps)
        self.act = nn.GELU()

    def _reduced(self, x: Tensor, height: int, width: int) -> Tensor:
        pooled = F.adaptive_avg_pool2d(image(x, height, width), POOLED)  # type: ignore[attr-defined]
        return self.act(self.norm(self.sr(pooled).flatten(2).mT))

    def multiply_adds(self, inputs: tuple[Any, ...], output: Tensor) -> int:
        return 2 * output.size * POOLED**2


class PVTv2(Pyramid):
    """Images (b, in_chans, h, w) of any size become scores (b, num_classes), or features if that is 0.

    It is made from the fields of a PVTv2Config as keywords, or from a PVTv2Config. Heights and widths that strides do
    not divide are rounded up. The images of `forward_pyramid` come after the norm of each stage.

    >>> import lucid
    >>> from lucid import models
    >>> model = models.pvt_v2_b0(num_classes=10)
    >>> model(lucid.ones((1, 3, 64, 96))).shape
    (1, 10)
    >>> [x.shape for x in model.forward_pyramid(lucid.ones((1, 3, 64, 96)), out_indices=(1, 3))]
    [(1, 64, 8, 12), (1, 256, 2, 3)]
    """

    FAMILY = "pvt_v2"
    CONFIG = PVTv2Config
    PARTS = ("patch_embed", "block", "norm")

    config: PVTv2Config

    def __init__(self, config: PVTv2Config | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        config = self.config
        drop_paths = iter(rising(config.drop_path_rate, sum(config.depths)))
        for i, (before, dim) in enumerate(pairwise([config.in_chans, *config.embed_dims])):
            stride = 2 if i else config.patch_size
            parts = (
                # Patches overlap by half: their centres are where those of patches side by side begin.
                PatchEmbed(before, dim, 2 * stride - 1, stride, stride - 1, config.patch_norm_eps),
                nn.ModuleList(_block(config, i, next(drop_paths)) for _ in range(config.depths[i])),
                nn.LayerNorm(dim, config.norm_eps),
            )
            for name, part in zip(self.PARTS, parts):
                setattr(self, f"{name}{i + 1}", part)
        self.head = self.new_head()
        self.apply(start_linear)
        self.apply(_start_convolution)

    def forward_features(self, x: Tensor) -> Tensor:
        """The mean of all tokens after the last stage: (b, embed_dims[-1])."""
        *_, (tokens, _, _) = self.stages(x)
        return tokens.mean(axis=1)

    def stage(self, i: int, x: Tensor) -> tuple[Tensor, int, int]:
        """The tokens of stage i with their height and width."""
        patch_embed, _, norm = (getattr(self, f"{name}{i + 1}") for name in self.PARTS)
        x, height, width = patch_embed(x)
        return norm(self.run_blocks(i, x, height, width)), height, width


def _block(config: PVTv2Config, stage: int, drop_path: float) -> Block:
    dim, heads = config.embed_dims[stage], config.num_heads[stage]
    options: dict[str, Any] = {"qkv_bias": config.qkv_bias, "norm_eps": config.sr_norm_eps}
    options |= {"attn_drop": config.attn_drop_rate, "proj_drop": config.drop_rate}
    if config.linear:
        attn: nn.Module = LinearAttention(dim, heads, **options)
    else:
        attn = nn.SpatialReductionAttention(dim, heads, config.sr_ratios[stage], **options)
    mlp = Mlp(dim, int(dim * config.mlp_ratios[stage]), config.drop_rate, config.linear)
    return Block(dim, attn, mlp, config.norm_eps, drop_path)


def _start_convolution(module: nn.Module) -> None:
    """Normally distributed weights, of such a size that gradients keep theirs, and zeros for the bias."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.out_channels * prod(module.kernel_size) // module.groups
        init.normal_(module.weight, std=sqrt(2 / fan_out))
        if module.bias is not None:
            init.zeros_(module.bias)


def _pvt_v2(name: str, num_classes: int, options: dict[str, Any], **variant: Any) -> PVTv2:
    variant |= {"num_classes": num_classes}
    return PVTv2(configured(name, PVTv2Config, **(variant | options)))


@register_model
def pvt_v2_b0(num_classes: int = 1000, **options: Any) -> PVTv2:
    """3,666,760 parameters. Options: the fields of PVTv2Config."""
    dims = [32, 64, 160, 256]
    return _pvt_v2("pvt_v2_b0", num_classes, options, embed_dims=dims, depths=[2, 2, 2, 2], drop_path_rate=0.1)


@register_model
def pvt_v2_b1(num_classes: int = 1000, **options: Any) -> PVTv2:
    """14,009,000 parameters. Options: the fields of PVTv2Config."""
    return _pvt_v2("pvt_v2_b1", num_classes, options, depths=[2, 2, 2, 2], drop_path_rate=0.1)


@register_model
def pvt_v2_b2(num_classes: int = 1000, **options: Any) -> PVTv2:
    """25,362,856 parameters. Options: the fields of PVTv2Config."""
    return _pvt_v2("pvt_v2_b2", num_classes, options, depths=[3, 4, 6, 3], drop_path_rate=0.1)


@register_model
def pvt_v2_b2_li(num_classes: int = 1000, **options: Any) -> PVTv2:
    """22,553,512 parameters: pvt_v2_b2 with linear attention. Options: the fields of PVTv2Config."""
    return _pvt_v2("pvt_v2_b2_li", num_classes, options, depths=[3, 4, 6, 3], drop_path_rate=0.1, linear=True)


@register_model
def pvt_v2_b3(num_classes: int = 1000, **options: Any) -> PVTv2:
    """45,238,696 parameters. Options: the fields of PVTv2Config."""
    return _pvt_v2("pvt_v2_b3", num_classes, options, depths=[3, 4, 18, 3], drop_path_rate=0.3)


@register_model
def pvt_v2_b4(num_classes: int = 1000, **options: Any) -> PVTv2:
    """62,556,072 parameters. Options: the fields of PVTv2Config."""
    return _pvt_v2("pvt_v2_b4", num_classes, options, depths=[3, 8, 27, 3], drop_path_rate=0.3)


@register_model
def pvt_v2_b5(num_classes: int = 1000, **options: Any) -> PVTv2:
    """81,956,008 parameters. Options: the fields of PVTv2Config."""
    ratios = [4, 4, 4, 4]
    return _pvt_v2("pvt_v2_b5", num_classes, options, depths=[3, 6, 40, 3], mlp_ratios=ratios, drop_path_rate=0.3)
