//! Tests of the whole client against servers that say whatever a test wants.

mod codec;
mod wire;
