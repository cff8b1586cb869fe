//! Tests of the whole client against servers that send whatever a test wants.

mod causes;
mod chaos;
mod codec;
mod early;
mod fake;
mod hostile;
mod keeper;
mod order;
mod samples;
mod sasl;
mod session;
mod watches;
mod watches_again;
mod wire;
