"""check INPUT ANSWER FEEDBACK < OUTPUT: exit 42 when the output is right, 43 when it is wrong."""
import sys


def reject(why):
    open(sys.argv[3] + "/judgemessage.txt", "w").write(why + "\n")
    sys.exit(43)


words = open(sys.argv[1]).read().split()
target, numbers = int(words[1]), [int(word) for word in words[2:]]
possible = open(sys.argv[2]).read().split() != ["impossible"]
output = sys.stdin.read().split()

if not possible:
    sys.exit(42) if output == ["impossible"] else reject("there is no such pair")
try:
    first, second = (int(word) for word in output)
except ValueError:
    reject("two numbers were asked for")
if first == second or not all(1 <= at <= len(numbers) for at in (first, second)):
    reject("these are no two places of the list")
if numbers[first - 1] + numbers[second - 1] != target:
    reject("these two do not add up")
sys.exit(42)
