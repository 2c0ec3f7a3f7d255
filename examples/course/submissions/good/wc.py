import sys


def main():
    arguments = sys.argv[1:]
    longest = "--longest" in arguments
    names = [name for name in arguments if name != "--longest"]
    try:
        text = open(names[0]).read() if names else sys.stdin.read()
    except OSError as error:
        print(f"wc.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    if longest:
        print(max((len(line) for line in text.split("\n")), default=0))
    else:
        print(text.count("\n"), len(text.split()), len(text))
    return 0


sys.exit(main())
