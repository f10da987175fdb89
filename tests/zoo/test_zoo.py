"""Networks of Paddle's model packages against Paddle, within rtol 1e-3 and 2e-4 of the largest value; build/zoo-differences.md has the numbers."""
import pytest
from harness import differences, judge

OPSETS = {"pdmodel": [11, 13, 17], "pir": [13]}


def test_network(case_to_judge, opsets):
    if case_to_judge is None:
        return
    folder, label, record = case_to_judge
    problems, found = judge.judge_case(folder, label, record, opsets, rtol=1e-3, atol=2e-4, of_size=True)
    differences.keep_row("zoo", label, problems, found)
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
