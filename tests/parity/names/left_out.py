"""PyTorch's names of ops that lucid leaves out on purpose: the reason, and the names that it is the reason for."""

LEFT_OUT: dict[str, str] = {
    "memory: a tensor of lucid is a value, with no strides, storage or memory format to be seen or changed": """
        as_strided as_strided_copy as_strided_scatter contiguous empty empty_like empty_permuted empty_strided
        new_empty new_empty_strided resize_ resize_as_ resolve_conj resolve_neg
    """,
    "draws: their values are those of a generator; lucid.random has the distributions, tested by their moments": """
        bernoulli cauchy exponential geometric log_normal multinomial normal rand_like randint randint_like randn
        randn_like uniform pca_lowrank svd_lowrank nn.functional.fractional_max_pool2d
        nn.functional.fractional_max_pool3d nn.functional.multi_head_attention_forward
    """,
    "pieces of PyTorch's own layers and kernels, which users do not call": """
        _batch_norm_with_update _chunk_cat _native_batch_norm_legit _segment_reduce _softmax_backward_data
        _unsafe_masked_index _unsafe_masked_index_put_accumulate _upsample_bilinear2d_aa hash_tensor
        max_pool2d_with_indices_backward native_batch_norm native_dropout_backward native_group_norm
        native_layer_norm nonzero_static torch.ops.aten._efficient_attention_forward
        torch.ops.aten._flash_attention_forward torch.ops.aten._safe_softmax.default
    """,
    "kernels compiled from C++ text": """
        jiterator_2inputs_2outputs jiterator_4inputs_with_extra_args jiterator_binary
        jiterator_binary_return_by_ref jiterator_unary
    """,
    "sparse and quantised tensors, and a dtype that lucid does not have": """
        chalf sparse.mm sparse.sampled_addmm to_sparse torch._scaled_mm torch._scaled_mm_v2
    """,
    "factors as LAPACK packs them: lucid.linalg has the decompositions with their parts apart": """
        geqrf ormqr linalg.ldl_factor linalg.ldl_factor_ex linalg.ldl_solve
    """,
    "special functions for which SciPy is the place": """
        igamma igammac special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1
        special.chebyshev_polynomial_t special.chebyshev_polynomial_u special.chebyshev_polynomial_v
        special.chebyshev_polynomial_w special.hermite_polynomial_h special.hermite_polynomial_he
        special.laguerre_polynomial_l special.legendre_polynomial_p special.modified_bessel_k0
        special.modified_bessel_k1 special.scaled_modified_bessel_k0 special.scaled_modified_bessel_k1
        special.shifted_chebyshev_polynomial_t special.shifted_chebyshev_polynomial_u
        special.shifted_chebyshev_polynomial_v special.shifted_chebyshev_polynomial_w
        special.spherical_bessel_j0 special.zeta
    """,
    "signal processing, which is a library of its own": """
        istft stft signal.windows.bartlett signal.windows.blackman signal.windows.cosine signal.windows.exponential
        signal.windows.gaussian signal.windows.general_cosine signal.windows.general_hamming signal.windows.hamming
        signal.windows.hann signal.windows.kaiser signal.windows.nuttall
    """,
    "rarely asked for, and short to write in what is there": """
        frexp gradient histogramdd
    """,
}
