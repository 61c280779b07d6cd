"""Multi-head attention, and the layers of a transformer made of it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

from ..devices import Device
from ..dtypes import DType
from ..errors import ShapeError
from ..ops.arguments import whole
from ..ops.creation import full, zeros
from ..ops.searching import triu
from ..tensor import Tensor
from . import functional, init
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm
from .parameter import Parameter

__all__ = [
    "MultiheadAttention", "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerEncoderLayer",
]  # fmt: skip


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


class Layer(Module):
    """The base of both layers: attentions and a feed-forward network, each with a sum and a normalisation around it."""

    attentions: ClassVar[tuple[str, ...]] = ("self_attn",)
    self_attn: MultiheadAttention

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
        kind = type(self).__name__
        d_model, nhead = whole(kind, d_model, "d_model"), whole(kind, nhead, "nhead")
        dim_feedforward = whole(kind, dim_feedforward, "dim_feedforward")
        for name in self.attentions:
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout, bias=bias, batch_first=batch_first))
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)
        self.norm_first = norm_first
        for n in range(1, len(self.attentions) + 2):
            setattr(self, f"norm{n}", LayerNorm(d_model, layer_norm_eps, bias=bias))
            setattr(self, f"dropout{n}", Dropout(dropout))
        if activation not in ("relu", "gelu") and not callable(activation):
            raise ValueError(f"{kind}: activation={activation!r}; choose 'relu', 'gelu' or a function")
        self.activation = getattr(functional, activation) if isinstance(activation, str) else activation

    def _through(self, x: Tensor, *attentions: Callable[[Tensor], Tensor]) -> Tensor:
        for n, part in enumerate((*attentions, self._fed), 1):
            norm, dropout = getattr(self, f"norm{n}"), getattr(self, f"dropout{n}")
            x = x + dropout(part(norm(x))) if self.norm_first else norm(x + dropout(part(x)))
        return x

    def _fed(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(Layer):
    """x + attention(x), and of that y + linear2(activation(linear1(y))), each sum normalised, or each term before.

    x is (n, b, d_model), with b first for `batch_first`. `norm_first` normalises what goes into attention and linear1
    in place of the sums. `activation` is "relu", "gelu" or a function. Raises ValueError for another word.

    >>> import lucid
    >>> TransformerEncoderLayer(8, 2, batch_first=True).eval()(lucid.ones((2, 5, 8))).shape
    (2, 5, 8)
    """

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)[0]

        return self._through(src, attend)


class TransformerDecoderLayer(Layer):
    """As an encoder layer, but between its two parts is a second attention, whose keys and values are `memory`.

    The target is (n, b, d_model), memory, what an encoder gave, (m, b, d_model), both with b first for `batch_first`.

    >>> import lucid
    >>> TransformerDecoderLayer(8, 2).eval()(lucid.ones((5, 2, 8)), lucid.ones((7, 2, 8))).shape
    (5, 2, 8)
    """

    attentions = ("self_attn", "multihead_attn")
    multihead_attn: MultiheadAttention

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def recall(x: Tensor) -> Tensor:
            options = (memory_key_padding_mask, False, memory_mask)
            return self.multihead_attn(x, memory, memory, *options, is_causal=memory_is_causal)[0]

        return self._through(tgt, attend, recall)


class Stack(Module):
    """The base of encoder and decoder: copies of a layer, and a last normalisation."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        self.num_layers = whole(type(self).__name__, num_layers, "num_layers")
        self.layers = ModuleList(deepcopy(layer) for _ in range(self.num_layers))
        self.norm = _module(type(self).__name__, "norm", norm)


def _module(function: str, name: str, value: Any) -> Any:
    if value is None or callable(value):
        return value
    raise TypeError(f"{function}: {name} is {type(value).__name__}; wanted a Module, or None")


class TransformerEncoder(Stack):
    """`num_layers` copies of an encoder layer, one after the other, and a last normalisation if `norm` is given."""

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(encoder_layer, num_layers, norm)

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


class TransformerDecoder(Stack):
    """`num_layers` copies of a decoder layer, one after the other, and a last normalisation if `norm` is given."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder of the source, and a decoder of the target that looks at what the encoder gave: (m, b, d_model).

    The source is (n, b, d_model), the target (m, b, d_model), both with b first for `batch_first`, or without b. Masks
    say by True what is *not* seen, as those of `MultiheadAttention`, or hold numbers to add: (n, n) for the source,
    (m, m) for the target, (m, n) for the memory, which is the encoded source, and (b, n) and (b, m) for padding.
    `custom_encoder` and `custom_decoder` are modules in the place of those made of the other options.

    Vaswani et al., 2017 (arXiv 1706.03762). All weights start as those of attention do (`init.xavier_uniform_`). Raises
    ShapeError for other sizes.

    >>> import lucid
    >>> model = Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=16)
    >>> mask = model.generate_square_subsequent_mask(5)
    >>> model.eval()(lucid.ones((7, 2, 8)), lucid.ones((5, 2, 8)), tgt_mask=mask).shape
    (5, 2, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        norm1, norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        if custom_encoder is None:
            custom_encoder = TransformerEncoder(TransformerEncoderLayer(*options), num_encoder_layers, norm1)
        if custom_decoder is None:
            custom_decoder = TransformerDecoder(TransformerDecoderLayer(*options), num_decoder_layers, norm2)
        self.encoder = _module("Transformer", "custom_encoder", custom_encoder)
        self.decoder = _module("Transformer", "custom_decoder", custom_decoder)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        axis, wide = (0 if self.batch_first else 1), all(x.shape[-1:] == (self.d_model,) for x in (src, tgt))
        if not wide or src.ndim != tgt.ndim or (src.ndim == 3 and src.shape[axis] != tgt.shape[axis]):
            n, m = ("(b, n, ", "(b, m, ") if self.batch_first else ("(n, b, ", "(m, b, ")
            raise ShapeError(
                f"Transformer: src has shape {src.shape} and tgt {tgt.shape}; wanted {n}{self.d_model}) and "
                f"{m}{self.d_model}), or both without b"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Device | None = None, dtype: DType | None = None) -> Tensor:
        """A mask (sz, sz) to add: 0 for what comes not later, minus infinity for what does."""
        return triu(full((sz, sz), float("-inf"), dtype=dtype, device=device), k=1)
