//! The JSON Schemas of what we write, made from the types that are written.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::event::Event;
use super::json::ReportDocument;
use super::result::ResultObject;

/// The schema of the run report, indented, with a final newline: `schemas/report.schema.json`.
#[must_use]
pub fn report_schema() -> String {
    of::<ReportDocument<'static>>()
}

/// The schema of a single command's result: `schemas/result.schema.json`.
#[must_use]
pub fn result_schema() -> String {
    of::<ResultObject<'_>>()
}

/// The schema of one line of the event stream, indented, with a final newline:
/// `schemas/event.schema.json`.
#[must_use]
pub fn event_schema() -> String {
    of::<Event<'static>>()
}

/// The schema of what is written, which is more than what could be read: keys that are always there
/// are required.
fn of<T: JsonSchema>() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    format!("{:#}\n", generator.into_root_schema_for::<T>().as_value())
}
