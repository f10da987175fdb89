"""Every row of every table in cases/: converted at several opsets, checked, run, compared with Paddle."""
import pytest
from harness import judge

# What a release is judged at, besides the newest; --opsets all takes every one. 7 is raised to the lowest that can express the
# row. What the opsets between change is the same for both formats.
OPSETS = {"pdmodel": [7, 11, 13, 17], "pir": [7, 13]}


def test_operator(case_to_judge, opsets):
    if case_to_judge is None:
        return
    folder, label, record = case_to_judge
    if record["options"]["error"]:
        problems = judge.refused_problems(folder, label, record, opsets)
    else:
        problems, _ = judge.judge_case(folder, label, record, opsets)
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
