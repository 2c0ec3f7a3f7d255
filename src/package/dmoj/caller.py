"""Calls `check` of a DMOJ problem's checker.py and answers as Kattis' validators do."""
import sys

import checker
from dmoj.result import CheckerResult

judge_input, answer, feedback = sys.argv[1:4]
with open(judge_input, "rb") as file:
    judge_input = file.read()
with open(answer, "rb") as file:
    answer = file.read()
result = checker.check(
    sys.stdin.buffer.read(),
    answer,
    judge_input=judge_input,
    point_value=1,
    submission_source=b"",
    submission_language="",
    binary_data=False,
    execution_time=0,
    problem_id="",
    case_position=0,
    batch=0,
    detailed_feedback=True,
)
if isinstance(result, CheckerResult):
    if result.feedback:
        with open(feedback + "teammessage.txt", "w") as file:
            file.write(str(result.feedback))
    if result.passed:
        with open(feedback + "score_multiplier.txt", "w") as file:
            file.write(str(max(0.0, min(1.0, float(result.points)))))
    result = result.passed
if not isinstance(result, (bool, int)):
    sys.exit("check returned " + repr(result))
sys.exit(42 if result else 43)
