//! What this host can isolate and limit, layer by layer, found out by doing it: a switch that
//! reads "on" may be overruled by a container's filter, a security module or a mount.
//!
//! `attempts` are tried in short-lived processes by a **prober**, a worker of another kind
//! ([`prober`]); `live` runs tiny programs through the real engine that run into each limit;
//! both give [`facts`], and [`diagnose`] says what they mean and what would help. Called by
//! `capsule-run doctor`.

mod attempts;
mod diagnose;
mod examine;
mod facts;
mod layer;
mod live;
mod prober;
mod remedy;

pub use examine::examine;
pub use layer::{Diagnosis, Layer, State};
pub(super) use prober::{PROBE, prober_main};
