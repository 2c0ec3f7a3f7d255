//! Many cases: order, parallelism, events.
