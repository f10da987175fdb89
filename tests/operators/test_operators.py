"""Every row of every table in cases/: converted at several opsets, checked, run, compared with Paddle."""
import pytest
from harness import judge

# What a release is judged at, besides the newest; --opsets all takes every one. 7 is raised to the lowest that can express the
# row. What the opsets between change is the same for both formats.
OPSETS = {"pdmodel": [7, 11, 13, 17], "pir": [7, 13]}

# Rows that a version of Paddle computes wrongly, so that the right model differs from it.
PADDLE_IS_WRONG = {
    ("3.0.0", "sampling-grid_sample_volume_nearest"): "its kernel gives 0 at places within the volume, as that of 2.6 does",
    ("3.1.1", "sampling-grid_sample_volume_nearest"): "its kernel gives 0 at places within the volume, as that of 2.6 does",
    ("3.1.1", "transformer-flash_attn_v3_varlen_used"): "its operator has no seqused, and its translator drops them",
}


def test_operator(case_to_judge, opsets, pytestconfig):
    if case_to_judge is None:
        return
    folder, label, record = case_to_judge
    if record["options"]["error"]:
        problems = judge.refused_problems(folder, label, record, opsets)
    else:
        problems, _ = judge.judge_case(folder, label, record, opsets)
    version = pytestconfig.getoption("--paddle")
    reason = PADDLE_IS_WRONG.get((version, label.removesuffix(f"-pir-{version}")))
    if reason and not problems:
        pytest.fail("Paddle is right here: take the row out of PADDLE_IS_WRONG", pytrace=False)
    # Numbers are all that may differ: what does not convert, load or have the right shape stays a failure.
    if reason and all("values differ" in problem or ": see " in problem for problem in problems):
        pytest.skip(f"Paddle {version} is wrong: {reason}")
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
