"""The second draw (`--further`): data formats, paddings of every kind, computed shapes, NaN and infinity, empty batches, layers in a row."""
from draw import FLOATS, NUMBERS, axes_of, axis_of, dims, flag, image, one_of, spec, whole
from hypothesis import strategies as st

STRATEGIES = {}
CLOSE = "rtol=1e-3, atol=1e-4"
IMAGES = {1: ("NCL", "NLC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def strategy(function):
    STRATEGIES[function.__name__] = st.composite(function)()
    return function


def numbers(draw, count, low, high):
    return [whole(draw, low, high) for _ in range(count)]


def paddings(draw, rank):
    """Paddings as a layer takes them; up to one less than the smallest kernel, 2."""
    return one_of(draw, '"SAME"', '"VALID"', str(numbers(draw, 2 * rank, 0, 1)), str(numbers(draw, rank, 0, 1)), "1", "0")


# --- values -----------------------------------------------------------------------------------------------------------

ANY_VALUE = ["sin", "tanh", "atan", "exp", "floor", "ceil", "abs", "square", "sign", "trunc", "isnan", "isinf", "isfinite", "log", "log1p", "neg", "reciprocal"]
INFINITE = ["relu(x)", "relu6(x)", "sigmoid(x)", "leaky_relu(x, 0.2)", "elu(x, 0.7)", "hardtanh(x, -0.4, 0.8)", "hardsigmoid(x)", "softplus(x)", "selu(x)", "softsign(x)"]


@strategy
def special_values(draw):
    x = spec(one_of(draw, "f32", "f32", "f64"), [*dims(draw, 0, 2), 30])
    form = whole(draw, 0, 5)
    if form == 0:
        return f"F.{one_of(draw, *INFINITE)}", {"x": x + ".infinite()"}, ""
    if form == 1:
        call = one_of(draw, "paddle.add(x, y)", "paddle.multiply(x, y)", "paddle.divide(x, y)", "x < y", "x >= y", "paddle.equal(x, y)", "paddle.not_equal(x, y)", "paddle.fmax(x, y)", "paddle.fmin(x, y)")
        return call, {"x": x + ".nonfinite()", "y": x + ".nonfinite()"}, ""
    if form == 2:
        call = one_of(draw, "paddle.sum(x, -1)", "paddle.mean(x)", "paddle.any(paddle.isnan(x), -1)", "paddle.nansum(x, -1)", "paddle.where(paddle.isfinite(x), x, paddle.zeros_like(x))", "paddle.nan_to_num(x)", "paddle.clip(x, -1, 1)", "paddle.cumsum(x, -1)")
        return call, {"x": x + ".nonfinite()"}, ""
    if form == 3:
        return one_of(draw, "paddle.max(x, -1)", "paddle.min(x)", "paddle.argmax(x, -1)", "paddle.maximum(x, -x)", "paddle.logsumexp(x, -1)"), {"x": x + ".infinite()"}, CLOSE
    return f"paddle.{one_of(draw, *ANY_VALUE)}(x)", {"x": x + ".nonfinite()"}, CLOSE


@strategy
def empty(draw):
    """A batch of nothing, then one of two."""
    shape = ["b", *dims(draw, 1, 3, dynamic=False)]
    axis = whole(draw, 1, len(shape) - 1)
    call = one_of(
        draw, f"paddle.sum(x, {axis})", f"paddle.mean(x, {axis}, keepdim=True)", f"F.softmax(x, {axis})", "F.relu(x) + 1", f"paddle.concat([x, x], {axis})", "paddle.concat([x, x], 0)",
        "paddle.flatten(x, 1)", f"paddle.unsqueeze(x, {axis})", f"paddle.stack([x, x], {axis})", "paddle.tile(x, [2, 1])", "x[:, 0]", f"paddle.flip(x, {axis})", "paddle.cast(x, 'int64')",
        f"paddle.transpose(x, {[1, 0, *range(2, len(shape))]})", f"paddle.split(x, [1, -1], {axis})" if shape[axis] > 1 else "x * 2", "paddle.shape(x)", "paddle.where(x > 0, x, x * 2)",
    )  # fmt: skip
    return call, {"x": spec(one_of(draw, "f32", "f32", "i64") if "soft" not in call and "mean" not in call and "relu" not in call else "f32", shape)}, "sizes=[{\"b\": 0}, {\"b\": 2}]"


@strategy
def integers(draw):
    dtype = one_of(draw, "i32", "i64")
    shape = dims(draw, 0, 4)
    x, y = spec(dtype, shape), spec(dtype, shape)
    form = whole(draw, 0, 3)
    if form == 0:
        return f"x {one_of(draw, '//', '%')} y", {"x": x + ".ints(-20, 20)", "y": y + one_of(draw, ".ints(1, 9)", ".ints(-9, 0)")}, ""
    if form == 1:
        return f"x {one_of(draw, '+', '-', '*', '//', '%', '/', '**')} {whole(draw, 1, 4)}", {"x": x}, ""
    if form == 2:
        return one_of(draw, "paddle.bitwise_and(x, y)", "paddle.bitwise_or(x, y)", "paddle.bitwise_xor(x, y)", "paddle.bitwise_not(x) + y", "paddle.maximum(x, y)", "paddle.minimum(x, y)"), {"x": x, "y": y}, ""
    return one_of(draw, "-x + y.abs()", "x * (y > 0).astype(x.dtype)", "paddle.clip(x, -2, 3) + y", "paddle.where(x > y, x, y)", "paddle.sign(x) * y", "(x + y).astype('float32') / 3"), {"x": x, "y": y}, ""


# --- images -----------------------------------------------------------------------------------------------------------


@strategy
def convolution_of_formats(draw):
    rank = one_of(draw, 1, 2, 2, 3)
    layout = one_of(draw, *IMAGES[rank])
    groups = one_of(draw, 1, 1, 2, 4)
    inside, outside = groups * whole(draw, 1, 2), groups * whole(draw, 1, 2)
    padding = paddings(draw, rank)
    more = ""
    if padding in ("1", "0") and flag(draw) and rank < 3:
        more = f', padding_mode="{one_of(draw, "reflect", "replicate", "circular")}"'
    kernel = [whole(draw, 1, 4) for _ in range(rank)]
    # A window that is wider than the image is none: Paddle computes one beyond its end.
    dilation = numbers(draw, rank, 1, 2) if rank < 3 else 1
    layer = f'nn.Conv{rank}D({inside}, {outside}, {kernel}, stride={numbers(draw, rank, 1, 3)}, padding={padding}, dilation={dilation}, groups={groups}{more}, data_format="{layout}")'
    return layer, {"x": spec("f32", image(draw, rank, inside, layout, 8))}, CLOSE + ", layer"


@strategy
def transposed_convolution_of_formats(draw):
    rank = one_of(draw, 1, 2, 2, 3)
    layout = one_of(draw, *IMAGES[rank])
    groups = one_of(draw, 1, 1, 2)
    inside, outside = groups * whole(draw, 1, 2), groups * whole(draw, 1, 2)
    stride = numbers(draw, rank, 1, 3)
    padding = paddings(draw, rank)
    more = f", output_padding={[whole(draw, 0, s - 1) for s in stride]}" if flag(draw) and "A" not in padding else ""
    layer = f'nn.Conv{rank}DTranspose({inside}, {outside}, {numbers(draw, rank, 2, 4)}, stride={stride}, padding={padding}{more}, dilation={one_of(draw, 1, 1, 2)}, groups={groups}, data_format="{layout}")'
    return layer, {"x": spec("f32", image(draw, rank, inside, layout, 4))}, CLOSE + ", layer"


@strategy
def pooling_of_formats(draw):
    rank = one_of(draw, 1, 2, 2, 3)
    layout = IMAGES[rank][0] if rank == 1 else one_of(draw, *IMAGES[rank])
    padding = paddings(draw, rank)
    kernel = numbers(draw, rank, 2, 4)
    stride = [whole(draw, 1, k) for k in kernel]
    form = f', data_format="{layout}"' if rank > 1 else ""
    ceil = flag(draw) and "A" not in padding
    sizes = ", ".join((f"{kernel}", f"stride={stride}", f"padding={padding}", f"ceil_mode={ceil}"))
    if flag(draw):
        return f"nn.MaxPool{rank}D({sizes}{form})", {"x": spec("f32", image(draw, rank, 2, layout, 6))}, "layer"
    return f"nn.AvgPool{rank}D({sizes}, exclusive={flag(draw)}{form})", {"x": spec("f32", image(draw, rank, 2, layout, 6))}, "layer"


@strategy
def interpolation_computed(draw):
    mode, rank = one_of(draw, ("nearest", 2), ("bilinear", 2), ("bicubic", 2), ("linear", 1), ("trilinear", 3), ("nearest", 3))
    layout = IMAGES[rank][0] if rank > 1 else "NCW"
    if rank == 2 and flag(draw):
        layout = "NHWC"
    corners = flag(draw) and mode != "nearest"
    more = f'mode="{mode}", align_corners={corners}, align_mode={whole(draw, 0, 1)}, data_format="{layout}"'
    x = {"x": spec("f32", image(draw, rank, 2, layout, 5))}
    form = whole(draw, 0, 2)
    if form == 0:
        return f"F.interpolate(x, size=s, {more})", x | {"s": f"i32_value({numbers(draw, rank, 2, 15)}, {numbers(draw, rank, 2, 15)})"}, CLOSE
    if form == 1:
        at = layout.index({1: "W", 2: "H", 3: "D"}[rank])
        return f"F.interpolate(x, size=[{', '.join(f'paddle.shape(x)[{at + i}] {one_of(draw, chr(42) + chr(32) + chr(50), chr(43) + chr(32) + chr(51))}' for i in range(rank))}], {more})", x, CLOSE
    return f"F.interpolate(x, size={numbers(draw, rank, 1, 15)}, {more})", {"x": spec(one_of(draw, "f32", "f64"), image(draw, rank, 2, layout, 5))}, CLOSE


@strategy
def channels(draw):
    layout = one_of(draw, "NCHW", "NHWC")
    shape = lambda c: image(draw, 2, c, layout, 4)  # noqa: E731
    form = whole(draw, 0, 5)
    if form == 0:
        return f'F.pixel_shuffle(x, {(r := whole(draw, 2, 3))}, data_format="{layout}")', {"x": spec("f32", shape(r * r * whole(draw, 1, 2)))}, ""
    if form == 1:
        return f'F.channel_shuffle(x, {(r := whole(draw, 2, 3))}, data_format="{layout}")', {"x": spec("f32", shape(2 * r))}, ""
    if form == 2:
        return f"F.unfold(x, {numbers(draw, 2, 1, 3)}, strides={numbers(draw, 2, 1, 3)}, paddings={numbers(draw, 2, 0, 2)}, dilations={whole(draw, 1, 2)})", {"x": spec("f32", ["b", 2, whole(draw, 6, 9), whole(draw, 6, 9)])}, ""
    if form == 3:
        mode, edge, corners = one_of(draw, "bilinear", "nearest"), one_of(draw, "zeros", "border", "reflection"), flag(draw)
        return f'F.grid_sample(x, g, mode="{mode}", padding_mode="{edge}", align_corners={corners})', {"x": spec("f32", ["b", 2, "h", "w"]), "g": spec("f32", ["b", whole(draw, 2, 5), whole(draw, 2, 5), 2], ".range(-1.4, 1.4)")}, CLOSE
    if form == 4:
        return f"F.affine_grid(t, [2, 3, {whole(draw, 2, 6)}, {whole(draw, 2, 6)}], align_corners={flag(draw)})", {"t": spec("f32", [2, 2, 3])}, CLOSE
    return f"F.maxout(x, {(r := whole(draw, 2, 3))}, axis=1)", {"x": spec("f32", ["b", r * 2, "h", "w"])}, ""


@strategy
def normalisation_of_formats(draw):
    rank, channels = one_of(draw, 1, 2, 3), one_of(draw, 4, 6)
    layout = one_of(draw, *IMAGES[rank])
    plain = one_of(draw, "", ", weight_attr=False", ", bias_attr=False", ", weight_attr=False, bias_attr=False")
    form = whole(draw, 0, 3)
    if form == 0:
        return f'nn.BatchNorm{rank}D({channels}{plain}, use_global_stats={one_of(draw, None, True)}, data_format="{layout}")', {"x": spec("f32", image(draw, rank, channels, layout, 3))}, CLOSE + ", layer"
    if form == 1:
        at = whole(draw, 1, 2)
        shape = [*dims(draw, at, at), *numbers(draw, whole(draw, 1, 2), 2, 5)]
        return f"nn.LayerNorm({shape[at:]}{plain})", {"x": spec("f32", shape)}, CLOSE + ", layer"
    if form == 2:
        shape = dims(draw, 1, 4)
        return f"F.normalize(x, p={one_of(draw, 1, 2, 3)}, axis={axis_of(draw, len(shape))})", {"x": spec(one_of(draw, *FLOATS), shape)}, CLOSE
    layout = one_of(draw, "NCHW", "NHWC")
    return f'nn.GroupNorm({one_of(draw, 1, 2, channels)}, {channels}{plain}, data_format="{layout}")', {"x": spec("f32", image(draw, 2, channels, layout, 3))}, CLOSE + ", layer"


LAYERS = ["nn.ReLU()", "nn.Hardswish()", "nn.Swish()", "nn.GELU()", "nn.BatchNorm2D(4)", "nn.Dropout(0.3)", "nn.Dropout(0.3, mode='downscale_in_infer')", "nn.MaxPool2D(2)",
          "nn.MaxPool2D(3, 2, 1, ceil_mode=True)", "nn.AvgPool2D(2, ceil_mode=True)", "nn.Conv2D(4, 4, 3, padding=1)", "nn.Conv2D(4, 4, 3, stride=2, padding='SAME')", "nn.Conv2D(4, 4, 3, groups=4)",
          "nn.Conv2DTranspose(4, 4, 2, stride=2)", "nn.Upsample(scale_factor=2)", "nn.Upsample(size=[13, 17], mode='bilinear')", "nn.Softmax(1)", "nn.InstanceNorm2D(4)", "nn.GroupNorm(2, 4)",
          "nn.PReLU(4)", "nn.Pad2D([1, 0, 2, 1], mode='reflect')", "nn.ZeroPad2D(1)"]  # fmt: skip
ENDS = ["", ", nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(4, 5)", ", nn.AdaptiveAvgPool2D(1), nn.Flatten(1), nn.Linear(4, 3), nn.Softmax()", ", nn.AdaptiveAvgPool2D(3)", ", nn.Flatten(2)"]


@strategy
def layers(draw):
    """Some layers in a row, from an image of open size."""
    row = [one_of(draw, *LAYERS) for _ in range(whole(draw, 2, 5))]
    return f"nn.Sequential({', '.join(row)}{one_of(draw, *ENDS)})", {"x": spec("f32", ["b", 4, *one_of(draw, ("h", "w"), (24, 20))])}, CLOSE + ", sizes=[{\"h\": 28, \"w\": 24}, {\"h\": 33, \"w\": 26}], layer"


# --- sequences --------------------------------------------------------------------------------------------------------


@strategy
def recurrent(draw):
    name, direction = one_of(draw, "LSTM", "GRU", "SimpleRNN"), one_of(draw, "forward", "bidirect")
    count, major = whole(draw, 1, 2), flag(draw)
    more = f', activation="{one_of(draw, "tanh", "relu")}"' if name == "SimpleRNN" else ""
    layer = f'nn.{name}(3, 4, num_layers={count}, direction="{direction}", time_major={major}{more})'
    return layer, {"x": spec("f32", [*(("t", "b") if major else ("b", one_of(draw, "t", 5))), 3])}, CLOSE + ", layer"


@strategy
def attention(draw):
    if flag(draw):
        heads = one_of(draw, 1, 2)
        return f"nn.TransformerEncoderLayer(4, {heads}, 8, dropout=0.1, activation=\"{one_of(draw, 'relu', 'gelu')}\", normalize_before={flag(draw)})", {"x": spec("f32", ["b", one_of(draw, "n", 5), 4])}, CLOSE + ", layer"
    call = f"F.softmax(paddle.matmul(q, k, transpose_y=True) * {one_of(draw, 0.5, 1.25)}{one_of(draw, '', ' + m')}, -1) @ k"
    return call, {"q": spec("f32", ["b", 2, "n", 4]), "k": spec("f32", ["b", 2, "m", 4])} | ({"m": spec("f32", ["b", 1, "n", "m"])} if "+ m" in call else {}), CLOSE


@strategy
def einsum(draw):
    sizes = {c: whole(draw, 1, 4) for c in "abcd"}
    left, right = ("".join(draw(st.lists(st.sampled_from("abcd"), unique=True, min_size=1, max_size=4))) for _ in range(2))
    letters = sorted({*left, *right})
    out = "".join(draw(st.lists(st.sampled_from(letters), unique=True, max_size=len(letters))))
    return f'paddle.einsum("{left},{right}->{out}", x, y)', {"x": spec("f32", [sizes[c] for c in left]), "y": spec("f32", [sizes[c] for c in right])}, CLOSE


# --- shapes and places that are computed ------------------------------------------------------------------------------


@strategy
def computed_shapes(draw):
    a, b = whole(draw, 1, 4), whole(draw, 1, 4)
    dtype = one_of(draw, *NUMBERS)
    forms = [
        (f"paddle.reshape(x, [n, -1])", spec(dtype, [2 * a, 3, b]), "i32_value(2, 3)"),
        (f"paddle.reshape(x, [paddle.shape(x)[0], -1, {b}])", spec(dtype, ["b", a, b]), None),
        (f"paddle.reshape(x, [0, paddle.shape(x)[1] * {b}])", spec(dtype, ["b", "n", b]), None),
        (f"paddle.expand(x, [n, {a}, -1])", spec(dtype, [1, a, b]), "i32_value(2, 3)"),
        (f"paddle.expand(x, [paddle.shape(x)[0], n, {b}])", spec(dtype, ["b", 1, b]), "i32_value(4, 1)"),
        (f"paddle.tile(x, [n, {a}])", spec(dtype, ["b", b]), "i32_value(2, 3)"),
        (f"x[:, n:]", spec(dtype, ["b", 4 + a]), "i32_value(1, -2)"),
        (f"x[n]", spec(dtype, [6, a]), "i64_value(1, -1)"),
        (f"paddle.slice(x, [1], [n], [{a + 3}])", spec(dtype, ["b", a + 4]), "i32_value(0, 2)"),
        (f"paddle.full([n, {a}], {b}, dtype=x.dtype) + x", spec(dtype, [a]), "i32_value(2, 3)"),
        (f"paddle.topk(x, n, -1)", spec(one_of(draw, "f32", "i64"), [3, 5 + a], ".unique()"), "i32_value(2, 4)"),
        (f"paddle.arange(n) + x", spec("i64", [1]), "i64_value(3, 5)"),
        (f"paddle.strided_slice(x, [1], [n], [{a + 4}], [2])", spec(dtype, ["b", a + 4]), "i32_value(0, 2)"),
        (f"F.one_hot(x, {a + 3})", spec("i64", ["b", "n"], f".ints(0, {a + 3})"), None),
        (f"paddle.split(x, [{a}, -1], 1)", spec(dtype, ["b", "n", b], ""), None),
        (f"paddle.concat([x, x[:, :{a}]], 1)", spec(dtype, ["b", "n"]), None),
        (f"paddle.meshgrid(paddle.arange(paddle.shape(x)[1]), paddle.arange({b}))", spec("f32", ["b", "n"]), None),
    ]
    call, x, n = one_of(draw, *forms)
    return call, {"x": x} | ({"n": n} if n else {}), ""


@strategy
def written(draw):
    """Elements that are replaced: by a slice, at indices, where a mask says."""
    shape = dims(draw, 1, 3, dynamic=False)
    shape[0] += 2
    dtype = one_of(draw, "f32", "f32", "i64", "f64")
    x, row = spec(dtype, shape), shape[1:]
    count = whole(draw, 1, shape[0])
    form = whole(draw, 0, 6)
    at = f"paddle.to_tensor({draw(st.permutations(range(shape[0])))[:count]})"
    if form == 0:
        return f"paddle.scatter(x, {at}, u, overwrite={flag(draw)})", {"x": x, "u": spec(dtype, [count, *row])}, ""
    if form == 1:
        depth = whole(draw, 1, len(shape))
        return "paddle.scatter_nd_add(x, i, u)", {"x": x, "i": spec("i64", ["n", depth], f".ints(0, {min(shape[:depth])})"), "u": spec(dtype, ["n", *shape[depth:]])}, CLOSE
    if form == 2:
        axis = axis_of(draw, len(shape))
        reduce = one_of(draw, "assign", "add", "multiply")
        index = [*shape]
        index[axis] = 1
        return f'paddle.put_along_axis(x, i, u, {axis}, reduce="{reduce}")', {"x": x, "i": spec("i64", index, f".ints(0, {shape[axis]})"), "u": spec(dtype, index)}, CLOSE
    if form == 3:
        axis = whole(draw, 0, len(shape) - 1)
        return f"paddle.index_add(x, i, {axis}, u)", {"x": x, "i": spec("i64", [3], f".ints(0, {shape[axis]})"), "u": spec(dtype, [*shape[:axis], 3, *shape[axis + 1 :]])}, CLOSE
    if form == 4:
        return one_of(draw, "paddle.masked_fill(x, m, 2.0)", "paddle.masked_select(x, m)", "paddle.where(m, x, x * 2)"), {"x": spec("f32", shape), "m": spec("b8", shape)}, ""
    start, stop, step = whole(draw, 0, shape[0] - 1), whole(draw, 1, shape[0]), one_of(draw, 1, 1, 2)
    index = f"slice({start}, {max(stop, start + 1)}, {step})" if form == 5 else f"(slice(None), {whole(draw, 0, shape[1] - 1)})" if len(shape) > 1 else f"{start}"
    return f"paddle.static.setitem(x * 1, {index}, {one_of(draw, 2, 7)})", {"x": x}, ""


@strategy
def losses(draw):
    reduction = one_of(draw, "mean", "sum", "none")
    shape = ["b", whole(draw, 2, 5)]
    pair = {"x": spec("f32", shape), "y": spec("f32", shape)}
    form = whole(draw, 0, 3)
    if form == 0:
        return f'F.{one_of(draw, "mse_loss", "l1_loss", "smooth_l1_loss")}(x, y, reduction="{reduction}")', pair, CLOSE
    if form == 1:
        return f'F.binary_cross_entropy_with_logits(x, y, reduction="{reduction}")', {"x": pair["x"], "y": pair["y"] + ".range(0, 1)"}, CLOSE
    if form == 2:
        return f'F.cross_entropy(x, y, reduction="{reduction}")', {"x": pair["x"], "y": spec("i64", ["b"], f".ints(0, {shape[1]})")}, CLOSE
    return f'F.kl_div(x, y, reduction="{reduction}")', {"x": pair["x"], "y": pair["y"] + ".range(0.1, 1)"}, CLOSE


@strategy
def reordered(draw):
    """Two or three changes of shape one after the other, where a converter may fold."""
    shape = dims(draw, 3, 4)
    rank = len(shape)
    steps = []
    for _ in range(whole(draw, 2, 3)):
        steps.append(one_of(
            draw, f"transpose({draw(st.permutations(range(rank)))})", f"flip({axes_of(draw, rank)})", f"unsqueeze({(at := whole(draw, 0, rank))}).squeeze({at})", "flatten(1).unsqueeze(1)" if rank == 3 else "abs()",
            f"cumsum({axis_of(draw, rank)})", f"roll({whole(draw, -2, 2)}, {axis_of(draw, rank)})", f"max({whole(draw, 0, rank - 1)}, keepdim=True)", f"tile({numbers(draw, rank, 1, 2)})",
        ))  # fmt: skip
    return f"x.{'.'.join(steps)}", {"x": spec(one_of(draw, "f32", "i64"), shape)}, ""
