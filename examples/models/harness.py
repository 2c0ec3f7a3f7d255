"""harness.py NAME ARGUMENTS: calls the function NAME of NAME.py, prints what it returns as JSON."""
import importlib
import json
import sys

name, given = sys.argv[1], json.loads(sys.argv[2])
function = getattr(importlib.import_module(name), name)
arguments = given if name == "rotate" else [given]
print(json.dumps(function(*arguments)))
