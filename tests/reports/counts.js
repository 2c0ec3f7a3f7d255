// Counts results as the GitHub actions do, with the two parsers that they use.
// node counts.js FILE... prints one JSON object: parser -> file -> counts.
'use strict';
const fs = require('fs');
const xml2js = require('xml2js');
const xmljs = require('xml-js');

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function count(suites, cases, has) {
  const counts = { tests: 0, failures: 0, errors: 0, skipped: 0 };
  for (const suite of list(suites)) {
    for (const one of list(cases(suite))) {
      counts.tests += 1;
      if (has(one, 'failure')) counts.failures += 1;
      if (has(one, 'error')) counts.errors += 1;
      if (has(one, 'skipped')) counts.skipped += 1;
    }
  }
  return counts;
}

function withXml2js(text) {
  let parsed;
  xml2js.parseString(text, { async: false }, (error, result) => {
    if (error) throw error;
    parsed = result;
  });
  const root = typeof parsed.testsuites === 'string' ? {} : parsed.testsuites;
  return count(root.testsuite, (suite) => suite.testcase, (one, name) => name in one);
}

function withXmlJs(text) {
  const root = xmljs.xml2js(text, { compact: true }).testsuites;
  return count(root.testsuite, (suite) => suite.testcase, (one, name) => name in one);
}

const result = { xml2js: {}, 'xml-js': {} };
for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, 'utf8');
  result.xml2js[file] = withXml2js(text);
  result['xml-js'][file] = withXmlJs(text);
}
console.log(JSON.stringify(result));
