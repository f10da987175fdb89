"""A row that both formats can express gives the same ONNX graph from either file, up to names, or says here why not."""
import pytest
from harness import formats

OPSET = 17

# Reason → rows (family-name). A row that stands here and doesn't differ fails as well.
REASONS = {
    "the shapes of Paddle 2.6 are int32":
        "control_flow-if_shapes control_flow-for_range control_flow-for_rows control_flow-for_enumerate "
        "control_flow-continue_odd control_flow-nested_loops control_flow-nested_loop_if control_flow-loop_in_if control_flow-list_append "
        "control_flow-list_concat_of_no_turn control_flow-list_pop",
    "the Paddles list a loop's values in another order, or other ones":
        "control_flow-while_grows control_flow-while_grows_from_one control_flow-static_while_in_while "
        "control_flow-static_while_cond control_flow-array_in_loop control_flow-array_in_loop_of_no_turn control_flow-list_index",
    "Paddle 2.6 puts a constant that a conditional may give behind it":
        "control_flow-break_out control_flow-break_and_continue",
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
