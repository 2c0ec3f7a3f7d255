//! The JSON Schemas of what we write, made from the types that are written.

use super::json::ReportDocument;
use super::result::ResultObject;

/// The schema of the run report, indented, with a final newline: `schemas/report.schema.json`.
#[must_use]
pub fn report_schema() -> String {
    pretty(&schemars::schema_for!(ReportDocument<'static>))
}

/// The schema of a single command's result: `schemas/result.schema.json`.
#[must_use]
pub fn result_schema() -> String {
    pretty(&schemars::schema_for!(ResultObject))
}

fn pretty(schema: &schemars::Schema) -> String {
    format!("{:#}\n", schema.as_value())
}
