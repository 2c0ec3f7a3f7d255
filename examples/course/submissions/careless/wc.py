import os
import sys

if len(sys.argv) > 1:
    os.system("wc < " + sys.argv[1])
else:
    text = sys.stdin.read()
    print(text.count("\n"), len(text.split()), len(text))
