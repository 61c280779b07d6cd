"""Functions of neural networks."""

from typing import Any

import lucid
from lucid.nn import functional as F

from .adapting import Call, Unsupported

SAME = """
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
    adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d conv1d conv2d conv3d conv_transpose1d
    conv_transpose2d conv_transpose3d cross_entropy gelu group_norm instance_norm layer_norm linear local_response_norm
    max_pool1d max_pool2d max_pool3d max_unpool1d max_unpool2d max_unpool3d mse_loss pad rms_norm
    celu elu hardsigmoid hardswish hardtanh leaky_relu mish relu relu6 selu silu threshold
    one_hot glu hardshrink logsigmoid prelu softplus softshrink softsign tanhshrink
    binary_cross_entropy binary_cross_entropy_with_logits multilabel_margin_loss
    multilabel_soft_margin_loss nll_loss soft_margin_loss cosine_embedding_loss gaussian_nll_loss hinge_embedding_loss
    huber_loss kl_div l1_loss margin_ranking_loss poisson_nll_loss smooth_l1_loss triplet_margin_loss
    grid_sample interpolate pairwise_distance pdist channel_shuffle pixel_shuffle pixel_unshuffle unfold bilinear
""".split()


def of_one_axis(function: Call) -> Call:
    """In PyTorch a tensor without axes has an axis 0 all the same."""

    def call(x: Any, *args: Any, **options: Any) -> Any:
        if x.ndim:
            return function(x, *args, **options)
        rows = (a.reshape((1,)) if isinstance(a, lucid.Tensor) else a for a in (x, *args))
        out = function(*rows, **options)
        return out.reshape(()) if out.ndim else out

    return call


def softmin(x: Any, dim: int, dtype: Any = None) -> Any:
    return of_one_axis(F.softmin)(x if dtype is None else x.astype(lucid.float64), dim)


def with_distance(*triplet: Any, distance_function: Any = None, **options: Any) -> Any:
    """The samples bring a module of PyTorch's, with its usual options."""
    distance = distance_function and F.pairwise_distance
    return F.triplet_margin_with_distance_loss(*triplet, distance_function=distance, **options)


def without(function: Call, **unsupported: Any) -> Call:
    """Without options that lucid does not have: their values that change nothing."""

    def call(*args: Any, **options: Any) -> Any:
        for name, usual in unsupported.items():
            if options.pop(name, usual) not in (usual, None):
                raise Unsupported(name)
        return function(*args, **options)

    return call


def undropped(function: Call, default: float) -> Call:
    """Dropout draws other numbers than PyTorch's: nothing can be compared unless all or nothing is dropped."""

    def call(*args: Any, **options: Any) -> Any:
        if options.get("training", default != 0) and 0 < options.get("p", default) < 1:
            raise Unsupported("numbers drawn by another generator")
        return function(*args, **options)

    return call


def attended(q: Any, k: Any, v: Any, dropout_p: float = 0.0, **options: Any) -> Any:
    if dropout_p:
        raise Unsupported("numbers drawn by another generator")
    return F.scaled_dot_product_attention(q, k, v, **options)


def bags(weight: Any, indices: Any, **options: Any) -> Any:
    return F.embedding_bag(indices, weight, **options)


def sloped(x: Any, *args: Any, training: bool = False, **options: Any) -> Any:
    if training:
        raise Unsupported("numbers drawn by another generator")
    return F.rrelu(x, *args, **options)


def of_one_class(x: Any, target: Any, *args: Any, **options: Any) -> Any:
    """In PyTorch a score without axes is one of one class."""
    return F.multi_margin_loss(x if x.ndim else x.reshape((1,)), target, *args, **options)


def of_channels(x: Any, *args: Any, **options: Any) -> Any:
    if x.ndim < 2:
        raise Unsupported("a tensor without channels, which PyTorch takes if it is empty")
    return F.batch_norm(x, *args, **options)


def of_scores(x: Any, matrix: Any, target: Any, *, linear_bias: Any = None, options: Any = None,
              ignore_index: int | None = None, **others: Any) -> Any:  # fmt: skip
    """Of a linear layer whose matrix may be (classes, *places, k). `options` says in which pieces PyTorch does it."""
    bias = None if linear_bias is None else linear_bias.reshape((-1,))
    scores = F.linear(x, matrix.reshape((-1, matrix.shape[-1])), bias)
    scores = scores.reshape((*x.shape[:-1], *matrix.shape[:-1]))
    return F.cross_entropy(scores, target, ignore_index=-100 if ignore_index is None else ignore_index, **others)


def looked_at(x: Any, grid: Any, mode: int, padding: int, align_corners: bool) -> Any:
    """PyTorch's kernels, whose modes are numbers."""
    modes, outside = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    return F.grid_sample(x, grid, modes[mode], outside[padding], align_corners)


def of_softmax(log_probs: Any, *args: Any, **options: Any) -> Any:
    """PyTorch's gradient is for logarithms that log_softmax gave."""
    return F.ctc_loss(lucid.log_softmax(log_probs, axis=-1), *args, **options)


RARE = {"max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False}

NAMES: dict[str, Call] = {
    "nn.functional.scaled_dot_product_attention": attended,
    "nn.functional.embedding": without(
        lambda weight, indices, sparse=False, **options: F.embedding(indices, weight, **options),
        scale_grad_by_freq=False,
    ),
    "nn.functional.embedding_bag": without(bags, sparse=False, **RARE),
    "nn.functional.rrelu": sloped,
    **{f"nn.functional.{name}": undropped(getattr(F, name), 0.5) for name in ("dropout", "dropout2d", "dropout3d")},
    **{
        f"nn.functional.{name}": undropped(getattr(F, name), 0.0) for name in ("alpha_dropout", "feature_alpha_dropout")
    },
    "nn.functional.batch_norm": of_channels,
    "nn.functional.ctc_loss": of_softmax,
    "nn.functional.linear_cross_entropy": of_scores,
    "nn.functional.multi_margin_loss": of_one_class,
    "grid_sampler_2d": looked_at,
    "grid_sampler_3d": looked_at,
    "nn.functional.softmin": softmin,
    "nn.functional.normalize": of_one_axis(F.normalize),
    "nn.functional.cosine_similarity": of_one_axis(F.cosine_similarity),
    "nn.functional.triplet_margin_with_distance_loss": with_distance,
    "nn.functional.upsample_nearest": lambda x, *args, **options: F.interpolate(x, *args, mode="nearest", **options),
    "nn.functional.upsample_bilinear": lambda x, *args, **options: F.interpolate(
        x, *args, mode="bilinear", align_corners=True, **options
    ),
    **{f"nn.functional.{name}": getattr(F, name) for name in SAME},
}
