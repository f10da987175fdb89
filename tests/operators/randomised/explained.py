"""Mismatches of the randomised run that aren't the converter's.

Each entry: a regular expression of the row, one of the problem, the format (None: both), and the reason. A row whose every problem is
named here counts as explained."""
EXPLAINED = [
    (r"\.no_", r"fails", None, "ONNX Runtime's kernel does not take what is empty (Reshape with -1, MaxPool, Scan, ArgMax)"),
    (r"(max|svd|lstsq|eig|viterbi|pool|retina|match|topk|sort|nms).*\.(infinite|nonfinite)", r"values differ|shape", None, "what is not finite is compared in an order of the kernel's own"),
    (r"log_softmax.*\.(large|infinite|nonfinite)", r"values differ", None, "Paddle's CPU kernel cuts off at -64 unless the axis is the last, GPUs do not"),
    (r"sqrt.*\.(infinite|nonfinite)", r"Paddle's nan", None, "the vector form of Paddle's CPU kernel makes NaN of infinity"),
    (r"(conv|attention|linear|matmul|solve|index_add|elemw).*\.(large|infinite|nonfinite)", r"values differ", None, "sums of numbers of very different sizes; of infinities of both signs, as the order of the sum makes it"),
    (r"svdvals.*\.(leading|trailing)", r"shape", "pir", "Paddle's kernel flattens the batch that its own program declares"),
    (r"box_coder_decode_variance\.float64", r"values differ", None, "Paddle's kernel copies the bytes of float32 variances into float64"),
    (r"heaviside.*\.rank0", r"values differ", "pdmodel", "Paddle 2.6 swaps operands of which the first has the smaller rank"),
    (r"full_(like_)?(inf|nan)|pow_tensor|masked_fill|cast_f32_f16", r"values differ", None, "a conversion that C++ leaves undefined, and halves that Paddle 2.6 cuts off"),
    (r"\.uint8", r"values differ", "pir", "whole numbers cut off after arithmetic in float32, whose last bit hangs on the order"),
    (r"prior_box.*\.no_", r"values differ", "pir", "Paddle 3 gives zeros where the image is empty"),
]
