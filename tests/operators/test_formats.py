"""A row that both formats can express gives the same ONNX graph from either file, up to names, or says here why not."""
import pytest
from harness import formats

OPSET = 17

# Reason → rows (family-name). A row that stands here and doesn't differ fails as well.
REASONS = {
    "a loop's bound is paddle.shape, int32 in Paddle 2 and int64 in Paddle 3": """
        control_flow-for_enumerate control_flow-for_range control_flow-for_rows control_flow-list_append
        control_flow-list_concat_of_no_turn control_flow-list_pop control_flow-loop_in_if control_flow-nested_loop_if
        control_flow-nested_loops
    """,
    "Paddle 3 turns the branches of break and continue round": "control_flow-break_and_continue control_flow-break_out",
    "the same, and its bound is paddle.shape": "control_flow-continue_odd",
    "Paddle 2 keeps a loop's value in the variable that it starts with, which the body sees": "control_flow-static_while_cond",
    "Paddle 3 forgets the shape of an input that is written into an array": """
        control_flow-array_in_loop control_flow-array_in_loop_of_no_turn
    """,
    "in PIR programs the bound is qmax, 127 in Paddle's translations, in others bit_length tells it": """
        quantization-dequantize_linear_16_bits quantization-quantize_linear_4_bits
        quantization-quantize_linear_4_bits_channels_away
    """,
    "of whole numbers, Paddle 3.3 takes weights of 0 and 1 for one axis": "interpolation-linear_u8 interpolation-linear_u8_one_dynamic",
    "Paddle 3 divides by the batch size of the specification, -1 where it is dynamic": "losses-kldiv_batchmean",
    "digamma has a pole at 0 since Paddle 3.1, and is not a number there before": """
        special-digamma special-digamma_edges special-digamma_f64 special-digamma_poles special-polygamma0
    """,
    "with the axes in reverse trace takes the other diagonal since Paddle 3.1": "statistics-trace_below",
    "of one matrix, Paddle 2's lu gives a list of one info": "decompositions-lu_infos",
    "a rank is int32 up to Paddle 3.0, then int64": """
        eigenvalues-matrix_rank eigenvalues-matrix_rank_full eigenvalues-matrix_rank_hermitian
        eigenvalues-matrix_rank_limit eigenvalues-matrix_rank_one eigenvalues-matrix_rank_tensor
        eigenvalues-matrix_rank_tensor_1
    """,
    "Paddle tells no residuals of the driver gelsy since 3.1": "eigenvalues-lstsq_gelsy",
    "the limit of pinv has rank 1 in Paddle 2 and 0 in Paddle 3": "eigenvalues-pinv eigenvalues-pinv_hermitian",
    "Paddle 2 weighs the logarithm alone with pos_weight": "losses-bce_logits_pos_weight",
    "paddle.shape is int32 in Paddle 2 and int64 in Paddle 3": """
        control_flow-if_integers control_flow-if_shapes convolution-conv2d_transpose_output_size_like
        creation-arange_by_shape creation-arange_by_shape_f32 creation-empty_like_shape creation-full_by_shape
        creation-full_by_shape_i64 creation-rank creation-shape creation-shape_arithmetic creation-shape_of_bool
        creation-shape_rank0 creation-shape_static interpolation-nearest_size_like joining-hstack_shapes
        layout-expand_by_shape layout-reshape_batch_and_rest layout-reshape_own_shape matrices-causal_mask_dynamic
        random-multinomial_samples_tensor random-randint_shape random-uniform_shape sampling-affine_grid_shape_of_image
        slicing-index_of_shape slicing-slice_of_shape
    """,
    "halves are rounded to even since Paddle 3.1 (the random rows round their moments)": """
        math-round math-round_f64 math-round_rank0 random-bernoulli_moments random-dirichlet_moments random-exponential_
        random-gaussian_moments random-gumbel_softmax_hard_moments random-multinomial_moments random-poisson
        random-randn_f64 random-uniform_moments
    """,
    "with a negative step Paddle 2 reads a negative end in its own way, Paddle 3 as numpy does": """
        slicing-strided_slice_backward_all slicing-strided_slice_backward_far
        slicing-strided_slice_backward_negative_end slicing-strided_slice_backward_negative_end_dynamic
        slicing-strided_slice_backward_tensor_end slicing-strided_slice_tensors
    """,
    "median is a composition in Paddle 2 and an operator in Paddle 3": """
        reduction-median reduction-median_even statistics-median statistics-median_even statistics-median_f64
        statistics-median_i64 statistics-median_keepdim statistics-median_nan
    """,
    "Paddle 2 divides the variance of one element by 1, Paddle 3 by 0": """
        reduction-std reduction-var statistics-std statistics-var statistics-var_axes statistics-var_one
        statistics-var_static
    """,
    "quantile is float64 in Paddle 2 and float32 in Paddle 3": """
        sorting-quantile statistics-nanquantile statistics-quantile_all statistics-quantiles
    """,
    "Paddle 3 leaves the length of a computed bias open, Paddle 2 writes it": "convolution-conv2d_bias_input",
    "Paddle 3 translates the axis of an elementwise operator as a reshape": """
        elementwise-elementwise_add_axis0 elementwise-elementwise_add_axis1 elementwise-elementwise_div_axis1
        elementwise-elementwise_floordiv_axis1 elementwise-elementwise_max_axis1 elementwise-elementwise_min_axis1
        elementwise-elementwise_mod_axis1 elementwise-elementwise_mul_axis1
    """,
    "Paddle 3 translates matmul as matmul_v2, mul as reshapes, lookup_table as embedding": """
        linear-lookup_table_v1 linear-lookup_table_v1_padding linear-mul linear-mul_f64 linear-mul_flatten_x
        linear-mul_y_num_col_dims_2 linear-v1_matmul_batch_vector linear-v1_matmul_matrix_vector linear-v1_matmul_row
        linear-v1_matmul_vector_batch linear-v1_matmul_vector_matrix linear-v1_matmul_vectors
        sequence_recurrent-lstm_layer sequence_recurrent-lstm_layer_one sequence_recurrent-lstm_layer_reverse
        sequence_recurrent-lstm_layer_states sequence_recurrent-lstm_layer_activations sequence_recurrent-lstm_layer_cells
        sequence_recurrent-lstm_layer_empty sequence_recurrent-gru_layer sequence_recurrent-gru_layer_no_bias
        sequence_recurrent-gru_layer_origin sequence_recurrent-gru_layer_reverse sequence_recurrent-gru_layer_empty
        sequence_recurrent-text_classifier
    """,
    "the translation of matmul drops head_number": "linear-v1_matmul_heads linear-v1_matmul_heads_matrix",
    "Paddle 3 stacks computed integers and takes parts of the stack, Paddle 2 lists them": """
        creation-raw_fill_constant_list layout-unsqueeze_list_axis pooling-adaptive_avg_pool2d_size_tensor
        slicing-index_tensor_range slicing-slice_list
    """,
    "PIR does not say whether an input's rows are sequences": "sequence-expand_rows",
    "float attributes are float32 in .pdmodel files and float64 in PIR": """
        activation-leaky_relu_f64 creation-assign_array_f64 math-logit_f64
    """,
    "Paddle 3 writes the value as a float": "creation-raw_fill_constant_str",
    "Paddle 3 writes integers as float64": """
        creation-assign_array_i64 slicing-set_value_i64
    """,
    "Paddle 3 takes a scale by 1 for the identity when it saves, whatever it adds": """
        creation-assert creation-full_output creation-increment creation-increment_i64 elementwise-add_python_number
        elementwise-add_python_number_int
    """,
    "an index out of range is an error in Paddle 2 and gives zeros in Paddle 3": """
        creation-one_hot creation-one_hot_i32 creation-one_hot_tensor
    """,
    "integers divide to integers in Paddle 2 and to floats in Paddle 3": """
        elementwise-divide_i32 elementwise-divide_i64
    """,
    "the positions have a second dimension of 1 in Paddle 2": """
        indexing-nonzero_tuple indexing-where_positions nms-nms_categories
    """,
    "the mean of integers is truncated before Paddle 3.3 and rounded down since": "indexing-put_along_axis_mean_i32",
    "without an affine part Paddle 2 saves one nevertheless": "normalization-group_norm_plain",
    "an open end is the dimension in Paddle 2 and the largest integer in Paddle 3": """
        slicing-set_value_step slicing-set_value_tensor_decreased_first
    """,
    "masked_fill is a composition in Paddle 2 and an operator in Paddle 3": """
        indexing-masked_fill indexing-masked_fill_tensor
    """,
    "the causal mask is a constant in Paddle 2 and computed in Paddle 3": "attention-scaled_dot_product_attention_causal",
    "Paddle 3 writes the ellipsis of an einsum out": "linear-einsum_ellipsis",
    "outer is a matrix product in Paddle 2 and a broadcast one in Paddle 3": """
        linear-outer linear-outer_flattens
    """,
    "1 - x is a scale in Paddle 2 and a subtraction in Paddle 3": "losses-sigmoid_focal",
    "clip with float limits gives floats in Paddle 3": "math-clip_i32",
    "the sums of int32 are int64 in Paddle 3": "math-cumsum_i32",
    "one pixel of a linear interpolation lies in the middle in Paddle 3.3": """
        interpolation-linear_one_pixel interpolation-linear_one_pixel_dynamic interpolation-linear_size_tensor
        interpolation-trilinear_one_pixel interpolation-trilinear_one_pixel_dynamic interpolation-trilinear_scale_fraction
        interpolation-trilinear_size_tensor
    """,
    "the translation drops the diagonal": "random-raw_uniform_diagonal",
    "the translation drops the factor's tensor": "math-raw_pow_factor_tensor",
    "the vectors of spectral_norm start at random, each Paddle has its own generator": """
        normalization-spectral_norm normalization-spectral_norm_no_iteration
    """,
    "a pool with a mask takes no notice of ceil_mode in Paddle 2": "pooling-max_pool2d_mask_ceil",
    "the infinity norm of a matrix is that of its elements in Paddle 2": "reduction-norm_matrix_inf",
    "the translation takes no notice of reduce_all beside axes": "reduction-raw_reduce_sum_reduce_all",
    "a mask is where and gather_nd in Paddle 2 and masked_select in Paddle 3": "slicing-index_mask",
    "a bool written into bools gives int64 in Paddle 3": "slicing-set_value_bool",
    "Paddle 2 saves kthvalue without keepdim": "sorting-kthvalue_axis",
}
STATED = {row: reason for reason, rows in REASONS.items() for row in rows.split()}


def test_formats(both_exported, pytestconfig):
    if pytestconfig.getoption("--export-only"):
        pytest.skip("nothing is converted")
    folders, label = both_exported
    differs = formats.compare(folders, label, OPSET)
    if differs and label not in STATED:
        pytest.fail(f"the formats give different graphs:\n{differs}", pytrace=False)
    if not differs and label in STATED:
        pytest.fail(f"the graphs are the same, take it out of REASONS: {STATED[label]}", pytrace=False)


def test_reasons_name_rows(rows_in_both):
    families = {row.split("-")[0] for row in rows_in_both}
    unknown = {row for row in STATED if row.split("-")[0] in families} - set(rows_in_both)
    assert not unknown, f"no such rows in both formats: {', '.join(sorted(unknown))}"
