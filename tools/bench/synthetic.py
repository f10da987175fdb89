"""Models of any size, written without Paddle: a .pdmodel program and a .pdiparams file whose weights are mostly holes.

    python3 tools/bench/synthetic.py weights FOLDER GIB     # products with weights of 64 MiB each
    python3 tools/bench/synthetic.py transposed FOLDER GIB  # the same, all of which have to be transposed
    python3 tools/bench/synthetic.py operators FOLDER N     # a program of N operators
"""
import argparse
import os
import pathlib
import struct

FLOAT32, DENSE_TENSOR, FEED_MINIBATCH, FETCH_LIST = 5, 7, 9, 10  # VarType.Type
INT, FLOAT, INTS, BOOLEAN = 0, 1, 3, 6  # AttrType


# --- protobuf's wire format


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """A bool or an integer as a varint, a float as 32 bits, text and messages with their length."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor_desc(dims):
    return field(1, FLOAT32) + b"".join(field(2, dim) for dim in dims)


# --- Paddle's messages


class Program:
    """One block whose operators are given in order."""

    def __init__(self):
        self.variables, self.operators, self.weights = [], [], {}
        self.declare("feed", FEED_MINIBATCH)
        self.declare("fetch", FETCH_LIST)

    def declare(self, name, kind=DENSE_TENSOR, dims=None, weight=False):
        tensor = b"" if dims is None else field(3, field(1, tensor_desc(dims)))
        persistable = weight or kind != DENSE_TENSOR
        self.variables.append(field(1, name) + field(2, field(1, kind) + tensor) + field(3, persistable))
        return name

    def feed(self, name, dims):
        self.declare(name, dims=dims)
        self.append("feed", {"X": "feed"}, {"Out": name}, col=0)
        return name

    def weight(self, name, dims):
        self.weights[name] = dims
        return self.declare(name, dims=dims, weight=True)

    def call(self, op, out, dims, attributes=None, **inputs):
        self.declare(out, dims=dims)
        self.append(op, inputs, {"Y" if op == "layer_norm" else "Out": out}, **attributes or {})
        return out

    def fetch(self, name):
        self.append("fetch", {"X": name}, {"Out": "fetch"}, col=0)

    def append(self, op, inputs, outputs, **attributes):
        slots = lambda number, items: b"".join(field(number, field(1, slot) + field(2, name)) for slot, name in items.items())
        text = slots(1, inputs) + slots(2, outputs) + field(3, op)
        for name, value in attributes.items():
            if isinstance(value, bool):
                kind, content = BOOLEAN, field(10, value)
            elif isinstance(value, int):
                kind, content = INT, field(3, value)
            elif isinstance(value, float):
                kind, content = FLOAT, field(4, value)
            else:
                kind, content = INTS, b"".join(field(6, item) for item in value)
            text += field(4, field(1, name) + field(2, kind) + content)
        self.operators.append(text)

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        block = field(1, 0) + field(2, -1)
        block += b"".join(field(3, variable) for variable in self.variables)
        block += b"".join(field(4, operator) for operator in self.operators)
        (folder / "inference.pdmodel").write_bytes(field(1, block) + field(4, field(1, 2006002)))
        self.save_weights(folder / "inference.pdiparams")

    def save_weights(self, path):
        """Records in the order of the names. A few elements of each weight are numbers of its own, the rest is a hole."""
        with open(path, "wb") as file:
            for i, (name, dims) in enumerate(sorted(self.weights.items())):
                description = tensor_desc(dims)
                file.write(struct.pack("<IQIi", 0, 0, 0, len(description)) + description)
                count = 1
                for dim in dims:
                    count *= dim
                # The first is no other weight's: equal weights would be stored once.
                numbers = [1 - (i + 1) / 2**20] + [((i * 31 + k * 7) % 64 - 31) / 64 for k in range(1, min(count, 64))]
                file.write(struct.pack(f"<{len(numbers)}f", *numbers))
                file.seek(4 * (count - len(numbers)), os.SEEK_CUR)
            file.truncate()


def weights(folder, gib, width=4096):
    """x · w₀ · w₁ · …, each w of `width`² floats."""
    program = Program()
    x = program.feed("x", [-1, width])
    for i in range(round(gib * 2**30 / (4 * width * width))):
        w = program.weight(f"w_{i:05}", [width, width])
        x = program.call("matmul_v2", f"product_{i}", [-1, width], {"trans_x": False, "trans_y": False}, X=x, Y=w)
        x = program.call("relu", f"relu_{i}", [-1, width], X=x)
    program.fetch(x)
    program.save(folder)


def transposed(folder, gib, width=4096):
    """(x · w₀ᵀ) · w₁ᵀ · …, written as operators of their own, so that the weights themselves are to be transposed."""
    program = Program()
    x = program.feed("x", [-1, width])
    for i in range(round(gib * 2**30 / (4 * width * width))):
        w = program.weight(f"w_{i:05}", [width, width])
        w = program.call("transpose2", f"turned_{i}", [width, width], {"axis": [1, 0]}, X=w)
        x = program.call("matmul_v2", f"product_{i}", [-1, width], {"trans_x": False, "trans_y": False}, X=x, Y=w)
    program.fetch(x)
    program.save(folder)


def operators(folder, count):
    """Blocks as in a residual network of matrices: eight operators and three small weights each."""
    program = Program()
    x = program.feed("x", [-1, 8])
    for i in range(count // 8):
        w, b, scale = program.weight(f"w_{i:06}", [8, 8]), program.weight(f"b_{i:06}", [8]), program.weight(f"s_{i:06}", [8])
        name = lambda op: f"{op}_{i}"
        y = program.call("matmul_v2", name("product"), [-1, 8], {"trans_x": False, "trans_y": False}, X=x, Y=w)
        y = program.call("elementwise_add", name("sum"), [-1, 8], {"axis": -1}, X=y, Y=b)
        y = program.call("reshape2", name("heads"), [-1, 2, 4], {"shape": [-1, 2, 4]}, X=y)
        y = program.call("transpose2", name("turned"), [-1, 4, 2], {"axis": [0, 2, 1]}, X=y)
        y = program.call("reshape2", name("flat"), [-1, 8], {"shape": [-1, 8]}, X=y)
        y = program.call("layer_norm", name("norm"), [-1, 8], {"begin_norm_axis": 1, "epsilon": 1e-5}, X=y, Scale=scale, Bias=b)
        y = program.call("gelu", name("gelu"), [-1, 8], {"approximate": False}, X=y)
        x = program.call("elementwise_add", name("residual"), [-1, 8], {"axis": -1}, X=x, Y=y)
    program.fetch(x)
    program.save(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["weights", "transposed", "operators"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("size", type=float)
    args = parser.parse_args()
    make = {"weights": weights, "transposed": transposed, "operators": lambda folder, size: operators(folder, int(size))}
    make[args.kind](args.folder, args.size)


if __name__ == "__main__":
    main()
