//! docs/verdicts.md is made from the code.

use capsule_run::judge::{Code, codes_markdown};

#[test]
fn docs_verdicts_md_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdicts.md");
    if std::env::var_os("CAPSULE_UPDATE_GOLDENS").is_some() {
        std::fs::write(path, codes_markdown()).expect("docs/ can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == codes_markdown(),
        "docs/verdicts.md is out of date: set CAPSULE_UPDATE_GOLDENS=1 and run this test again"
    );
}

#[test]
fn the_code_table_is_the_one_that_users_know() {
    let table: Vec<_> = Code::ALL.iter().map(|code| format!("{code} {}", code.title())).collect();
    let known = "\
E1001 configuration, suite or request file cannot be parsed
E1002 a required field is missing
E1003 a value is out of range, or above a ceiling of the policy
E1004 profile not found
E2001 permission denied
E2002 command not found
E2003 blocked by security policy
E2004 invalid command syntax
E3001 execution timeout
E3002 set-up timeout: the sandbox was not ready in time
E3003 killed by a signal that no limit explains
E4001 memory limit exceeded
E4002 the kernel's OOM killer acted inside the sandbox
E4003 too many processes
E4004 output limit exceeded
E4005 file size or disk limit exceeded
E5001 sandbox set-up failed
E5002 monitoring failed
E5003 platform not supported
E6001 wrong exit status
E6002 stdout differs
E6003 stderr differs
E6004 an output file is missing or differs
E6005 build failed
E6006 checker or interactor failed
E6007 a prerequisite failed, the case did not run
E6008 passed although failure was expected
E6009 a setup or teardown step of the suite failed
E6010 the submitted files are not as the suite asks
E6011 it used more, or less, than the case expects";
    assert_eq!(table.join("\n"), known);
}
