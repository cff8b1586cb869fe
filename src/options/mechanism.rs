//! The mechanisms of SASL authentication.

/// A mechanism of SASL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// User and password, as `DigestLoginModule` has them
    DigestMd5,
    /// Ticket of Kerberos; zksh must be built with the feature kerberos
    Kerberos,
}
