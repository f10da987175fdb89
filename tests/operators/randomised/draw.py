"""Draws operator configurations: rows like those of ../cases, with shapes, attributes and dtypes that nobody thought of.

A strategy gives (expression, {input: spec}, options) as text, so that a mismatch is a row to put into a table."""
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

FLOATS = ["f32", "f32", "f32", "f64"]
NUMBERS = ["f32", "f32", "f64", "i32", "i64"]
NAMES = ["b", "n", "p", "q", "r"]
STRATEGIES = {}


def strategy(function):
    STRATEGIES[function.__name__] = st.composite(function)()
    return function


def one_of(draw, *options):
    return draw(st.sampled_from(options))


def flag(draw):
    return draw(st.booleans())


def whole(draw, low, high):
    return draw(st.integers(low, high))


def dims(draw, low=1, high=4, dynamic=True, biggest=6):
    """Dimensions: numbers, and names of dynamic ones."""
    rank = whole(draw, low, high)
    return [NAMES[i] if dynamic and whole(draw, 0, 3) == 0 else whole(draw, 1, biggest) for i in range(rank)]


def spec(dtype, shape, more=""):
    inside = ", ".join(f'"{d}"' if isinstance(d, str) else str(d) for d in shape)
    return f"{dtype}[{inside or '()'}]{more}"


def axis_of(draw, rank):
    return whole(draw, -rank, rank - 1)


def axes_of(draw, rank, empty=False):
    axes = draw(st.lists(st.integers(0, rank - 1), unique=True, min_size=0 if empty else 1, max_size=rank))
    return [a - rank if flag(draw) else a for a in axes]


# --- elementwise ------------------------------------------------------------------------------------------------------

ANYWHERE = ["exp", "sin", "cos", "tanh", "atan", "sinh", "cosh", "asinh", "erf", "expm1", "sign", "abs", "square", "floor", "ceil", "round", "trunc"]
POSITIVE = ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "lgamma", "digamma"]
WITHIN_ONE = ["asin", "acos", "atanh", "erfinv", "logit"]
OF_INTEGERS = ["abs", "square", "sign"]


@strategy
def unary(draw):
    name = one_of(draw, *ANYWHERE, *POSITIVE, *WITHIN_ONE)
    dtype = one_of(draw, *(NUMBERS if name in OF_INTEGERS else FLOATS))
    more = ".range(0.3, 3)" if name in POSITIVE else ".range(-0.9, 0.9)" if name in WITHIN_ONE[:4] else ".range(0.1, 0.9)" if name == "logit" else ""
    return f"paddle.{name}(x)", {"x": spec(dtype, dims(draw, 0, 5), more)}, ""


@strategy
def binary(draw):
    shape = dims(draw, 0, 4)
    other = [1 if whole(draw, 0, 4) == 0 else d for d in shape[whole(draw, 0, len(shape)) :]]
    name = one_of(draw, "add", "subtract", "multiply", "divide", "maximum", "minimum", "fmax", "fmin", "atan2", "pow", "floor_divide", "remainder",
                  "equal", "not_equal", "less_than", "less_equal", "greater_than", "greater_equal")  # fmt: skip
    dtype = one_of(draw, *(FLOATS if name in ("atan2", "pow", "divide") else NUMBERS))
    left, right = spec(dtype, shape), spec(dtype, other)
    if name in ("divide", "floor_divide", "remainder"):
        right += ".range(0.5, 3)" if dtype[0] == "f" else ".ints(1, 5)"
    if name == "pow":
        left += ".range(0.2, 2)"
    operands = "y, x" if flag(draw) and name not in ("divide", "floor_divide", "remainder", "pow") else "x, y"
    return f"paddle.{name}({operands})", {"x": left, "y": right}, ""


@strategy
def logical(draw):
    shape = dims(draw, 1, 4)
    if flag(draw):
        return f"paddle.logical_{one_of(draw, 'and', 'or', 'xor')}(x, y)", {"x": spec("b8", shape), "y": spec("b8", shape)}, ""
    dtype = one_of(draw, "i32", "i64", "i16", "u8", "b8")
    return f"paddle.bitwise_{one_of(draw, 'and', 'or', 'xor')}(x, y)", {"x": spec(dtype, shape), "y": spec(dtype, shape)}, ""


@strategy
def scalars(draw):
    number = one_of(draw, "2", "0.5", "-1.25", "3")
    dtype = one_of(draw, *FLOATS)
    form = one_of(draw, f"x + {number}", f"{number} - x", f"x * {number}", f"x / {number}", f"paddle.scale(x, {number}, bias=0.25, bias_after_scale={flag(draw)})", f"paddle.clip(x, -{number.lstrip('-')}, 1.5)", f"paddle.lerp(x, x * 2, {number})")
    return form, {"x": spec(dtype, dims(draw, 0, 4))}, ""


@strategy
def cast(draw):
    source, target = one_of(draw, *NUMBERS, "b8", "u8"), one_of(draw, "float32", "float64", "int32", "int64", "bool", "uint8", "int8")
    more = ".ints(0, 9)" if "int8" in target else ""
    return f'paddle.cast(x, "{target}")', {"x": spec(source, dims(draw, 0, 4), more if source != "b8" else "")}, ""


ACTIVATIONS = ["relu(x)", "relu6(x)", "sigmoid(x)", "silu(x)", "mish(x)", "softsign(x)", "tanhshrink(x)", "hardswish(x)", "hardsigmoid(x)", "log_sigmoid(x)",
               "elu(x, 0.7)", "celu(x, 1.3)", "selu(x)", "gelu(x)", "gelu(x, approximate=True)", "leaky_relu(x, 0.2)", "hardtanh(x, -0.4, 0.8)",
               "hardshrink(x, 0.3)", "softshrink(x, 0.2)", "softplus(x, 2.0, 5.0)", "thresholded_relu(x, 0.4)", "swish(x)"]  # fmt: skip


@strategy
def activation(draw):
    shape = dims(draw, 1, 5)
    if whole(draw, 0, 3) == 0:
        return f"F.{one_of(draw, 'softmax', 'log_softmax')}(x, axis={axis_of(draw, len(shape))})", {"x": spec(one_of(draw, *FLOATS), shape)}, ""
    return "F." + one_of(draw, *ACTIVATIONS), {"x": spec(one_of(draw, *FLOATS), shape)}, ""


# --- reductions -------------------------------------------------------------------------------------------------------


@strategy
def reduction(draw):
    shape = dims(draw, 1, 5)
    name = one_of(draw, "sum", "mean", "max", "min", "prod", "logsumexp", "amax", "amin", "any", "all", "std", "var")
    dtype = "b8" if name in ("any", "all") else one_of(draw, *(FLOATS if name in ("mean", "logsumexp", "std", "var") else NUMBERS))
    axes = "None" if whole(draw, 0, 5) == 0 else str(axes_of(draw, len(shape)))
    if flag(draw) and axes != "None":
        axes = str(axis_of(draw, len(shape)))
    more = ".ints(-2, 3)" if name == "prod" and dtype[0] == "i" else ""
    options = "" if name not in ("std", "var") else ", unbiased=False"
    return f"paddle.{name}(x, axis={axes}, keepdim={flag(draw)}{options})", {"x": spec(dtype, shape, more)}, "rtol=1e-3, atol=1e-4"


@strategy
def arg_reduction(draw):
    shape = dims(draw, 1, 4)
    axis = "None" if whole(draw, 0, 5) == 0 else axis_of(draw, len(shape))
    dtype = one_of(draw, '"int64"', '"int32"')
    return f"paddle.{one_of(draw, 'argmax', 'argmin')}(x, axis={axis}, keepdim={flag(draw)}, dtype={dtype})", {"x": spec(one_of(draw, *NUMBERS), shape, ".unique()")}, ""


@strategy
def cumulative(draw):
    shape = dims(draw, 1, 4)
    name = one_of(draw, "cumsum", "cumprod", "logcumsumexp", "cummax", "cummin")
    dtype = one_of(draw, *(FLOATS if name in ("cumprod", "logcumsumexp") else NUMBERS))
    parameter = "dim" if name == "cumprod" else "axis"
    return f"paddle.{name}(x, {parameter}={axis_of(draw, len(shape))})", {"x": spec(dtype, shape)}, "rtol=1e-3"


@strategy
def norm_of(draw):
    shape = dims(draw, 1, 4)
    p = one_of(draw, "1", "2", "3", '"fro"', 'float("inf")', 'float("-inf")', "0")
    return f"paddle.norm(x, p={p}, axis={axis_of(draw, len(shape))}, keepdim={flag(draw)})", {"x": spec(one_of(draw, *FLOATS), shape)}, "rtol=1e-3"


# --- convolution and pooling ------------------------------------------------------------------------------------------


def image(draw, rank, channels, layout, low=5):
    """Batch, channels and `rank` spatial dimensions."""
    space = [whole(draw, low, low + 6) for _ in range(rank)]
    if flag(draw):
        space = ["h", "w", "t"][:rank]  # 12 or 9, 10 or 13, …
    return ["b", channels, *space] if layout.startswith("NC") else ["b", *space, channels]


def padding_of(draw, rank, dilated):
    form = whole(draw, 0, 4)
    if form == 0 and not dilated:
        return repr(one_of(draw, "SAME", "VALID"))
    if form == 1:
        return str([whole(draw, 0, 2) for _ in range(2 * rank)])
    if form == 2:
        return str([whole(draw, 0, 2) for _ in range(rank)])
    return str(whole(draw, 0, 2))


@strategy
def convolution(draw):
    rank = one_of(draw, 1, 2, 2, 2, 3)
    groups = one_of(draw, 1, 1, 2, 3)
    inside, outside = groups * whole(draw, 1, 3), groups * whole(draw, 1, 3)
    kernel, dilation = [whole(draw, 1, 3) for _ in range(rank)], whole(draw, 1, 2)
    if rank == 3 and max(kernel) == 3:
        dilation = 1  # a window that is wider than the image is none: Paddle computes one beyond its end
    layout = one_of(draw, *{1: ["NCL"], 2: ["NCHW", "NCHW", "NHWC"], 3: ["NCDHW"]}[rank])
    layer = f'nn.Conv{rank}D({inside}, {outside}, {kernel}, stride={whole(draw, 1, 3)}, padding={padding_of(draw, rank, dilation > 1)}, dilation={dilation}, groups={groups}, bias_attr={one_of(draw, "None", "False")}, data_format="{layout}")'
    return layer, {"x": spec("f32", image(draw, rank, inside, layout, 7))}, "rtol=1e-3, atol=1e-4, layer"


@strategy
def transposed_convolution(draw):
    rank = one_of(draw, 1, 2, 2, 3)
    groups = one_of(draw, 1, 1, 2)
    inside, outside = groups * whole(draw, 1, 3), groups * whole(draw, 1, 3)
    stride = whole(draw, 1, 3)
    layer = f'nn.Conv{rank}DTranspose({inside}, {outside}, {whole(draw, 1, 4)}, stride={stride}, padding={whole(draw, 0, 1)}, output_padding={whole(draw, 0, stride - 1)}, groups={groups}, bias_attr={one_of(draw, "None", "False")})'
    return layer, {"x": spec("f32", image(draw, rank, inside, "NC", 4))}, "rtol=1e-3, atol=1e-4, layer"


@strategy
def pooling(draw):
    rank = one_of(draw, 1, 2, 2, 2, 3)
    kernel, stride, padding = whole(draw, 2, 3), whole(draw, 1, 3), whole(draw, 0, 1)
    ceil = flag(draw)
    if flag(draw):
        call = f"F.max_pool{rank}d(x, {kernel}, stride={stride}, padding={padding}, ceil_mode={ceil}, return_mask={flag(draw) and not ceil})"
    else:
        call = f"F.avg_pool{rank}d(x, {kernel}, stride={stride}, padding={padding}, ceil_mode={ceil}, exclusive={flag(draw)})"
    return call, {"x": spec("f32", image(draw, rank, whole(draw, 1, 3), "NC"))}, ""


@strategy
def adaptive_pooling(draw):
    rank = one_of(draw, 1, 2, 2, 3)
    shape = image(draw, rank, whole(draw, 1, 3), "NC")
    size = [whole(draw, 1, 4) for _ in range(rank)]
    if any(isinstance(d, str) for d in shape[2:]):
        size = [1] * rank
    return f"F.adaptive_{one_of(draw, 'avg', 'max')}_pool{rank}d(x, {size[0] if rank == 1 else size})", {"x": spec("f32", shape)}, ""


@strategy
def interpolation(draw):
    mode, rank = one_of(draw, ("nearest", 2), ("bilinear", 2), ("bicubic", 2), ("linear", 1), ("trilinear", 3), ("nearest", 3), ("area", 2))
    layout = {1: "NCW", 2: one_of(draw, "NCHW", "NCHW", "NHWC"), 3: "NCDHW"}[rank]
    if mode == "area":
        layout = "NCHW"
    by_size = flag(draw) or mode == "area"
    size = f"size={[whole(draw, 2, 12) for _ in range(rank)]}" if by_size else f"scale_factor={one_of(draw, 2, 0.5, 1.5, 3, [2, 1.25, 0.75][:rank] if rank > 1 else 2)}"
    corners = flag(draw) if mode not in ("nearest", "area") else False
    shape = image(draw, rank, whole(draw, 1, 3), layout, 4)
    if mode == "area":
        shape = [d if not isinstance(d, str) or d == "b" else 9 for d in shape]
    align = f", align_corners={corners}, align_mode={whole(draw, 0, 1)}" if mode != "area" else ""
    return f'F.interpolate(x, {size}, mode="{mode}"{align}, data_format="{layout}")', {"x": spec("f32", shape)}, "rtol=1e-3, atol=1e-4"


@strategy
def padding(draw):
    rank = one_of(draw, 1, 2, 2, 3)
    mode = one_of(draw, "constant", "reflect", "replicate", "circular")
    layout = one_of(draw, *{1: ["NCL", "NLC"], 2: ["NCHW", "NHWC"], 3: ["NCDHW", "NDHWC"]}[rank])
    pads = [whole(draw, 0, 3) for _ in range(2 * rank)]
    return f'F.pad(x, {pads}, mode="{mode}", value={one_of(draw, 0.0, 1.5)}, data_format="{layout}")', {"x": spec("f32", image(draw, rank, 3, layout, 5))}, ""


@strategy
def normalisation(draw):
    channels, rank = one_of(draw, 2, 4, 6), one_of(draw, 1, 2, 3)
    shape = image(draw, rank, channels, "NC", 3)
    layer = one_of(
        draw, f"nn.BatchNorm{rank}D({channels}, epsilon={one_of(draw, 1e-5, 1e-3)})",
        f"nn.InstanceNorm{rank}D({channels})", f"nn.GroupNorm({one_of(draw, 1, 2)}, {channels})", "nn.LocalResponseNorm(3)",
    )  # fmt: skip
    if rank != 2 and "Local" in layer:
        layer = f"nn.GroupNorm(2, {channels})"
    return layer, {"x": spec("f32", shape)}, "rtol=1e-3, atol=1e-4, layer"


@strategy
def layer_normalisation(draw):
    shape = dims(draw, 2, 4, dynamic=False)
    begin = whole(draw, 1, len(shape) - 1)
    return f"nn.LayerNorm({shape[begin:]}, epsilon={one_of(draw, 1e-5, 1e-2)})", {"x": spec("f32", ["b", *shape[1:]])}, "rtol=1e-3, atol=1e-4, layer"


# --- indexing ---------------------------------------------------------------------------------------------------------


@strategy
def slices(draw):
    shape = dims(draw, 1, 4)
    parts = []
    for dim in shape[: whole(draw, 1, len(shape))]:
        size = 2 if isinstance(dim, str) else dim
        kind = whole(draw, 0, 5)
        if kind == 0:
            parts.append(str(whole(draw, -size, size - 1)))
        elif kind == 1:
            parts.append("None")
            parts.append(":")
        else:
            start, stop = (one_of(draw, "", *map(str, range(-size, size + 1))) for _ in range(2))
            step = one_of(draw, "", "", "2", "3") if kind < 5 else "-1"
            parts.append(f"{'' if step == '-1' else start}:{'' if step == '-1' else stop}:{step}")
    if flag(draw) and len(parts) < len(shape):
        parts.append("...")
    return f"x[{', '.join(parts)}] * 1", {"x": spec(one_of(draw, *NUMBERS), shape)}, ""


@strategy
def gathering(draw):
    shape = dims(draw, 1, 4, dynamic=False)
    axis = axis_of(draw, len(shape))
    low = f".ints(0, {shape[axis]})"
    name = one_of(draw, "gather", "index_select", "take_along_axis")
    if name == "take_along_axis":
        index = [*shape]
        index[axis] = whole(draw, 1, 5)
        return f"paddle.take_along_axis(x, i, axis={axis})", {"x": spec(one_of(draw, *NUMBERS), shape), "i": spec("i64", index, low)}, ""
    axis = axis % len(shape) if name == "gather" else axis
    return f"paddle.{name}(x, i, axis={axis})", {"x": spec(one_of(draw, *NUMBERS), shape), "i": spec(one_of(draw, "i64", "i32"), ["n"], low)}, ""


@strategy
def gather_nd(draw):
    shape = dims(draw, 1, 4, dynamic=False)
    depth = whole(draw, 1, len(shape))
    low = min(shape[:depth])
    return "paddle.gather_nd(x, i)", {"x": spec(one_of(draw, *NUMBERS), shape), "i": spec("i64", [*dims(draw, 0, 2), depth], f".ints(0, {low})")}, ""


@strategy
def where(draw):
    shape = dims(draw, 1, 4)
    dtype = one_of(draw, *NUMBERS)
    return "paddle.where(c, x, y)", {"c": spec("b8", shape), "x": spec(dtype, shape), "y": spec(dtype, shape)}, ""


# --- sorting ----------------------------------------------------------------------------------------------------------


@strategy
def sorting(draw):
    shape = dims(draw, 1, 4, dynamic=False)
    axis = axis_of(draw, len(shape))
    x = spec(one_of(draw, *NUMBERS), shape, ".unique()")
    call = one_of(
        draw, f"paddle.sort(x, axis={axis}, descending={flag(draw)})", f"paddle.argsort(x, axis={axis}, descending={flag(draw)})",
        f"paddle.topk(x, {whole(draw, 1, shape[axis])}, axis={axis}, largest={flag(draw)})",
        f"paddle.kthvalue(x, {whole(draw, 1, shape[axis])}, axis={axis}, keepdim={flag(draw)})",
    )  # fmt: skip
    return call, {"x": x}, ""


# --- matrices ---------------------------------------------------------------------------------------------------------


@strategy
def matmul(draw):
    m, k, n = (whole(draw, 1, 5) for _ in range(3))
    batch = dims(draw, 0, 2)
    other = [1 if whole(draw, 0, 3) == 0 else d for d in batch[whole(draw, 0, len(batch)) :]]
    tx, ty = flag(draw), flag(draw)
    left, right = [*batch, *((k, m) if tx else (m, k))], [*other, *((n, k) if ty else (k, n))]
    kind = whole(draw, 0, 5)
    if kind == 0:
        left, tx = [k], False
    elif kind == 1:
        right, ty = [k], False
    return f"paddle.matmul(x, y, transpose_x={tx}, transpose_y={ty})", {"x": spec(dtype := one_of(draw, *FLOATS), left), "y": spec(dtype, right)}, "rtol=1e-3, atol=1e-4"


# --- shapes -----------------------------------------------------------------------------------------------------------


@strategy
def transpose(draw):
    shape = dims(draw, 1, 5)
    return f"x.transpose({draw(st.permutations(range(len(shape))))})", {"x": spec(one_of(draw, *NUMBERS, "b8"), shape)}, ""


@strategy
def reshape(draw):
    shape = dims(draw, 1, 4, dynamic=False)
    first = flag(draw)
    rest = draw(st.permutations(shape))
    target = [*rest]
    if len(target) > 1 and flag(draw):
        target[0:2] = [target[0] * target[1]]
    target[whole(draw, 0, len(target) - 1)] = -1
    if first:
        return f"paddle.reshape(x, {[0, *target]})", {"x": spec("f32", ["b", *shape])}, ""
    return f"paddle.reshape(x, {target})", {"x": spec(one_of(draw, *NUMBERS), shape)}, ""


@strategy
def squeezing(draw):
    shape = dims(draw, 1, 4)
    if flag(draw):
        return f"paddle.unsqueeze(x, {one_of(draw, whole(draw, -len(shape) - 1, len(shape)), [0, whole(draw, 1, len(shape))])})", {"x": spec("f32", shape)}, ""
    shape[whole(draw, 0, len(shape) - 1)] = 1
    axes = [i for i, d in enumerate(shape) if d == 1]
    return f"paddle.squeeze(x, {one_of(draw, axes, axes[0], axes[-1] - len(shape))})", {"x": spec("f32", shape)}, ""


@strategy
def flatten(draw):
    shape = dims(draw, 2, 5)
    start = whole(draw, 0, len(shape) - 1)
    stop = whole(draw, start, len(shape) - 1)
    return f"paddle.flatten(x, {start}, {stop - len(shape) if flag(draw) else stop})", {"x": spec(one_of(draw, *NUMBERS), shape)}, ""


@strategy
def repeated(draw):
    shape = dims(draw, 1, 3)
    x = {"x": spec(one_of(draw, *NUMBERS), shape)}
    form = whole(draw, 0, 3)
    if form == 0:
        return f"paddle.tile(x, {[whole(draw, 1, 3) for _ in range(whole(draw, 1, 4))]})", x, ""
    if form == 1:
        return f"paddle.repeat_interleave(x, {whole(draw, 1, 3)}, axis={axis_of(draw, len(shape))})", x, ""
    if form == 2:
        shape = [1 if flag(draw) else d for d in shape]
        target = [whole(draw, 1, 4) if d == 1 else -1 for d in shape]
        return f"paddle.expand(x, {[whole(draw, 1, 3), *target]})", {"x": spec("f32", shape)}, ""
    return f"paddle.roll(x, {whole(draw, -4, 4)}, axis={axis_of(draw, len(shape))})", x, ""


@strategy
def joined(draw):
    shape = dims(draw, 1, 4)
    axis = axis_of(draw, len(shape))
    dtype = one_of(draw, *NUMBERS, "b8")
    if flag(draw):
        return f"paddle.stack([x, y], axis={axis})", {"x": spec(dtype, shape), "y": spec(dtype, shape)}, ""
    other = [*shape]
    other[axis] = whole(draw, 1, 4)
    return f"paddle.concat([x, y, x], axis={axis})", {"x": spec(dtype, shape), "y": spec(dtype, other)}, ""


@strategy
def parted(draw):
    shape = dims(draw, 1, 4)
    axis = axis_of(draw, len(shape))
    parts = [whole(draw, 1, 3) for _ in range(whole(draw, 1, 3))]
    shape[axis] = sum(parts)
    x = {"x": spec(one_of(draw, *NUMBERS), shape)}
    return one_of(draw, f"paddle.split(x, {parts}, axis={axis})", f"paddle.unbind(x, axis={axis})", f"paddle.split(x, {[*parts[:-1], -1]}, axis={axis})"), x, ""


@strategy
def turned(draw):
    shape = dims(draw, 2, 4)
    diagonal = whole(draw, -2, 2)
    call = one_of(
        draw, f"paddle.flip(x, {axes_of(draw, len(shape))})", f"paddle.tril(x, {diagonal})", f"paddle.triu(x, {diagonal})",
        f"paddle.diagonal(x, {diagonal // 2}, 0, 1)", f"paddle.rot90(x, {whole(draw, -3, 3)}, [0, 1])",
    )  # fmt: skip
    return call, {"x": spec(one_of(draw, "f32", "i64", "f64"), shape)}, ""


@strategy
def created(draw):
    shape = dims(draw, 1, 3)
    dtype = one_of(draw, '"float32"', '"int64"', '"bool"', "None")
    value = one_of(draw, 2, 0.5, 1)
    call = one_of(
        draw, f"paddle.full_like(x, {value}, dtype={dtype})", f"paddle.zeros_like(x, dtype={dtype})", f"paddle.ones_like(x, dtype={dtype})",
        "paddle.full([paddle.shape(x)[0], 3], 1.5)", "paddle.arange(0, paddle.shape(x)[0], 1)", f"paddle.numel(x) + 1",
        f"F.one_hot(paddle.cast(paddle.abs(x) * 0, 'int64'), {whole(draw, 1, 4)})",
    )  # fmt: skip
    return call, {"x": spec(one_of(draw, "f32", "i64"), shape)}, ""


class Enough(BaseException):
    """Ends the drawing; hypothesis takes an Exception for a failure that it should look into."""


def rows(count, number=20261124, strategies=STRATEGIES):
    """`count` different rows (name, text), the same each time for the same numbers."""
    found = {}

    @seed(number)
    @settings(max_examples=20 * count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(strategies)).flatmap(lambda name: st.tuples(st.just(name), strategies[name])))
    def collect(drawn):
        family, (expression, inputs, options) = drawn
        arguments = ", ".join(f"{name}={text}" for name, text in inputs.items())
        layer = options.endswith("layer")
        options = options.removesuffix("layer").rstrip(", ")
        body = f"layer=lambda: {expression}" if layer else f"lambda {', '.join(inputs)}: {expression}"
        found.setdefault(f"{body}, {arguments}" + (f", {options}" if options else ""), family)
        if len(found) == count:
            raise Enough

    try:
        collect()
    except Enough:
        pass
    return [(f"{family}_{i:05}", row) for i, (row, family) in enumerate(found.items())]
