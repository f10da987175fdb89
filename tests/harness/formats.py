"""Whether two ONNX files are the same graph but for names and for the order of nodes and initializers."""
import collections
import hashlib
import os

import onnx
import onnx.helper
import onnx.numpy_helper
import pytest

from harness import judge


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class Shape:
    """A graph without names: each value stands for how it is computed from the inputs. What has no order of its own, the values of a
    loop and the results of an if, has none here."""

    def __init__(self, model):
        self.nodes = collections.Counter()  # how often each node occurs, by the digest of its results
        self.texts = {}  # a node's digest → what to show of it
        graph = model.graph
        self.interface = [[declared(v) for v in values] for values in (graph.input, graph.output)]
        self.results = self._walk(graph, {}, [(digest("input", i), f"input {i}") for i in range(len(graph.input))])

    def _walk(self, graph, outer, inputs):
        """Digests of the graph's outputs. `outer`: {name: (digest, text)} of the graphs around it; `inputs`: of its own."""
        known = {**outer, **dict(zip((value.name for value in graph.input), inputs))}
        for tensor in graph.initializer:
            known[tensor.name] = tensor_key(tensor)
        for node in graph.node:
            operands = [known[name] if name else ("", "-") for name in node.input]
            keys = [key for key, _ in operands]
            places = list(range(len(node.output)))  # what tells one result from another
            if node.op_type == "Loop":
                body, places = self._loop(node.attribute[0].g, keys, known)
                keys, attributes = keys[:2], [("body", body)]
            elif node.op_type == "If":
                places = list(zip(*(self._walk(a.g, known, []) for a in sorted(node.attribute, key=lambda a: a.name))))
                attributes = [("branches", digest(sorted(places)))]
            else:
                attributes = sorted(self._attribute(a, known) for a in node.attribute)
            key = digest(node.domain, node.op_type, len(node.output), keys, attributes)
            self.nodes[key] += 1
            shown = ", ".join(f"{n}={v}" for n, v in attributes)
            self.texts[key] = f"{node.op_type}({', '.join(t for _, t in operands)}){' {' + shown + '}' if shown else ''}"
            for name, place in zip(node.output, places):
                known[name] = (digest(key, place), node.op_type.lower())
        return [known[value.name][0] for value in graph.output]

    def _loop(self, body, operands, known):
        """The digest of a loop's body, and what tells its results apart. A value of a loop is known by what it starts with and by how
        it goes on, which depends on the others: a turn of refinement for each is enough to tell them apart."""
        starts = operands[2:]
        values = starts
        for last in [False] * len(starts) + [True]:
            before = self.nodes.copy()
            inputs = [(digest("turn"), "turn"), (digest("condition"), "condition"), *((v, "loop value") for v in values)]
            condition, *results = self._walk(body, known, inputs)
            if not last:
                self.nodes = before  # the last walk counts
                values = [digest(start, result) for start, result in zip(starts, results)]
        carried, collected = results[: len(starts)], results[len(starts) :]
        places = [*values, *(("collected", i) for i in range(len(collected)))]
        return digest(condition, sorted(zip(values, carried)), collected), places

    def _attribute(self, attribute, known):
        if attribute.type == onnx.AttributeProto.GRAPH:
            inputs = [(digest(attribute.name, i), f"{attribute.name} {i}") for i in range(len(attribute.g.input))]
            return attribute.name, digest(self._walk(attribute.g, known, inputs))
        if attribute.type == onnx.AttributeProto.TENSOR:
            return attribute.name, tensor_key(attribute.t)[1]
        return attribute.name, str(onnx.helper.get_attribute_value(attribute))


def tensor_key(tensor):
    array = onnx.numpy_helper.to_array(tensor)
    content = hashlib.sha256(array.tobytes()).hexdigest()[:16]
    dtype = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
    text = f"{dtype}{list(array.shape)}" + (f"={array.tolist()}" if array.size <= 8 else f"#{content[:6]}")
    return digest(dtype, array.shape, content), text


def declared(value):
    """Type and shape of an input or output; a dynamic dimension is None whatever its name."""
    tensor = value.type.tensor_type
    dims = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
    return f"{onnx.TensorProto.DataType.Name(tensor.elem_type).lower()}{dims}"


def difference(left, right, names=("pdmodel", "pir")):
    """What two models differ in, as text; None where they are the same but for names."""
    a, b = Shape(left), Shape(right)
    lines = []
    for what, x, y in zip(("inputs", "outputs"), a.interface, b.interface):
        if x != y:
            lines.append(f"{what}: {names[0]} {', '.join(x)}; {names[1]} {', '.join(y)}")
    for name, shape, missing in ((names[0], a, a.nodes - b.nodes), (names[1], b, b.nodes - a.nodes)):
        # In the graph's order, so that the first line is where they part.
        lines += [f"only {name}: {shape.texts[key]}" for key in shape.nodes if key in missing][:4]
    if not lines and a.results != b.results:
        lines.append("the same nodes, but other results of them are the outputs")
    return "\n".join(lines) or None


def compare(folders, label, opset):
    """The difference of what the two folders of a row convert to."""
    models = []
    judge.KEPT.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        path = judge.KEPT / f"{label}-formats-{os.getpid()}.onnx"
        # The row's own test checks the models.
        done = judge.convert(folder, path, opset, flags=["--enable_onnx_checker", "False"])
        if not done.done:
            pytest.fail(done.brief(), pytrace=False)
        models.append(onnx.load(path))
        path.unlink()
    return difference(*models)
