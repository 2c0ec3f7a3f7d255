//! [`Policy`]: ceilings, from `[policy]` of a configuration and from the host's policy file.

use super::Security;
use crate::limits::{Resolved, WrittenLimits};

/// What no profile, suite, request or option may exceed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The greatest value of each limit, where there is one.
    pub ceilings: WrittenLimits,
    /// Whether the host's network may be asked for; absent: yes.
    pub allow_network: Option<Resolved<bool>>,
    /// Whether host paths may be shown inside at all; absent: yes.
    pub allow_bind: Option<Resolved<bool>>,
    /// Whether host paths may be shown writable; absent: yes.
    pub allow_writable: Option<Resolved<bool>>,
    /// Whether the system call filter must be on; absent: no.
    pub require_seccomp: Option<Resolved<bool>>,
    /// Whether `--require best-effort` is refused; absent: no.
    pub require_strict: Option<Resolved<bool>>,
    /// Commands refused or alone allowed, and how many may run at a time.
    pub security: Security,
}
