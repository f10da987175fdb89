"""Every row of every table in cases/: converted at several opsets, checked, run, compared with Paddle."""
import pytest
from harness import judge

# What a release is judged at, besides the newest. Those between change little for a converter; --opsets all takes every one.
OPSETS = [7, 9, 11, 13, 15, 17]


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
