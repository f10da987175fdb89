"""Networks of Paddle's model packages against Paddle, within the tolerance of the README; build/zoo-differences.md has the numbers."""
import pytest
from harness import differences, judge

OPSETS = {"pdmodel": [11, 13, 17], "pir": [13]}
RTOL, ATOL = 1e-3, 2e-4  # ATOL counts in the output's largest value


def test_network(case_to_judge, opsets):
    if case_to_judge is None:
        return
    folder, label, record = case_to_judge
    problems, found = judge.judge_case(folder, label, record, opsets, rtol=RTOL, atol=ATOL, of_size=True)
    runs = judge.load_runs(folder / "runs.npz", record["runs"], len(record["inputs"]), len(record["outputs"]))
    if not judge.tells_samples_apart(runs, RTOL, ATOL):
        problems.append("Paddle's results of different samples agree within the tolerance: the row could not fail")
    differences.keep_row("zoo", label, problems, found)
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
