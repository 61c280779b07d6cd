"""Attention whose keys and values come from a smaller image."""

from typing import Any

from ..errors import ShapeError
from ..ops.arguments import number, whole
from ..ops.attention import attention_in_heads, join_heads, split_heads
from ..ops.linear_algebra import matmul
from ..tensor import Tensor
from . import functional
from .convolution import Conv2d
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = ["SpatialReductionAttention"]


class SpatialReductionAttention(Module):
    """softmax(q k^T / sqrt(d)) v with heads of d = dim / num_heads channels, for tokens x (b, n, dim) of an image of
    height times width = n.

    q is made of x; k and v are made of the image reduced by a convolution of kernel and stride `sr_ratio`, and so of
    n / sr_ratio^2 tokens. The heads are joined and, with `out_proj`, go through a last Linear. Without reduction
    (sr_ratio=1) it is ordinary multi-head attention, and x may hold tokens that are no pixels, as a class token.

    Wang et al., Pyramid Vision Transformer, 2021 (arXiv 2102.12122), section 3.3. Raises ShapeError if heads do not
    divide dim, sr_ratio is no whole number, n is not height times width, or the image is smaller than sr_ratio.

    >>> import lucid
    >>> attention = SpatialReductionAttention(64, num_heads=2, sr_ratio=2)
    >>> x = lucid.ones((1, 8 * 6, 64))
    >>> attention(x, 8, 6).shape
    (1, 48, 64)
    >>> attention.attention_weights(x, 8, 6).shape
    (1, 2, 48, 12)
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        sr_ratio: float = 1,
        qkv_bias: bool = True,
        out_proj: bool = True,
        norm_eps: float = 1e-5,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        name = type(self).__name__
        dim, num_heads = whole(name, dim, "dim"), whole(name, num_heads, "num_heads")
        sr_ratio = number(name, sr_ratio, "sr_ratio")
        if num_heads < 1 or dim % num_heads:
            raise ShapeError(f"SpatialReductionAttention: num_heads={num_heads} does not divide dim={dim}")
        if sr_ratio < 1 or sr_ratio != int(sr_ratio):
            raise ShapeError(f"SpatialReductionAttention: sr_ratio={sr_ratio}; wanted a whole number of at least 1")
        self.dim, self.num_heads, self.sr_ratio = dim, num_heads, int(sr_ratio)
        self.q = Linear(dim, dim, bias=qkv_bias)
        self.kv = Linear(dim, 2 * dim, bias=qkv_bias)
        self.attn_drop = Dropout(attn_drop)
        self.proj = Linear(dim, dim) if out_proj else None
        self.proj_drop = Dropout(proj_drop)
        if self.sr_ratio > 1:
            self.sr = Conv2d(dim, dim, self.sr_ratio, self.sr_ratio)
            self.norm = LayerNorm(dim, norm_eps)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        q, kv = self._projected(x, height, width)
        if self.attn_drop.p and self.attn_drop.training:
            heads = split_heads(q, kv, self.num_heads)
            out = join_heads(functional.scaled_dot_product_attention(*heads, dropout_p=self.attn_drop.p))
        else:
            out = attention_in_heads(q, kv, heads=self.num_heads)
        return self.proj_drop(out if self.proj is None else self.proj(out))

    def attention_weights(self, x: Tensor, height: int, width: int) -> Tensor:
        """How much each token looks at each token of the reduced image: (b, num_heads, n, m), rows adding up to 1."""
        q, k, _ = split_heads(*self._projected(x, height, width), self.num_heads)
        return functional.softmax(matmul(q * q.shape[-1] ** -0.5, k.mT))

    def _projected(self, x: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """The queries (b, n, dim), and the keys and behind them the values (b, m, 2 dim)."""
        if x.ndim != 3 or x.shape[2] != self.dim:
            raise ShapeError(f"SpatialReductionAttention: x has shape {x.shape}; wanted (b, n, {self.dim})")
        return self.q(x), self.kv(self._reduced(x, height, width))

    def _reduced(self, x: Tensor, height: int, width: int) -> Tensor:
        if self.sr_ratio == 1:
            return x
        if x.shape[1] != height * width or min(height, width) < self.sr_ratio:
            raise ShapeError(
                f"SpatialReductionAttention: x has {x.shape[1]} tokens for height={height}, width={width}; wanted "
                f"their product, and each at least sr_ratio={self.sr_ratio}"
            )
        image = x.reshape((x.shape[0], height, width, self.dim)).permute_dims((0, 3, 1, 2))
        return self.norm(self.sr(image).flatten(2).mT)

    def multiply_adds(self, inputs: tuple[Any, ...], output: Tensor) -> int:
        x, height, width = inputs
        keys = x.shape[1] if self.sr_ratio == 1 else (height // self.sr_ratio) * (width // self.sr_ratio)
        return 2 * x.size * keys

    def extra_repr(self) -> str:
        return f"dim={self.dim}, num_heads={self.num_heads}, sr_ratio={self.sr_ratio}"
