//! What a command hands back, and how it is shown.

pub mod escape;
