//! `capsule-run schema WHAT`.

use crate::cli::args::{SchemaArgs, SchemaOf};
use crate::cli::{exit, terminal};
use crate::{policy, report, suite};

/// Prints the JSON Schema of a file that this version reads or writes.
pub(in crate::cli) fn run(args: &SchemaArgs) -> u8 {
    let schema = match args.of {
        SchemaOf::Suite => indented(&suite::schema()),
        SchemaOf::Config => indented(&policy::config_schema()),
        SchemaOf::Request => indented(&policy::request_schema()),
        SchemaOf::Result => report::result_schema(),
        SchemaOf::Report => report::report_schema(),
        SchemaOf::Event => report::event_schema(),
        SchemaOf::Doctor => super::doctor::schema(),
    };
    match terminal::print(schema.as_bytes()) {
        Ok(()) => exit::OK,
        Err(_) => exit::REPORT_LOST,
    }
}

fn indented(schema: &serde_json::Value) -> String {
    format!("{schema:#}\n")
}
