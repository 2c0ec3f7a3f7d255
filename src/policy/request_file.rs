//! [`RequestKeys`]: the keys of a request, and [`parse_request`], which makes a [`Request`] of
//! them. The words are those of the options and of the table of limits.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::file::environment;
use super::read::{
    BindText, ConfigFormat, Entry, LimitKeys, Mistake, Names, Node, Read, Reader, RequireChoice, Value, W,
    document, section,
};
use super::{
    Isolation, Mount, Overrides, Profile, Request, RequestFile, RequestStdin, SeccompChoice, WorkspaceChoice,
};
use crate::diagnostic::{Diagnostic, Source};
use crate::judge::Code;
use crate::limits::Resolved;
use crate::units::NoNul;

section! {
    /// One command to run in a sandbox: `capsule-run --json < request.json`.
    RequestKeys {
        /// The program, or the program and its arguments. Required.
        command: Command,
        /// Arguments, after those of `command`.
        args: Vec<W<String>>,
        /// What the run is called in the result.
        execution_id: ExecutionId,
        /// The profile to start from.
        profile: String,
        /// What /workspace shows: "auto", "none" or a folder.
        workspace: String,
        /// What the program reads, as text.
        stdin: Content,
        /// What the program reads, as base64.
        stdin_base64: Base64,
        /// Files put into the workspace, by their names there.
        files: BTreeMap<String, W<FileValue>>,
        /// Whether it sees the host's network.
        network: bool,
        /// Host paths that it may read, besides the system's.
        readonly: Vec<W<String>>,
        /// Host paths that it may write to.
        writable: Vec<W<String>>,
        /// Host paths shown elsewhere inside: "SRC:DEST", "SRC:DEST:rw".
        bind: Vec<W<BindText<false>>>,
        /// Where it starts, inside.
        workdir: String,
        /// Environment variables, besides PATH, HOME, LANG and TZ.
        env: Names,
        /// Which system calls it may make.
        seccomp_policy: SeccompChoice,
        /// What to do where a limit cannot be held on this host.
        require: RequireChoice,
        + limits: LimitKeys,
    }
}

section! {
    /// A file put into the workspace: `text` or `base64`.
    FileKeys {
        /// Its content as text.
        text: Content,
        /// Its content as base64.
        base64: Base64,
        /// Whether it may be executed.
        executable: bool,
    }
}

/// The program, or the program and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Command(Vec<NoNul>);

/// What a run is called.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionId(String);

/// Bytes.
#[derive(Debug, Clone)]
pub(crate) struct Base64(Vec<u8>);

/// A text that may contain anything.
#[derive(Debug, Clone)]
pub(crate) struct Content(String);

/// A text, or a table of [`FileKeys`].
#[derive(Debug, Clone)]
pub(crate) struct FileValue {
    content: Vec<u8>,
    executable: bool,
}

/// Parses a request.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn parse_request(source: &Source) -> Result<Request, Vec<Diagnostic>> {
    let mut reader = Reader::new(source, "the request");
    let request = document(&mut reader, ConfigFormat::Json)
        .and_then(|node| RequestKeys::read(&node, "", "", &mut reader).map(|keys| (node, keys)))
        .and_then(|(node, keys)| request(&node, keys, &mut reader));
    reader.finish(request)
}

fn request(node: &Node, keys: RequestKeys, reader: &mut Reader<'_>) -> Option<Request> {
    let settings = Profile {
        inherits: None,
        limits: keys.limits.0,
        isolation: Isolation {
            network: keys.network.map(W::resolved),
            mounts: mounts(keys.readonly, keys.writable, keys.bind),
            workdir: keys.workdir.map(|dir| Resolved { value: PathBuf::from(dir.value), origin: dir.origin }),
            seccomp: keys.seccomp_policy.map(W::resolved),
        },
        environment: environment(keys.env),
    };
    let best_effort = keys
        .require
        .map(|choice| Resolved { value: choice.value == RequireChoice::BestEffort, origin: choice.origin });
    Some(Request {
        stdin: stdin(keys.stdin, keys.stdin_base64, reader),
        files: files(keys.files, reader),
        workspace: keys.workspace.map_or(WorkspaceChoice::Auto, |choice| match choice.value.as_str() {
            "auto" => WorkspaceChoice::Auto,
            "none" => WorkspaceChoice::Empty,
            folder => WorkspaceChoice::Folder(PathBuf::from(folder)),
        }),
        execution_id: keys.execution_id.map(|id| id.value.0),
        overrides: Overrides {
            profile: keys.profile.map(W::resolved),
            settings,
            best_effort,
            time_factor: None,
        },
        argv: argv(node, keys.command, keys.args, reader)?,
    })
}

fn argv(
    node: &Node,
    command: Option<W<Command>>,
    args: Option<W<Vec<W<String>>>>,
    reader: &mut Reader<'_>,
) -> Option<Vec<NoNul>> {
    let Some(command) = command else {
        // A command that is there and wrong has its own error.
        let there = matches!(&node.value, Value::Table(entries)
            if entries.iter().any(|entry| entry.name == "command" && entry.node.value != Value::Null));
        if !there {
            reader.mistake(Mistake {
                code: Code::MissingField,
                span: node.span.start..node.span.start + 1,
                message: "the request has no `command`".to_owned(),
                label: String::new(),
                help: "add one, such as \"command\": [\"echo\", \"hello\"]".to_owned(),
            });
        }
        return None;
    };
    let args = args.into_iter().flat_map(|args| args.value);
    let args = args.map(|arg| NoNul::new(arg.value).expect("a string that was read has no NUL"));
    Some(command.value.0.into_iter().chain(args).collect())
}

fn mounts(
    readonly: Option<W<Vec<W<String>>>>,
    writable: Option<W<Vec<W<String>>>>,
    bind: Option<W<Vec<W<BindText<false>>>>>,
) -> Vec<Resolved<Mount>> {
    let plain = |paths: Option<W<Vec<W<String>>>>, writable: bool| {
        paths.into_iter().flat_map(|paths| paths.value).map(move |path| Resolved {
            value: Mount { source: PathBuf::from(path.value), dest: None, writable },
            origin: path.origin,
        })
    };
    let binds = bind.into_iter().flat_map(|binds| binds.value);
    let binds = binds.map(|bind| Resolved { value: bind.value.0, origin: bind.origin });
    plain(readonly, false).chain(plain(writable, true)).chain(binds).collect()
}

fn stdin(text: Option<W<Content>>, base64: Option<W<Base64>>, reader: &mut Reader<'_>) -> RequestStdin {
    match (text, base64) {
        (None, None) => RequestStdin::Empty,
        (Some(text), None) => RequestStdin::Bytes(Arc::from(text.value.0.into_bytes())),
        (None, Some(bytes)) => RequestStdin::Bytes(Arc::from(bytes.value.0)),
        (Some(_), Some(bytes)) => {
            reader.mistake(Mistake {
                code: Code::InvalidInput,
                span: bytes.node,
                message: "`stdin` and `stdin_base64` are both there".to_owned(),
                label: String::new(),
                help: "keep one of them".to_owned(),
            });
            RequestStdin::Empty
        }
    }
}

fn files(files: Option<W<BTreeMap<String, W<FileValue>>>>, reader: &mut Reader<'_>) -> Vec<RequestFile> {
    let files = files.into_iter().flat_map(|files| files.value);
    let mut read = Vec::new();
    for (name, file) in files {
        if let Err(reason) = check_workspace_path(&name) {
            reader.mistake(Mistake {
                code: Code::OutOfRange,
                span: file.key,
                message: format!("the file name `{}` {reason}", super::read::short(&name)),
                label: String::new(),
                help: "write a path relative to the workspace, without `..`".to_owned(),
            });
            continue;
        }
        let FileValue { content, executable } = file.value;
        read.push(RequestFile { path: PathBuf::from(name), content: Arc::from(content), executable });
    }
    read
}

/// What is wrong with a path that should be in the workspace.
fn check_workspace_path(path: &str) -> Result<(), &'static str> {
    if path.contains('\0') {
        return Err("contains a NUL byte");
    }
    let mut parts = Path::new(path).components();
    if path.is_empty() || path.ends_with('/') {
        return Err("is empty, or ends with `/`");
    }
    if parts.all(|part| matches!(part, Component::Normal(_))) {
        Ok(())
    } else {
        Err("is absolute, or contains `.` or `..`")
    }
}

impl Read for Command {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let words = match &node.value {
            Value::Text(_) => vec![String::read(node, path, key, reader)?],
            Value::List(_) => {
                Vec::<W<String>>::read(node, path, key, reader)?.into_iter().map(|word| word.value).collect()
            }
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float
            | Value::Date
            | Value::Table(_) => {
                reader.wrong_type(node, key, "a string or a list of strings");
                return None;
            }
        };
        if words.first().is_none_or(String::is_empty) {
            let help = "write the program first, such as [\"echo\", \"hello\"]";
            reader.bad_value(node, Code::InvalidCommand, key, "the command is empty", help);
            return None;
        }
        let words = words.into_iter();
        Some(Self(words.map(|word| NoNul::new(word).expect("a string that was read has no NUL")).collect()))
    }
}

impl Read for ExecutionId {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let id = String::read(node, path, key, reader)?;
        if super::is_execution_id(&id) {
            return Some(Self(id));
        }
        let reason = "an execution id has 1 to 128 characters, none of them invisible";
        reader.bad_value(node, Code::OutOfRange, key, reason, "");
        None
    }
}

impl Read for Base64 {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let text = String::read(node, path, key, reader)?;
        match STANDARD.decode(text) {
            Ok(bytes) => Some(Self(bytes)),
            Err(error) => {
                let reason =
                    format!("not base64: {}", error.to_string().to_lowercase().trim_end_matches('.'));
                reader.bad_value(
                    node,
                    Code::InvalidInput,
                    key,
                    &reason,
                    "use the standard alphabet with padding",
                );
                None
            }
        }
    }
}

impl Read for Content {
    fn read(node: &Node, _path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Text(text) = &node.value else {
            reader.wrong_type(node, key, "a string");
            return None;
        };
        Some(Self(text.clone()))
    }
}

impl Read for FileValue {
    fn read(node: &Node, path: &str, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        if let Value::Text(text) = &node.value {
            return Some(Self { content: text.clone().into_bytes(), executable: false });
        }
        let keys = FileKeys::read(node, path, key, reader)?;
        let given = |entry: &&Entry| {
            matches!(entry.name.as_str(), "text" | "base64") && entry.node.value != Value::Null
        };
        if reader.table(node, path)?.iter().filter(given).count() != 1 {
            reader.bad_value(node, Code::MissingField, key, "a file has either `text` or `base64`", "");
            return None;
        }
        let text = keys.text.map(|text| text.value.0.into_bytes());
        let content = text.or(keys.base64.map(|bytes| bytes.value.0))?;
        Some(Self { content, executable: keys.executable.is_some_and(|executable| executable.value) })
    }
}

macro_rules! schema_of {
    ($type:ident, $generator:ident => $schema:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema_of!(Command, _generator => json_schema!({
    "anyOf": [
        { "type": "string", "pattern": "^[^\\u0000]+$" },
        {
            "type": "array",
            "items": { "type": "string", "pattern": "^[^\\u0000]*$" },
            "prefixItems": [{ "type": "string", "pattern": "^[^\\u0000]+$" }],
            "minItems": 1,
        },
    ]
}));
schema_of!(ExecutionId, _generator => json_schema!({ "type": "string", "minLength": 1, "maxLength": 128 }));
schema_of!(Base64, _generator => json_schema!({
    "type": "string",
    "contentEncoding": "base64",
    "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}));
schema_of!(Content, _generator => json_schema!({ "type": "string" }));
schema_of!(FileValue, generator => json_schema!({
    "anyOf": [
        { "type": "string" },
        {
            "allOf": [generator.subschema_for::<FileKeys>()],
            "oneOf": [{ "required": ["text"] }, { "required": ["base64"] }],
        },
    ]
}));
