"""Arguments for every function of nn.functional, and for every module of nn, once for itself and once for forward."""

from typing import Any, NamedTuple

import numpy as np

from lucid import nn
from tests.op_samples import Sample
from tests.op_samples.writing import EDGES, ONE, X, Y, Z, integers, numbers, sample

LINE, IMAGE, SPACE = numbers(2, 4, 6), numbers(2, 4, 6, 5), numbers(2, 4, 4, 5, 6)
CLASSES, SIGNS = integers(3, high=3), np.array([1, -1, 1], np.float32)
SHARES, MANY = numbers(3, 4, low=0.1, high=0.9), integers(3, 4, high=1).astype(np.float32)
PAIR, TRIPLE = (X, Y), (X, Y, numbers(3, 4, salt=2))
SOME = integers(4, 4, high=1) == 0
WORDS = integers(2, 3, high=4)
PLACES = numbers(2, 3, 5, 2, low=-1.3, high=1.3)
LABELS = np.array([[3, 0, -1, 1], [1, 2, 3, 0], [-1, 0, 1, 2]])

# --- Functions -------------------------------------------------------------------------------------------------------

FUNCTIONS: dict[str, list[Sample]] = {name: [sample(X), sample(EDGES)] for name in nn.functional.activation.__all__}
FUNCTIONS |= {
    "glu": [sample(X), sample(IMAGE, 1)],
    "prelu": [sample(X, ONE / 8), sample(IMAGE, numbers(4))],
    "rrelu": [sample(X), sample(X, training=True)],
    "threshold": [sample(X, 0.5, -1.0)],
    "channel_shuffle": [sample(IMAGE, 2)],
    "fold": [sample(numbers(2, 12, 4), (3, 4), (2, 3), padding=(0, 1), stride=(2, 1))],
    "pad": [
        *(sample(IMAGE, (1, 2, 0, 1), mode) for mode in ("constant", "reflect", "replicate", "circular")),
        sample(X, (1, 2), value=0.5), sample(X, (-1, 2)),
    ],
    "pixel_shuffle": [sample(IMAGE, 2)],
    "pixel_unshuffle": [sample(numbers(2, 1, 4, 6), 2)],
    "unfold": [sample(IMAGE, (3, 2), dilation=(1, 2), padding=1, stride=2)],
    "multi_head_attention_forward": [
        sample(*(numbers(5, 2, 4, salt=i) for i in range(3)), 4, 2, numbers(12, 4), numbers(12), None, None, False, 0.0,
               numbers(4, 4), numbers(4)),
    ],
    "scaled_dot_product_attention": [
        sample(*(numbers(2, 3, 4, 5, salt=i) for i in range(3)), **options)
        for options in ({}, {"is_causal": True}, {"attn_mask": SOME}, {"attn_mask": numbers(4, 4)})
    ],
    "binary_cross_entropy": [sample(SHARES, MANY), sample(SHARES, MANY, Y, reduction="sum")],
    "binary_cross_entropy_with_logits": [sample(X, MANY), sample(X, MANY, pos_weight=SHARES)],
    "cross_entropy": [
        sample(X, CLASSES), sample(X, SHARES), sample(X, np.array([2, -100, 0])),
        sample(X, CLASSES, SHARES[0], label_smoothing=0.1), sample(IMAGE, integers(2, 6, 5, high=3), reduction="sum"),
    ],
    "ctc_loss": [
        sample(numbers(6, 2, 4, high=0.0), integers(2, 3, low=1, high=3), np.array([6, 4]), np.array([3, 1])),
        sample(numbers(6, 2, 4, high=0.0), np.array([1, 1, 2]), [6, 2], [1, 2], 3, zero_infinity=True),
        sample(X, np.array([1, 2]), [3], [2]),
    ],
    "multi_margin_loss": [sample(X, CLASSES), sample(X, CLASSES, p=2, weight=SHARES[0])],
    "multilabel_margin_loss": [sample(X, LABELS)],
    "multilabel_soft_margin_loss": [sample(X, MANY)],
    "nll_loss": [sample(X, CLASSES), sample(X, CLASSES, SHARES[0])],
    "soft_margin_loss": [sample(X, 2 * MANY - 1)],
    "bilinear": [sample(X, numbers(3, 5), numbers(2, 4, 5), numbers(2))],
    "linear": [sample(X, numbers(5, 4), numbers(5)), sample(Z, numbers(5, 4))],
    "cosine_similarity": [sample(*PAIR)],
    "pairwise_distance": [sample(*PAIR), sample(*PAIR, p=1.0, keepdim=True)],
    "pdist": [sample(X), sample(X, 1.0)],
    "embedding": [sample(WORDS, numbers(5, 3)), sample(WORDS, numbers(5, 3), 2)],
    "embedding_bag": [
        *(sample(WORDS, numbers(5, 3), mode=mode) for mode in ("mean", "sum", "max")),
        sample(integers(6, high=4), numbers(5, 3), np.array([0, 2, 2]), "sum", per_sample_weights=numbers(6)),
        sample(integers(6, high=4), numbers(5, 3), np.array([0, 2, 5]), "max", include_last_offset=True),
    ],
    "one_hot": [sample(WORDS), sample(WORDS, 6)],
    "cosine_embedding_loss": [sample(*PAIR, SIGNS)],
    "gaussian_nll_loss": [sample(*PAIR, SHARES, full=True)],
    "hinge_embedding_loss": [sample(X, 2 * MANY - 1)],
    "huber_loss": [sample(*PAIR), sample(*PAIR, delta=0.3)],
    "kl_div": [sample(X, SHARES), sample(*PAIR, "batchmean", log_target=True)],
    "l1_loss": [sample(*PAIR)],
    "margin_ranking_loss": [sample(*PAIR, 2 * MANY - 1, 0.5)],
    "mse_loss": [sample(*PAIR), sample(*PAIR, reduction="none")],
    "poisson_nll_loss": [sample(X, SHARES), sample(SHARES, SHARES + 1, log_input=False, full=True)],
    "smooth_l1_loss": [sample(*PAIR), sample(*PAIR, beta=0.3)],
    "triplet_margin_loss": [sample(*TRIPLE), sample(*TRIPLE, swap=True)],
    "triplet_margin_with_distance_loss": [sample(*TRIPLE)],
    **{name: [sample(IMAGE, training=True)] for name in ("alpha_dropout", "dropout", "feature_alpha_dropout")},
    "drop_path": [sample(numbers(8, 3), 0.5)],
    "batch_norm": [
        sample(IMAGE, numbers(4), SHARES[0], numbers(4, salt=1), numbers(4, salt=2), training)
        for training in (True, False)
    ],
    "group_norm": [sample(IMAGE, 2, numbers(4), numbers(4, salt=1))],
    "instance_norm": [sample(IMAGE), sample(IMAGE, None, None, numbers(4), numbers(4, salt=1))],
    "layer_norm": [sample(X, (4,), Y[0], Y[1]), sample(X, (3, 4)), sample(X, (4,))],
    "local_response_norm": [sample(IMAGE, 3, 0.1)],
    "normalize": [sample(X), sample(Z, 1.0, (1, 2))],
    "rms_norm": [sample(X, (4,), Y[0]), sample(X, (3, 4))],
    "interpolate": [
        *(sample(IMAGE, scale_factor=1.7, mode=mode) for mode in ("nearest", "nearest-exact", "bilinear", "bicubic")),
        sample(IMAGE, (3, 7), mode="area"), sample(IMAGE, (4, 2), mode="bilinear", antialias=True),
        sample(LINE, 9, mode="linear", align_corners=True), sample(SPACE, 3, mode="trilinear"),
    ],
    "upsample": [sample(IMAGE, 8)],
    "affine_grid": [
        sample(numbers(2, 2, 3), (2, 4, 3, 5)), sample(numbers(2, 3, 4), (2, 4, 3, 1, 2), align_corners=True),
    ],
    "grid_sample": [
        *(sample(IMAGE, PLACES, mode) for mode in ("bilinear", "nearest", "bicubic")),
        *(sample(IMAGE, PLACES, padding_mode=padding, align_corners=True) for padding in ("border", "reflection")),
        sample(SPACE, numbers(2, 2, 3, 2, 3)),
    ],
}  # fmt: skip
for n, x in enumerate((LINE, IMAGE, SPACE), 1):
    small, first = (3,) * n, tuple(slice(0, 2) for _ in range(n))
    places = np.broadcast_to(np.arange(0, 2 * 2**n, 2).reshape((2,) * n), (2, 4, *(2,) * n))
    FUNCTIONS |= {
        f"conv{n}d": [
            sample(x, numbers(6, 2, *small), numbers(6), stride=2, padding=1, groups=2),
            sample(x, numbers(2, 4, *(2,) * n), padding="same", dilation=2),
        ],
        f"conv_transpose{n}d": [
            sample(x, numbers(4, 3, *small), numbers(6), stride=2, padding=1, output_padding=1, groups=2),
            sample(x, numbers(4, 3, *small), stride=2, output_padding=1, groups=2),
        ],
        f"avg_pool{n}d": [sample(x, 3, 2, 1), sample(x, 2, ceil_mode=True, count_include_pad=False)],
        f"lp_pool{n}d": [sample(abs(x), 2.0, 3, 1)],
        f"max_pool{n}d": [
            sample(x, 3, 2, 1), sample(x, 2, ceil_mode=True, return_indices=True),
            sample(np.full_like(x, -np.inf), 2, 1, 1, note="nothing above -inf"),
        ],
        f"max_unpool{n}d": [sample(x[..., *first], places, 2)],
        f"adaptive_avg_pool{n}d": [sample(x, 3)],
        f"adaptive_max_pool{n}d": [sample(x, 3), sample(x, 2, return_indices=True)],
        f"dropout{n}d": [sample(x, 0.5)],
    }  # fmt: skip

# --- Modules ---------------------------------------------------------------------------------------------------------


class Layer(NamedTuple):
    """What a module is made of, and what it is given."""

    args: tuple[Any, ...]
    options: dict[str, Any]
    inputs: tuple[Any, ...]


def layer(*args: Any, on: Any = X, **options: Any) -> Layer:
    return Layer(args, options, on if isinstance(on, tuple) else (on,))


HOLDERS = ("ModuleDict", "ModuleList", "ParameterDict", "ParameterList")  # which compute nothing
MODULES: dict[str, Layer] = {name: layer() for name in nn.activation.__all__}
MODULES |= {name: layer(on=PAIR) for name in nn.losses.__all__}
MODULES |= {name: layer(0.5, on=IMAGE) for name in nn.dropout.__all__}
MODULES |= {
    "PReLU": layer(4, on=IMAGE),
    "Softmax2d": layer(on=IMAGE),
    "Threshold": layer(0.5, -1.0),
    "ChannelShuffle": layer(2, on=IMAGE),
    "CosineSimilarity": layer(on=PAIR),
    "Flatten": layer(on=IMAGE),
    "Fold": layer((3, 4), 2, on=numbers(2, 8, 6)),
    "PairwiseDistance": layer(on=PAIR),
    "PixelShuffle": layer(2, on=IMAGE),
    "PixelUnshuffle": layer(2, on=numbers(2, 1, 4, 6)),
    "Unflatten": layer(1, (2, 2)),
    "Unfold": layer(2, on=IMAGE),
    "Upsample": layer(scale_factor=2, mode="bilinear", on=IMAGE),
    "UpsamplingBilinear2d": layer(7, on=IMAGE),
    "UpsamplingNearest2d": layer(7, on=IMAGE),
    "SpatialReductionAttention": layer(4, 2, 2, on=(numbers(2, 24, 4), 6, 4)),
    "Sequential": layer(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 2)),
    "Embedding": layer(5, 3, 2, on=WORDS),
    "EmbeddingBag": layer(5, 3, on=WORDS),
    "Bilinear": layer(4, 4, 2, on=PAIR),
    "Identity": layer(),
    "Linear": layer(4, 5),
    "BCELoss": layer(on=(SHARES, MANY)),
    "BCEWithLogitsLoss": layer(on=(X, MANY)),
    "CTCLoss": layer(on=(numbers(6, 2, 4, high=0.0), integers(2, 3, low=1, high=3), [6, 4], [3, 1])),
    "CosineEmbeddingLoss": layer(on=(*PAIR, SIGNS)),
    "CrossEntropyLoss": layer(on=(X, CLASSES)),
    "GaussianNLLLoss": layer(on=(*PAIR, SHARES)),
    "HingeEmbeddingLoss": layer(on=(X, 2 * MANY - 1)),
    "KLDivLoss": layer(on=(X, SHARES)),
    "MarginRankingLoss": layer(on=(*PAIR, 2 * MANY - 1)),
    "MultiLabelMarginLoss": layer(on=(X, LABELS)),
    "MultiLabelSoftMarginLoss": layer(on=(X, MANY)),
    "MultiMarginLoss": layer(on=(X, CLASSES)),
    "NLLLoss": layer(on=(X, CLASSES)),
    "SoftMarginLoss": layer(on=(X, 2 * MANY - 1)),
    "TripletMarginLoss": layer(on=TRIPLE),
    "TripletMarginWithDistanceLoss": layer(on=TRIPLE),
    "GroupNorm": layer(2, 4, on=IMAGE),
    "LayerNorm": layer(4),
    "LocalResponseNorm": layer(3, 0.1, on=IMAGE),
    "RMSNorm": layer(4),
    "MultiheadAttention": layer(4, 2, on=tuple(numbers(5, 2, 4, salt=i) for i in range(3))),
    "RNNCell": layer(4, 5, nonlinearity="relu"),
    "GRUCell": layer(4, 5),
    "LSTMCell": layer(4, 5, on=(X, (numbers(3, 5), numbers(3, 5, salt=1)))),
    "RNN": layer(4, 5, 2, dropout=0.5, on=Z),
    "GRU": layer(4, 5, bidirectional=True, on=(Z, numbers(2, 3, 5))),
    "LSTM": layer(4, 5, 2, batch_first=True, bidirectional=True, proj_size=2, on=Z),
    "TransformerEncoderLayer": layer(4, 2, 8, on=numbers(5, 2, 4)),
    "TransformerEncoder": layer(nn.TransformerEncoderLayer(4, 2, 8), 2, on=numbers(5, 2, 4)),
    "TransformerDecoderLayer": layer(4, 2, 8, on=(numbers(3, 2, 4), numbers(5, 2, 4))),
    "TransformerDecoder": layer(nn.TransformerDecoderLayer(4, 2, 8), 2, on=(numbers(3, 2, 4), numbers(5, 2, 4))),
    "Transformer": layer(4, 2, 1, 1, 8, on=(numbers(5, 2, 4), numbers(3, 2, 4))),
}
for n, x in enumerate((LINE, IMAGE, SPACE), 1):
    MODULES |= {f"{kind}Pad{n}d": layer(1, on=x) for kind in ("Circular", "Reflection", "Replication", "Zero")}
    MODULES |= {f"{kind}Pool{n}d": layer(2, on=x) for kind in ("AdaptiveAvg", "AdaptiveMax", "Avg", "Max")}
    MODULES |= {f"{kind}Norm{n}d": layer(4, on=x) for kind in ("Batch", "Instance")}
    MODULES |= {
        f"ConstantPad{n}d": layer(1, 0.5, on=x),
        f"Conv{n}d": layer(4, 6, 3, padding=1, groups=2, on=x),
        f"ConvTranspose{n}d": layer(4, 6, 3, stride=2, on=x),
        f"Dropout{n}d": layer(0.5, on=x),
        f"LPPool{n}d": layer(2.0, 2, on=abs(x)),
        f"MaxUnpool{n}d": layer(2, on=FUNCTIONS[f"max_unpool{n}d"][0].args[:2]),
    }
