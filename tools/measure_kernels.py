"""Writes src/graph/kernels.inc: which element types each ONNX operator can be computed in, per definition.

A type counts if ONNX Runtime's CPU provider loads a one-node model with it: both the definition and a kernel must
take it (ONNX Runtime puts casts around float16 kernels by itself). Run in the judge environment, after a new onnxruntime or
onnx release:  python tools/measure_kernels.py > src/graph/kernels.inc
"""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import defs, helper

DTYPES = {"b": T.BOOL, "c": T.INT8, "C": T.UINT8, "s": T.INT16, "S": T.UINT16, "i": T.INT32, "I": T.UINT32, "l": T.INT64,
          "L": T.UINT64, "h": T.FLOAT16, "g": T.BFLOAT16, "f": T.FLOAT, "d": T.DOUBLE}
IR = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10,
      23: 11, 24: 12, 25: 13, 26: 13, 27: 13, 28: 14}
OPSETS = [v for v in IR if v <= defs.onnx_opset_version()]

D = [1, 2, 4, 4]  # the shape of every data input: fits convolutions, pools, resizes and elementwise operators alike


def const(name, array):
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def axes(values):
    return lambda opset, since: {"axes": values}


# "operator:reduction" is the operator with this attribute.
# operator: (number of data inputs, attributes, constant inputs behind them (name, array), outputs)
ELEMENTWISE_1 = """Neg Abs Exp Log Sqrt Tanh Sigmoid Erf Floor Ceil Round Relu LeakyRelu Elu Selu Celu Softplus Softsign HardSigmoid
HardSwish ThresholdedRelu Sign Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Reciprocal IsNaN IsInf Not Softmax LogSoftmax
Hardmax Shrink Gelu Mish Swish GlobalAveragePool GlobalMaxPool ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
ReduceLogSumExp ReduceSumSquare ReduceLogSum ArgMax ArgMin NonZero Trilu Det Identity Flatten Unique BitwiseNot Clip""".split()
ELEMENTWISE_2 = """Add Sub Mul Div Pow Min Max Equal Less Greater LessOrEqual GreaterOrEqual And Or Xor Mod PRelu MatMul Sum Mean
BitwiseAnd BitwiseOr BitwiseXor""".split()

i64 = lambda *v: np.array(v, np.int64)
CASES = {op: (1, {}, [], 1) for op in ELEMENTWISE_1}
CASES |= {op: (2, {}, [], 1) for op in ELEMENTWISE_2}
CASES |= {
    "Concat": (2, {"axis": 1}, [], 1),
    "CumSum": (1, {}, [np.array(1, np.int64)], 1),
    "CumProd": (1, {}, [np.array(1, np.int64)], 1),
    "TopK": (1, {"k": 1}, [i64(1)], 2),
    "Conv": (2, {}, [], 1),
    "ConvTranspose": (2, {}, [], 1),
    "MaxPool": (1, {"kernel_shape": [2, 2]}, [], 1),
    "AveragePool": (1, {"kernel_shape": [2, 2]}, [], 1),
    "LpPool": (1, {"kernel_shape": [2, 2]}, [], 1),
    "LRN": (1, {"size": 3}, [], 1),
    "BatchNormalization": (-5, {}, [], 1),
    "InstanceNormalization": (-3, {}, [], 1),
    "GroupNormalization": (-3, {"num_groups": 2}, [], 1),
    "LayerNormalization": (-2, {}, [], 1),
    "RMSNormalization": (-2, {}, [], 1),
    "Gather": (1, {}, [i64(0)], 1),
    "GatherND": (1, {}, [i64(0)], 1),
    "GatherElements": (1, {}, [np.zeros(D, np.int64)], 1),
    "ScatterND": ("data+updates1", {}, [], 1),
    "ScatterElements": ("scatter", {}, [], 1),
    "Expand": (1, {}, [i64(2, 2, 4, 4)], 1),
    "Tile": (1, {}, [i64(1, 1, 1, 2)], 1),
    "Reshape": (1, {}, [i64(-1)], 1),
    "Transpose": (1, {}, [], 1),
    "Slice": (1, {"starts": [0], "ends": [1]}, [i64(0), i64(1)], 1),
    "Split": (1, {"axis": 1}, [], 2),
    "Pad": (1, {"pads": [0] * 8}, [i64(*[0] * 8)], 1),
    "Resize": ("resize", {}, [], 1),
    "Where": ("where", {}, [], 1),
    "OneHot": ("onehot", {}, [], 1),
    "Range": ("range", {}, [], 1),
    "DepthToSpace": (1, {"blocksize": 2}, [], 1),
    "SpaceToDepth": (1, {"blocksize": 2}, [], 1),
    "GridSample": ("grid", {}, [], 1),
    "Einsum": (1, {"equation": "abcd->ab"}, [], 1),
    "ConstantOfShape": ("fill", {}, [], 1),
    "EyeLike": ("eye", {}, [], 1),
    "Bernoulli": (1, {}, [], 1),
    "Gemm": ("shapes", {}, [[2, 3], [3, 4], [2, 4]], 1),
    "LSTM": ("shapes", {"hidden_size": 2}, [[3, 1, 4], [1, 8, 4], [1, 8, 2]], 1),
    "GRU": ("shapes", {"hidden_size": 2}, [[3, 1, 4], [1, 6, 4], [1, 6, 2]], 1),
    "RNN": ("shapes", {"hidden_size": 2}, [[3, 1, 4], [1, 2, 4], [1, 2, 2]], 1),
}


REDUCTIONS = {"add": 16, "mul": 16, "max": 18, "min": 18}  # and the opset that has each
CASES |= {f"{op}:{reduction}": CASES[op] for op in ("ScatterElements", "ScatterND") for reduction in REDUCTIONS}


def model(op, opset, since, code):
    t = DTYPES[code]
    spec, attributes, constants, outputs = CASES[op]
    attributes = dict(attributes)
    op, _, reduction = op.partition(":")
    if reduction:
        attributes["reduction"] = reduction
    graph_inputs, names, inits = [], [], []

    def data(shape=D, dtype=t):
        name = f"x{len(names)}"
        graph_inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        names.append(name)

    def constant(array):
        name = f"c{len(names)}"
        inits.append(const(name, array))
        if IR[opset] < 4:
            graph_inputs.append(helper.make_tensor_value_info(name, inits[-1].data_type, list(np.shape(array))))
        names.append(name)

    if isinstance(spec, int):
        count = abs(spec)
        for i in range(count):
            if op in ("Conv", "ConvTranspose") and i == 1:
                data([2, 2, 2, 2])
            elif spec < 0 and i > 0:
                data([4] if op in ("LayerNormalization", "RMSNormalization") else [2])
            else:
                data()
        schema = defs.get_schema(op, opset)
        for array in constants if len(schema.inputs) > count else []:
            constant(array)
        attributes = {k: v for k, v in attributes.items() if k in schema.attributes}
    elif spec == "data+updates1":
        data(); constant(np.array([[0]], np.int64)); data([1, 2, 4, 4])
    elif spec == "scatter":
        data(); constant(np.zeros(D, np.int64)); data()
    elif spec == "shapes":
        for shape in constants:
            data(shape)
    elif spec == "where":
        data(dtype=T.BOOL); data(); data()
    elif spec == "onehot":
        data([2], T.INT64); constant(np.array(4, np.int64)); data([2])
    elif spec == "range":
        data([]); data([]); data([])
    elif spec == "grid":
        data(); data([1, 3, 3, 2], T.FLOAT)
    elif spec == "fill":
        constant(i64(2, 2))
        attributes = {"value": helper.make_tensor("v", t, [1], [1])}
    elif spec == "eye":
        data([2, 2], T.FLOAT); attributes = {"dtype": t}
    elif spec == "resize":
        data()
        if opset >= 11:
            constant(np.zeros(0, np.float32))
        constant(np.array([1, 1, 2, 2], np.float32))
    outs = [f"y{i}" for i in range(outputs)]
    if op == "Split" and opset >= 18:
        attributes["num_outputs"] = 2
    node = helper.make_node(op, names, outs, **attributes)
    graph = helper.make_graph([node], "g", graph_inputs, [helper.make_empty_tensor_value_info(o) for o in outs], inits)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR[opset])


# These load and say only at run time that they are not implemented.
BROKEN = {("GRU", "d"), ("LSTM", "d")}
for reduction in REDUCTIONS:
    bounds = reduction in ("max", "min")
    BROKEN |= {(f"ScatterND:{reduction}", code) for code in ("hgb" if bounds else "hg")}
    BROKEN |= {(f"ScatterElements:{reduction}", code) for code in ("gb" if bounds else "hg")}


def loads(op, opset, since, code):
    if (op, code) in BROKEN:
        return False
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        ort.InferenceSession(model(op, opset, since, code).SerializeToString(), options, providers=["CPUExecutionProvider"])
        return True
    except Exception:
        return False


def support():
    """{operator: {opset: types}}. A type counts from an opset on if every later opset takes it as well: ONNX Runtime expands some
    operators without a kernel by their definition, but only at opsets near that definition's own."""
    table = {}
    for op in sorted(CASES):
        later = set(DTYPES)
        for opset in reversed(OPSETS):
            try:
                name, _, reduction = op.partition(":")
                since = defs.get_schema(name, opset).since_version
                if reduction and opset < REDUCTIONS[reduction]:
                    continue
            except onnx.defs.SchemaError:
                continue
            later = {code for code in DTYPES if code in later and loads(op, opset, since, code)}
            table.setdefault(op, {})[opset] = "".join(code for code in DTYPES if code in later)
    return table


print(f"// Written by tools/measure_kernels.py with onnx {onnx.__version__} and onnxruntime {ort.__version__}. A row:")
print("// {operator, first opset, types}; " + " ".join(f"{k} {T.DataType.Name(v).lower()}" for k, v in DTYPES.items()))
for op, by_opset in support().items():
    previous = None
    for opset, types in sorted(by_opset.items()):
        if types != previous:
            print(f'    {{"{op}", {opset}, "{types}"}},')
        previous = types
