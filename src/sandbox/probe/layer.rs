//! [`Diagnosis`]: what `capsule-run doctor` says. Plain data.

use schemars::JsonSchema;
use serde::Serialize;

/// What this host can isolate and limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Diagnosis {
    /// The format: always `capsule-run/doctor/1`.
    #[schemars(extend("const" = "capsule-run/doctor/1"))]
    pub schema: &'static str,
    /// Release of the kernel.
    pub kernel: String,
    /// Architecture, as `uname -m` names it.
    pub arch: String,
    /// Whether this was asked as root.
    pub root: bool,
    /// `docker`, `podman` or what else a container says of itself.
    pub container: Option<String>,
    /// Whether suites can run strictly: every layer that they need is there.
    pub strict: bool,
    /// Every layer.
    pub layers: Vec<Layer>,
}

/// One wall or limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Layer {
    /// A name that stays: `user-namespace`.
    pub id: String,
    /// The name for people.
    pub title: String,
    /// Whether it is there.
    pub state: State,
    /// Whether suites need it to run strictly.
    pub needed: bool,
    /// What was tried and what came of it.
    pub found: String,
    /// What would give it, each a thing to do; empty where nothing is missing.
    pub remedies: Vec<String>,
    /// What capsule-run does as things are; empty where nothing is missing.
    pub meanwhile: String,
}

/// Whether a layer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// There is something in its place that does less.
    Weaker,
    /// Not there.
    Missing,
}
