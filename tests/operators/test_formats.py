"""A row that both formats can express gives the same ONNX graph from either file, up to names, or says here why not."""
import pytest
from harness import formats

OPSET = 17

# Reason → rows (family-name). A row that stands here and doesn't differ fails as well.
REASONS = {
    "paddle.shape is int32 in Paddle 2.6 and int64 in 3.3": "sampling-affine_grid_shape_of_image",
}
STATED = {row: reason for reason, rows in REASONS.items() for row in rows.split()}


def test_formats(both_exported):
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
