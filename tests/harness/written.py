"""Operators as their description says them, for `static="older"` rows."""
import paddle


def written(op, inputs, outputs, attrs):
    """The results of one operator with just these attributes, of which Paddle 2.6 may not know all: append_op drops those.

    So does saving, but where an input is said to be sequences, which one `.lod([…], read=False)` does for the row.
    inputs: {slot: variable, or None for one that is not given}; outputs: {slot: (dtype, shape)}.
    """
    block = paddle.static.default_main_program().global_block()
    desc = block.desc.append_op()
    desc.set_type(op)
    for slot, variable in inputs.items():
        if variable is not None:
            desc.set_input(slot, [variable.name])
    made = []
    for slot, (dtype, shape) in outputs.items():
        made.append(block.create_var(name=slot.lower(), dtype=dtype, shape=shape))
        desc.set_output(slot, [slot.lower()])
    for name, value in attrs.items():
        desc._set_attr(name, value)
    block._sync_with_cpp()
    return made
