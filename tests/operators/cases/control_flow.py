"""Control flow and tensor arrays: Python's if, for, while, break and continue through to_static, and the static functions."""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

snn = paddle.static.nn


# --- if ---------------------------------------------------------------------------------------------------------------


def if_else(x):
    if x.sum() > 0:
        y = x * 2
    else:
        y = x - 1
    return y


def if_without_else(x):
    y = x + 1
    if x.mean() > 0:
        y = y * 3
    return y


def if_nested(x):
    if x.sum() > 0:
        if x.max() > 2:
            y = x * 2
        else:
            y = x * 3
    elif x.min() < -2:
        y = x - 1
    else:
        y = x
    return y


def if_shapes(x):
    if x.shape[0] > 2:
        y = paddle.concat([x, x], 0)
    else:
        y = x[:1]
    return y


def if_ranks(x):
    if x.sum() > 0:
        y = x
    else:
        y = x.sum(0)
    return (y * 2).reshape([-1])


def if_returns(x):
    if x.sum() > 0:
        return x * 2
    return x - 1


def if_two_results(x):
    if x.sum() > 0:
        a, b = x * 2, paddle.zeros([1], "int64")
    else:
        a, b = x - 1, paddle.ones([1], "int64")
    return a, b


def if_integers(x):
    if x.sum() > 0:
        n = paddle.shape(x)[0]
    else:
        n = paddle.full([], 1, "int64")
    return x.reshape([n, -1])


def if_and_or(x, k):
    if (x.sum() > 0 and k > 2) or not k > 1:
        x = x + 1
    return x


ON = f32["b", 3].values([np.array([[1, 2, 3], [4, 5, 6.0]]), -np.ones((3, 3))])
case("if_else", if_else, x=ON)
case("if_without_else", if_without_else, x=ON)
case("if_nested", if_nested, x=f32["b", 3].values([np.full((2, 3), 1.0), np.full((3, 3), 5.0), np.full((2, 3), -1.0), np.full((2, 3), -5.0)]), sizes=[{}, {}, {}, {}])
case("if_shapes", if_shapes, x=f32["b", 3], opset={"pir": 9})
case("if_ranks", if_ranks, x=ON, opset=11, paddle_cannot={"pir": "one rank for both branches"})
case("if_returns", if_returns, x=ON)
case("if_two_results", if_two_results, x=ON)
case("if_integers", if_integers, x=ON)
case("if_and_or", if_and_or, x=ON, k=i64_value(1, 3), opset=9)

case("cond", lambda x: snn.cond(paddle.sum(x) > 0, lambda: x * 2, lambda: x + 1), static=True, x=ON)
case("cond_list", lambda x: snn.cond(paddle.sum(x) > 0, lambda: [x * 2, x], lambda: [x, x + 1]), static=True, x=ON)
case("cond_constant", lambda x: snn.cond(paddle.full([1], True, "bool"), lambda: x * 2, lambda: x + 1), static=True, x=ON)
case("cond_static_shape", lambda x: snn.cond(paddle.shape(x)[1] > 2, lambda: x * 2, lambda: x + 1), static=True, x=ON)
case("case_three", lambda x, k: snn.case([(k < 1, lambda: x * 2), (k < 2, lambda: x + 1)], lambda: x - 5), static=True, x=ON, k=i64_value(0, 1, 2), sizes=[{}, {}, {"b": 2}], opset=9)
case("switch_case", lambda x, k: snn.switch_case(k, {1: lambda: x * 2, 3: lambda: x + 1}, lambda: x - 5), static=True, x=ON, k=i64_value(1, 3, 2), sizes=[{}, {}, {"b": 2}])
case("switch_case_no_default", lambda x, k: snn.switch_case(k, [lambda: x * 2, lambda: x + 1]), static=True, x=ON, k=i64_value(0, 7))


# --- while ------------------------------------------------------------------------------------------------------------


def while_counts(x, n):
    i = paddle.zeros([1], "int64")
    while i < n:
        x = x * 2 + 1
        i = i + 1
    return x, i


def while_grows(x, n):
    out = x * 1
    i = paddle.zeros([], "int64")
    while i < n:
        out = paddle.concat([out, x], 0)
        i += 1
    return out


def while_changes_rank(x, n):
    y, i = x * 1, paddle.zeros([], "int64")
    while i < n:
        y = y.unsqueeze(0)
        i += 1
    return y.reshape([-1])


def for_range(x, n):
    s = paddle.zeros_like(x)
    for i in range(n):
        s = s + x * i
    return s


def for_rows(x):
    s = paddle.zeros([3], "float32")
    for row in x:
        s = s * 0.5 + row
    return s


def for_enumerate(x):
    s = paddle.zeros([3], "float32")
    for i, row in enumerate(x):
        s = s + row * i
    return s


def break_out(x, n):
    i = paddle.zeros([], "int64")
    while i < 100:
        x = x + 1
        i += 1
        if i >= n:
            break
        x = x * 2
    return x, i


def continue_odd(x, n):
    s = paddle.zeros_like(x)
    for i in range(n):
        if i % 2 == 1:
            continue
        s = s + x * i
    return s


def break_and_continue(x, n):
    s = paddle.zeros_like(x)
    i = paddle.zeros([], "int64")
    while i < 100:
        i += 1
        if i > n:
            break
        if i % 3 == 0:
            continue
        s = s + x * i
    return s


def return_inside(x, n):
    i = paddle.zeros([], "int64")
    while i < 10:
        x = x + 1
        if x.sum() > n:
            return x * 2
        i += 1
    return x


def nested_loops(x, n):
    s = paddle.zeros_like(x)
    for i in range(n):
        for j in range(i):
            s = s + x * j
        s = s * 0.5
    return s


def nested_loop_if(x, n):
    s = paddle.zeros_like(x)
    for i in range(n):
        j = paddle.zeros([], "int64")
        while j < 4:
            if j == i:
                s = s + x
            else:
                if j > i:
                    s = s - 1
            j += 1
    return s


def loop_in_if(x, n):
    if n > 3:
        for i in range(n):
            x = x + i
    else:
        x = x * 2
    return x


case("while_counts", while_counts, x=f32["b", 3], n=i64_value(3, 0), opset=9)
case("while_grows", while_grows, x=f32["b", 3], n=i64_value(3, 0), opset=9)
case("while_grows_from_one", while_grows, x=f32[1, 3], n=i64_value(3, 0), opset=9)
case("while_changes_rank", while_changes_rank, x=f32["b", 3], n=i64_value(3, 0), opset=9)
case("for_range", for_range, x=f32["b", 3], n=i64_value(3, 0), opset=11)
case("for_rows", for_rows, x=f32["b", 3], opset=9)
case("for_enumerate", for_enumerate, x=f32["b", 3], opset=11)
case("break_out", break_out, x=f32["b", 3], n=i64_value(3, 1), opset=9)
case("continue_odd", continue_odd, x=f32["b", 3], n=i64_value(5, 1), opset=11)
case("break_and_continue", break_and_continue, x=f32["b", 3], n=i64_value(5, 0), opset=10)
case("return_inside", return_inside, x=f32["b", 3].range(0, 1), n=f32_value(20, 1000), paddle_cannot={"pir": "one way returns nothing"}, opset={"pdmodel": 9})
case("nested_loops", nested_loops, x=f32["b", 3], n=i64_value(4, 0), opset=11)
case("nested_loop_if", nested_loop_if, x=f32["b", 3], n=i64_value(4, 0), opset=11)
case("loop_in_if", loop_in_if, x=f32["b", 3], n=i64_value(4, 2), opset=11)


def static_while(x, n):
    i = paddle.zeros([1], "int64")
    i, y, same = snn.while_loop(lambda i, y, same: i < n, lambda i, y, same: [i + 1, y * 2 + same, same], [i, x, x + 1])
    return i, y, same * 2


def static_while_in_while(x, n):
    def inner(i, y):
        j = paddle.zeros([1], "int64")
        _, y = snn.while_loop(lambda j, y: j < i, lambda j, y: [j + 1, y + x], [j, y])
        return i + 1, y * 0.5

    # (Not x itself: Paddle 3.3 lets the loop overwrite it.)
    return snn.while_loop(lambda i, y: i < n, inner, [paddle.zeros([1], "int64"), x * 1])[1]


def static_while_cond(x, n):
    def body(i, y):
        return i + 1, snn.cond(i % 2 == 0, lambda: y + x, lambda: y * 2)

    return snn.while_loop(lambda i, y: i < n, body, [paddle.zeros([1], "int64"), x])[1]


case("static_while", static_while, static=True, x=f32["b", 3], n=i64_value([3], [0]), opset=9)
case("static_while_in_while", static_while_in_while, static=True, x=f32["b", 3], n=i64_value([3], [0]), opset=9)
case("static_while_cond", static_while_cond, static=True, x=f32["b", 3], n=i64_value([3], [0]), opset=10)


# --- tensor arrays ----------------------------------------------------------------------------------------------------


def array_write_read(x):
    array = paddle.tensor.create_array("float32")
    zero, one = paddle.zeros([1], "int64"), paddle.ones([1], "int64")
    array = paddle.tensor.array_write(x, zero, array)
    array = paddle.tensor.array_write(x * 2, one, array)
    array = paddle.tensor.array_write(x * 3, zero, array)
    return paddle.tensor.array_read(array, zero), paddle.tensor.array_read(array, one), paddle.tensor.array_length(array)


def array_in_loop(x, n):
    array = paddle.tensor.create_array("float32")
    i = paddle.zeros([1], "int64")
    paddle.tensor.array_write(x, i, array)

    def body(i, y):
        y = paddle.tensor.array_read(array, i) * 2
        i = i + 1
        paddle.tensor.array_write(y, i, array)
        return i, y

    snn.while_loop(lambda i, y: i < n, body, [i, x])
    length = paddle.tensor.array_length(array)
    return paddle.tensor.array_read(array, length - 1), length


def list_append(x, n):
    out = []
    for i in range(n):
        out.append(x * i)
    return paddle.stack(out, 0)


def list_concat(x, n):
    out = []
    out.append(x)
    for i in range(n):
        out.append(x[:, :1] + i)
    return paddle.concat(out, 1)


def list_index(x, n):
    array, one = paddle.tensor.create_array("float32"), paddle.ones([1], "int64")
    array = paddle.tensor.array_write(x, one - 1, array)
    array = paddle.tensor.array_write(x * 2, one, array)

    def body(i):
        both = paddle.tensor.array_read(array, i) + paddle.tensor.array_read(array, i + 1)
        paddle.tensor.array_write(both, i + 2, array)
        paddle.tensor.array_write(both * 0.5, i, array)
        return [i + 1]

    snn.while_loop(lambda i: i < n, body, [one - 1])
    return paddle.tensor.array_read(array, n), paddle.tensor.array_read(array, n - 1), paddle.tensor.array_length(array)


def list_pop(x, n):
    out = []
    for i in range(n):
        out.append(x * i)
    last = out.pop()
    return last, paddle.stack(out, 1)


# One run each: Paddle 2.6 does not empty the arrays of a program between its runs.
ONE, NONE = dict(n=i64_value(3), sizes=[{}]), dict(n=i64_value(0), sizes=[{}])
case("array_write_read", array_write_read, static=True, x=f32["b", 3], sizes=[{}], opset=11)
case("array_in_loop", array_in_loop, static=True, x=f32["b", 3], opset=13, n=i64_value([3]), sizes=[{}])
case("array_in_loop_of_no_turn", array_in_loop, static=True, x=f32["b", 3], opset=13, n=i64_value([0]), sizes=[{}])
case("list_append", list_append, x=f32["b", 3], opset=13, **ONE)
case("list_concat", list_concat, x=f32["b", 3], opset=13, paddle_cannot={"pir": "one shape for all elements"}, **ONE)
case("list_concat_of_no_turn", list_concat, x=f32["b", 3], opset=13, **NONE)
case("list_index", list_index, static=True, x=f32["b", 3], opset=13, **ONE)
case("list_pop", list_pop, x=f32["b", 3], opset=13, **ONE)


# --- arrays without loops, at the first opset of sequences -------------------------------------------------------------


def filled(*tensors):
    array = paddle.tensor.create_array("float32")
    for i, tensor in enumerate(tensors):
        array = paddle.tensor.array_write(tensor, paddle.full([1], i, "int64"), array)
    return array


def to_tensor(array, axis, stack):
    return paddle.tensor.manipulation.tensor_array_to_tensor(array, axis, stack)


case("array_stack", lambda x: to_tensor(filled(x, x + 1), 1, True), static=True, x=f32["b", 3], sizes=[{}], opset=11, paddle_cannot={"pdmodel": "the elements are freed too early"})
case("array_stack_scalars", lambda x: to_tensor(filled(x, x + 1), 0, True), static=True, x=f32[()], sizes=[{}], opset=11, paddle_cannot={"pdmodel": "the elements are freed too early"})
case("array_stack_behind", lambda x: to_tensor(filled(x, x + 1), 1, True), static=True, x=f32["b"], sizes=[{}], opset=11, paddle_cannot={"pdmodel": "the elements are freed too early"})
case("array_concat", lambda x: to_tensor(filled(x, x + 1), 1, False), static=True, x=f32[2, 3], sizes=[{}], opset=11, paddle_cannot={"pdmodel": "the elements are freed too early"})
case("array_concat_index", lambda x: to_tensor(filled(x, x + 1), 0, False)[1], static=True, x=f32["b", 3], sizes=[{}], opset=11, paddle_cannot={"pdmodel": "the elements are freed too early"})
case("array_element", lambda x: filled(x, x + 1)[1], static=True, x=f32["b", 3], sizes=[{}], opset=11)
case("array_slice", lambda x: to_tensor(filled(x, x + 1, x + 2)[1:], 0, True), static=True, x=f32["b", 3], sizes=[{}], opset=13, paddle_cannot={"pdmodel": "the elements are freed too early"})
case("array_assign", lambda x: to_tensor(paddle.assign(filled(x, x + 1)), 0, True), static=True, x=f32["b", 3], sizes=[{}], opset=11, paddle_cannot={"pdmodel": "the elements are freed too early"})
case("array_pop", lambda x: filled(x, x + 1).pop(0), static=True, x=f32["b", 3], sizes=[{}], opset=11)
case("array_like", lambda x: to_tensor(paddle._C_ops.create_array_like(filled(x, x + 1), 3.0), 0, True), static=True, x=f32["b", 3], sizes=[{}], opset=13, paddle_cannot={"pdmodel": "an operator of Paddle 3"})
case("array_add", lambda x: to_tensor(paddle._C_ops.add_n_array([filled(x, x + 1), filled(x * 2, x)]), 0, True), static=True, x=f32["b", 3], sizes=[{}], opset=13, paddle_cannot={"pdmodel": "an operator of Paddle 3"})


# --- at the first opset of everything ----------------------------------------------------------------------------------


def halves(x, n):
    y = x.abs() + 1
    while y.sum() > n:
        y = y * 0.5
    return y


case("while_halves", halves, x=f32["b", 3], n=f32_value(1, 1000))


def selected(x):
    """What programs from before Paddle 2 make of an if whose branches get a value of their own."""
    from paddle.static.nn import control_flow

    positive = paddle.cast(paddle.sum(x) > 0, "int32")
    block = paddle.static.default_main_program().current_block()
    parts = [block.create_var(name=f"part_{i}", shape=x.shape, dtype="float32") for i in range(2)]
    control_flow.select_output(x, parts, positive)
    return control_flow.select_input(parts, positive) * 2


case("select_output", selected, static="older", x=f32["b", 3])


# --- recurrent: the steps of StaticRNN, which Paddle 2.5 was the last to have ---------------------------------------------


def recurrent(step, sequences, initial, reverse=False):
    """As StaticRNN appends it: `step` takes a part of each sequence and the states, and gives the next states and the parts of the outputs."""
    program = paddle.static.default_main_program()
    parent = program.current_block()
    block = program._create_block()
    parts = [block.create_var(name=x.name, shape=x.shape[1:], dtype=x.dtype) for x in sequences]
    before = [block.create_var(name=s.name + ".before", shape=s.shape, dtype=s.dtype) for s in initial]
    states, outputs = step(*parts, *before)
    read = {name for op in block.ops for name in op.input_arg_names}
    program._rollback()
    made = [parent.create_var(name=o.name, shape=[sequences[0].shape[0], *o.shape], dtype=o.dtype) for o in outputs]
    scopes = parent.create_var(name="scopes_of_" + made[0].name, type=paddle.base.core.VarDesc.VarType.STEP_SCOPES)
    outside = [parent._var_recursive(name) for name in sorted(read) if not block.has_var(name)]
    attrs = {"has_states": bool(states), "ex_states": [b.name for b in before], "states": [s.name for s in states], "sub_block": block, "reverse": reverse, "is_train": False}
    parent.append_op(type="recurrent", inputs={"inputs": sequences, "initial_states": initial, "parameters": outside}, outputs={"outputs": made, "step_scopes": [scopes]}, attrs=attrs)
    return made


def elman(x, h):
    h = F.tanh(snn.fc(x, 5) + snn.fc(h, 5, bias_attr=False))
    return [h], [h]


def gated(x, h, c):
    i, f, o, g = paddle.split(snn.fc(paddle.concat([x, h], 1), 20), 4, 1)
    c = F.sigmoid(f) * c + F.sigmoid(i) * F.tanh(g)
    h = F.sigmoid(o) * F.tanh(c)
    return [h, c], [h, c * 2]


def attends(x, m, h):
    weights = F.softmax(paddle.matmul(h, m, transpose_y=True), -1)
    h = F.tanh(x + paddle.matmul(weights, m))
    return [h], [h, weights]


def boot(x, size):
    """The state of a memory that is told its shape only."""
    block = paddle.static.default_main_program().current_block()
    state = block.create_var(name=x.name + ".boot", shape=[-1, size], dtype="float32")
    block.append_op(type="fill_constant_batch_size_like", inputs={"Input": [x]}, outputs={"Out": [state]}, attrs={"shape": [-1, size], "value": 0.5, "dtype": state.dtype, "input_dim_idx": 1, "output_dim_idx": 0})
    return state


def inside_while(x, h):
    """A loop around it carries its last output on."""
    i = paddle.zeros([1], "int64")

    def body(i, h):
        (out,) = recurrent(lambda a, s: ([a * 0.5 + s], [a * 0.5 + s]), [x], [h])
        return [i + 1, out[-1]]

    return snn.while_loop(lambda i, h: i < 3, body, [i, h])[1]


def while_inside(x, s):
    def step(a, s):
        i, s = snn.while_loop(lambda i, s: i < 3, lambda i, s: [i + 1, s + a], [paddle.zeros([1], "int64"), s])
        return [s], [s]

    return recurrent(step, [x], [s])


GONE = {"pir": "Paddle 3 does not translate it"}
case("recurrent", lambda x, h: recurrent(elman, [x], [h]), static="older", x=f32["n", "b", 4], h=f32["b", 5], paddle_cannot=GONE)
case("recurrent_reverse", lambda x, h: recurrent(elman, [x], [h], True), static="older", x=f32["n", "b", 4], h=f32["b", 5], opset=11, paddle_cannot=GONE)
case("recurrent_two_states", lambda x, h, c: recurrent(gated, [x], [h, c]), static="older", x=f32["n", "b", 4], h=f32["b", 5], c=f32["b", 5], paddle_cannot=GONE)
case("recurrent_two_states_reverse", lambda x, h, c: recurrent(gated, [x], [h, c], True), static="older", x=f32["n", "b", 4], h=f32["b", 5], c=f32["b", 5], opset=11, paddle_cannot=GONE)
case("recurrent_two_inputs", lambda x, y, h: recurrent(lambda a, b, h: ([a * h + b], [a - h, h.sum(-1)]), [x, y], [h]), static="older", x=f32["n", "b", 4], y=f32["n", "b", 4], h=f32["b", 4], paddle_cannot=GONE)
case("recurrent_boot", lambda x: recurrent(elman, [x], [boot(x, 5)]), static="older", x=f32["n", "b", 4], opset=8, paddle_cannot=GONE)
case("recurrent_no_states", lambda x: recurrent(lambda a: ([], [a * 2, a.sum(-1)]), [x], []), static="older", x=f32["n", "b", 4], opset=11, paddle_cannot=GONE)
case("recurrent_static_steps", lambda x, h: recurrent(elman, [x], [h]), static="older", x=f32[6, "b", 4], h=f32["b", 5], paddle_cannot=GONE)
case("recurrent_one_step", lambda x, h: recurrent(elman, [x], [h], True), static="older", x=f32["n", "b", 4], h=f32["b", 5], sizes=[{"n": 1}, {"n": 3}], opset=11, paddle_cannot=GONE)
case("recurrent_outer_values", lambda x, m, h: recurrent(lambda a, s: attends(a, m, s), [x], [h]), static="older", x=f32["n", "b", 4], m=f32["h", 4], h=f32["b", 4], paddle_cannot=GONE)
case("recurrent_integers", lambda x, h: recurrent(lambda a, s: ([s + a], [s > a, s]), [x], [h]), static="older", x=i64["n", "b"], h=i64["b"], opset=9, paddle_cannot=GONE)
case("recurrent_f64", lambda x, h: recurrent(lambda a, s: ([s * 0.5 + a], [s]), [x], [h]), static="older", x=f64["n", "b"], h=f64["b"], rtol=1e-12, paddle_cannot=GONE)
case("recurrent_in_recurrent", lambda x, h: recurrent(lambda a, s: ([s + a.sum(0)], recurrent(lambda p, q: ([p + q], [p * q]), [a], [s])), [x], [h]), static="older", x=f32["n", 3, "b"], h=f32["b"], paddle_cannot=GONE)
case("recurrent_after_recurrent", lambda x, h: recurrent(elman, recurrent(elman, [x], [h], True), [h]), static="older", x=f32["n", "b", 5], h=f32["b", 5], opset=11, paddle_cannot=GONE)
case("recurrent_in_while", inside_while, static="older", x=f32["n", "b", 4], h=f32["b", 4], opset=9, paddle_cannot=GONE)
case("while_in_recurrent", while_inside, static="older", x=f32["n", "b", 4], s=f32["b", 4], opset=9, paddle_cannot=GONE)

# --- programs of Paddle 2.6, and what Paddle 3 translates them to
case("translated_cond", lambda x: snn.cond(paddle.sum(x) > 0, lambda: x * 2, lambda: x + 1), static="older", x=ON)
case("translated_cond_list", lambda x: snn.cond(paddle.sum(x) > 0, lambda: [x * 2, x], lambda: [x, x + 1]), static="older", x=ON)
case("translated_case", lambda x, k: snn.case([(k < 1, lambda: x * 2), (k < 2, lambda: x + 1)], lambda: x - 5), static="older", x=ON, k=i64_value([0], [1]), opset=9)
case("translated_switch", lambda x, k: snn.switch_case(k, {1: lambda: x * 2, 3: lambda: x + 1}, lambda: x - 5), static="older", x=ON, k=i64_value([3], [2]))
case("translated_while", static_while, static="older", x=f32["b", 3], n=i64_value([3], [0]), opset=9)
case("translated_while_in_while", static_while_in_while, static="older", x=f32["b", 3], n=i64_value([3], [0]), opset=9)
case("translated_while_cond", static_while_cond, static="older", x=f32["b", 3], n=i64_value([3], [0]), opset=10)
case("translated_array", array_write_read, static="older", x=f32["b", 3], sizes=[{}], opset=11)
case("translated_array_in_loop", array_in_loop, static="older", x=f32["b", 3], opset=13, n=i64_value([3]), sizes=[{}])


# --- PyLayer: a forward and a backward of the user's own ----------------------------------------------------------------


class Swish(paddle.autograd.PyLayer):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * F.sigmoid(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensor()
        return dy * F.sigmoid(x)


class Halves(paddle.autograd.PyLayer):
    @staticmethod
    def forward(ctx, x, y):
        return x / 2 + y, x - y / 2

    @staticmethod
    def backward(ctx, dx, dy):
        return dx / 2 + dy, dx - dy / 2


def pylayer(net, x):
    return Swish.apply(net(x)) + 1


def pylayer_twice(x):
    return Swish.apply(Swish.apply(x))


def pylayer_two_results(x, y):
    return Halves.apply(x, y)


def pylayer_in_if(x):
    if x.sum() > 0:
        y = Swish.apply(x * 2)
    else:
        y = Swish.apply(x) - 1
    return y


def pylayer_in_while(x):
    i = paddle.zeros([1], "int64")
    while i < 3:
        x = Swish.apply(x)
        i += 1
    return x


def pylayer_static(x):
    x.stop_gradient = False
    return snn.static_pylayer(lambda a: paddle.exp(a) * 2, [x], lambda dy: paddle.tanh(dy)) + 1


case("pylayer", pylayer, layer=lambda: nn.Linear(4, 4), x=f32["b", 4])
case("pylayer_twice", pylayer_twice, x=f32["b", 4], paddle_cannot={"pdmodel": "IndexError in its normalize_program"})
case("pylayer_two_results", pylayer_two_results, x=f32["b", 4], y=f32["b", 4])
case("pylayer_in_if", pylayer_in_if, x=f32["b", 4])
case("pylayer_in_while", pylayer_in_while, x=f32["b", 4], opset=9)
case("pylayer_static", pylayer_static, static=True, x=f32["b", 4])
