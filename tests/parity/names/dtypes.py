"""Where lucid answers otherwise than PyTorch in a kind of dtype: for each kind the reasons, and the names they are for.

Their samples are compared all the same: those that agree count as passed.
"""

ALIKE = "which of equal elements comes first"
CONVERTED = "a mean, a quantile or a number between two is floating"
KEPT = "integers keep their dtype, or take that of their sums, as in NumPy"
NETWORKS = "layers compute in floating point"
NOT_HERE = "a dtype that lucid does not have"
NUMBERS = "bools are no numbers, as in the standard and in NumPy"
REAL = "for real numbers, as in the standard and in NumPy"
ROUNDED = "a formula, with a rounding at each step, of which a difference or a floor shows all"
TOO_SMALL = "a number that the dtype does not hold is an error"

REASONS: dict[str, dict[str, str]] = {
    "complex numbers": {
        "PyTorch's gradient is not Hermitian": "cholesky linalg.cholesky linalg.cholesky_ex",
        "computed in float32, then converted": "logspace",
        REAL: """
            logaddexp logcumsumexp logsumexp masked.logsumexp masked.std masked.var sigmoid
            nn.functional.l1_loss nn.functional.pairwise_distance nn.functional.rms_norm nn.functional.softsign
            nn.functional.tanhshrink nn.functional.triplet_margin_loss
            nn.functional.triplet_margin_with_distance_loss
        """,
    },
    "16 bits": {
        ALIKE: "argsort mode sort topk",
        NOT_HERE: "complex view_as_complex",
        ROUNDED: """
            addbmm addcdiv diff div nn.functional.bilinear nn.functional.binary_cross_entropy_with_logits
            nn.functional.embedding_bag nn.functional.hinge_embedding_loss nn.functional.linear_cross_entropy
            nn.functional.poisson_nll_loss
            nn.functional.scaled_dot_product_attention
        """,
        "PyTorch answers in float32 if there are weights": "cov",
    },
    "integers": {
        ALIKE: "argsort kthvalue mode sort topk",
        CONVERTED: "median nanmedian",
        KEPT: "clamp einsum masked.cumprod masked.cumsum sum_to_size",
        NETWORKS: """
            nn.functional.avg_pool1d nn.functional.avg_pool2d nn.functional.avg_pool3d nn.functional.conv1d
            nn.functional.conv2d nn.functional.conv3d nn.functional.conv_transpose1d nn.functional.conv_transpose2d
            nn.functional.conv_transpose3d nn.functional.hardtanh nn.functional.interpolate
            nn.functional.local_response_norm nn.functional.max_pool2d nn.functional.max_pool3d nn.functional.relu6
            nn.functional.upsample_bilinear
        """,
        TOO_SMALL: "add full_like index_add rsub scalar_tensor sub",
        "lucid infers one dtype for all of the formula": """
            addbmm addmv baddbmm masked.amax masked.amin masked.logsumexp
        """,
        "PyTorch's uint8 stands for bools": "all any",
        "PyTorch overflows": """
            cumulative_trapezoid nn.functional.margin_ranking_loss nn.functional.pairwise_distance
            nn.functional.softmin nn.functional.triplet_margin_loss
            nn.functional.triplet_margin_with_distance_loss trapezoid trapz
        """,
        "PyTorch rounds the ends and the step to the dtype first": "arange linspace logspace",
        "infinite at the poles, where PyTorch is only large": "polygamma special.polygamma",
    },
    "bools": {
        ALIKE: "argsort mode sort",
        NUMBERS: """
            H addr angle conj conj_physical diff fft.hfft2 fft.hfftn fmax fmin heaviside kron mH sgn sign square
            sum_to_size
        """,
        TOO_SMALL: "masked_fill",
    },
}
OTHERWISE = {
    kind: {name: reason for reason, names in reasons.items() for name in names.split()}
    for kind, reasons in REASONS.items()
}
