"""Adds up the numbers of a file."""
import json
import sys
import time

arguments = sys.argv[1:]
if "--echo" in arguments:
    for line in sys.stdin:
        sys.stdout.write(line)
    sys.exit(0)
log = None
if "--log" in arguments:
    at = arguments.index("--log")
    log = arguments[at + 1]
    del arguments[at : at + 2]
unknown = [word for word in arguments if word.startswith("--") and word != "--json"]
if unknown:
    print(f"tally: unknown option {unknown[0]}", file=sys.stderr)
    sys.exit(2)
name = arguments[-1]
numbers = [int(word) for word in open(name).read().split()]
if log:
    open(log, "w").write(f"{time.strftime('%H:%M:%S')} {name} {sum(numbers)}\n")
if "--json" in arguments:
    print(json.dumps({"file": name, "numbers": len(numbers), "sum": sum(numbers)}))
else:
    print(f"{name}: {sum(numbers)}")
