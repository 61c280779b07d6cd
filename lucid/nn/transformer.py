"""Multi-head attention, and the layers of a transformer made of it."""

from collections.abc import Callable
from copy import deepcopy

from ..errors import ShapeError
from ..ops.arguments import whole
from ..ops.creation import zeros
from ..tensor import Tensor
from . import functional, init
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm
from .parameter import Parameter

__all__ = ["MultiheadAttention", "TransformerEncoder", "TransformerEncoderLayer"]


class MultiheadAttention(Module):
    """Attention by `num_heads` heads, each with embed_dim / num_heads channels of query, key and value.

    Query is (n, b, embed_dim), key (m, b, kdim), value (m, b, vdim), with b first for `batch_first`, without b for a
    single one; kdim and vdim are embed_dim if not given. Returns the output, of query's shape, and the weights
    (b, n, m) of the heads on average, or of each head, or None; masks say by True what is *not* seen: see
    `functional.multi_head_attention_forward`. `add_bias_kv` learns one key and value more, `add_zero_attn` adds zeros.

    Vaswani et al., 2017 (arXiv 1706.03762). Raises ShapeError if the heads do not divide embed_dim.

    >>> import lucid
    >>> x = lucid.ones((2, 5, 8))
    >>> out, weights = MultiheadAttention(8, 2, batch_first=True)(x, x, x)
    >>> out.shape, weights.shape
    ((2, 5, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
    ) -> None:
        name = "MultiheadAttention"
        embed_dim, num_heads = whole(name, embed_dim, "embed_dim"), whole(name, num_heads, "num_heads")
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ShapeError(f"MultiheadAttention: num_heads={num_heads} does not divide embed_dim={embed_dim}")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim = embed_dim if kdim is None else whole(name, kdim, "kdim")
        self.vdim = embed_dim if vdim is None else whole(name, vdim, "vdim")
        self.add_zero_attn, self.separate = add_zero_attn, (self.kdim, self.vdim) != (embed_dim, embed_dim)
        if self.separate:
            self.q_proj_weight = Parameter(zeros((embed_dim, embed_dim)))
            self.k_proj_weight = Parameter(zeros((embed_dim, self.kdim)))
            self.v_proj_weight = Parameter(zeros((embed_dim, self.vdim)))
        else:
            self.in_proj_weight = Parameter(zeros((3 * embed_dim, embed_dim)))
        self.in_proj_bias = Parameter(zeros(3 * embed_dim)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias)
        self.bias_k = Parameter(zeros((1, 1, embed_dim))) if add_bias_kv else None
        self.bias_v = Parameter(zeros((1, 1, embed_dim))) if add_bias_kv else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew; biases start as zeros."""
        for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight") if self.separate else ("in_proj_weight",):
            init.xavier_uniform_(getattr(self, name))
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for more in (self.bias_k, self.bias_v):
            if more is not None:
                init.normal_(more, 0.0, self.embed_dim**-0.5)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        turned = self.batch_first and query.ndim == 3
        if turned:
            query, key, value = (x.permute_dims((1, 0, 2)) for x in (query, key, value))
        out, weights = functional.multi_head_attention_forward(
            *(query, key, value, self.embed_dim, self.num_heads),  # type: ignore[arg-type]
            None if self.separate else self.in_proj_weight,
            *(self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout),  # type: ignore[arg-type]
            *(self.out_proj.weight, self.out_proj.bias),
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=self.separate,
            q_proj_weight=self.q_proj_weight if self.separate else None,
            k_proj_weight=self.k_proj_weight if self.separate else None,
            v_proj_weight=self.v_proj_weight if self.separate else None,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (out.permute_dims((1, 0, 2)) if turned else out), weights

    def extra_repr(self) -> str:
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, batch_first={self.batch_first}"


class TransformerEncoderLayer(Module):
    """x + attention(x), and of that y + linear2(activation(linear1(y))), each sum normalised, or each term before.

    x is (n, b, d_model), with b first for `batch_first`. `norm_first` normalises what goes into attention and linear1
    in place of the sums. `activation` is "relu", "gelu" or a function. Raises ValueError for another word.

    >>> import lucid
    >>> TransformerEncoderLayer(8, 2, batch_first=True).eval()(lucid.ones((2, 5, 8))).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        name = "TransformerEncoderLayer"
        d_model, nhead = whole(name, d_model, "d_model"), whole(name, nhead, "nhead")
        dim_feedforward = whole(name, dim_feedforward, "dim_feedforward")
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias=bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)
        self.norm_first = norm_first
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        if activation not in ("relu", "gelu") and not callable(activation):
            raise ValueError(f"{name}: activation={activation!r}; choose 'relu', 'gelu' or a function")
        self.activation = getattr(functional, activation) if isinstance(activation, str) else activation

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        def attended(x: Tensor) -> Tensor:
            out, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            return self.dropout1(out)

        def fed(x: Tensor) -> Tensor:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        if self.norm_first:
            src = src + attended(self.norm1(src))
            return src + fed(self.norm2(src))
        src = self.norm1(src + attended(src))
        return self.norm2(src + fed(src))


class TransformerEncoder(Module):
    """`num_layers` copies of an encoder layer, one after the other, and a last normalisation if `norm` is given."""

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        num_layers = whole("TransformerEncoder", num_layers, "num_layers")
        if norm is not None and not callable(norm):
            raise TypeError(f"TransformerEncoder: norm is {type(norm).__name__}; wanted a Module, or None")
        self.layers = ModuleList(deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)
