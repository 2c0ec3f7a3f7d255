//! Supervision: one poll loop per running case, from the hand-over to the counters.
//!
//! Everything that can happen is a descriptor or a deadline; nothing is polled on a tick except
//! where no cgroup counts for us.

mod case;
mod clocks;
mod events;
mod facts;
mod pauses;
mod records;

pub(super) use case::{Left, Supervision, supervise};
