//! What the operator allows: configuration, profiles, ceilings.
