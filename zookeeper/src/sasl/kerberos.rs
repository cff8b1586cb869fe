//! SASL GSSAPI with Kerberos (RFC 4752), which the feature `kerberos` enables. Tickets come from
//! the cache of `kinit`, or from the keytab that `KRB5_CLIENT_KTNAME` names. This module handles no
//! password.

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE, GSS_NT_KRB5_PRINCIPAL, OidSet};

use super::{Sasl, SaslSession, SaslStep};
use crate::error::{Cause, Fault, FaultKind};
use crate::host::Host;

/// The bit that offers or selects a connection without a SASL security layer.
const NO_LAYER: u8 = 1;

/// The error code if no KDC can be reached (`KRB5_KDC_UNREACH`). A retry may succeed.
const KDC_UNREACHABLE: u32 = (-1_765_328_228_i32).cast_unsigned();

/// The client's principal, and the service name of the servers.
#[derive(Debug, Clone)]
pub struct Kerberos {
    service: String,
    principal: Option<String>,
}

impl Kerberos {
    /// Authenticates to the service `SERVICE/host` as the default principal of the ticket cache.
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), principal: None }
    }

    /// Sets the principal, such as `ann@EXAMPLE.ORG`.
    #[must_use]
    pub fn principal(mut self, principal: impl Into<String>) -> Self {
        self.principal = Some(principal.into());
        self
    }

    fn context(&self, host: &str) -> Result<ClientCtx, libgssapi::error::Error> {
        let service = format!("{}@{host}", self.service);
        let target = Name::new(service.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))?;
        let cred = match &self.principal {
            None => None,
            Some(principal) => {
                let name = Name::new(principal.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL))?;
                let mechanisms = OidSet::singleton(GSS_MECH_KRB5)?;
                Some(Cred::acquire(Some(&name), None, CredUsage::Initiate, Some(&mechanisms))?)
            }
        };
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_INTEG_FLAG;
        Ok(ClientCtx::new(cred, target, flags, Some(GSS_MECH_KRB5)))
    }
}

impl Sasl for Kerberos {
    fn begin(&self, host: &Host) -> Result<Box<dyn SaslSession>, Cause> {
        let state = State::Begun(self.clone(), host.name.clone());
        Ok(Box::new(Session(state)))
    }
}

struct Session(State);

enum State {
    Begun(Kerberos, String),
    /// The server must authenticate itself.
    Greeted(ClientCtx),
    /// The server must offer its security layers.
    Proved(ClientCtx),
    /// The server must accept the selected layer.
    Chosen,
    Over,
}

impl SaslSession for Session {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<SaslStep, Cause> {
        let challenge = challenge.unwrap_or_default();
        match std::mem::replace(&mut self.0, State::Over) {
            State::Begun(who, host) => {
                let mut context = who.context(&host).map_err(failed)?;
                let token = context.step(None, None).map_err(failed)?;
                self.0 = State::Greeted(context);
                Ok(SaslStep::Send(token.map(|token| token.to_vec()).unwrap_or_default()))
            }
            // A server without SASL sends an empty token, and does not authenticate the session.
            State::Greeted(_) if challenge.is_empty() => Err(lasting(
                FaultKind::NoSasl,
                "the server has no SASL: it ignores credentials".to_owned(),
            )),
            State::Greeted(mut context) => {
                let token = context.step(Some(challenge), None).map_err(failed)?;
                let token = token.map(|token| token.to_vec()).unwrap_or_default();
                self.0 =
                    if token.is_empty() { State::Proved(context) } else { State::Greeted(context) };
                Ok(SaslStep::Send(token))
            }
            State::Proved(mut context) => {
                let offer = context.unwrap(challenge).map_err(failed)?;
                if offer.len() != 4 || offer[0] & NO_LAYER == 0 {
                    let text = "the server wants a layer of SASL's own, which ZooKeeper has not";
                    return Err(lasting(FaultKind::NoSasl, text.to_owned()));
                }
                let choice = context.wrap(false, &[NO_LAYER, 0, 0, 0]).map_err(failed)?;
                self.0 = State::Chosen;
                Ok(SaslStep::Send(choice.to_vec()))
            }
            State::Chosen | State::Over => Ok(SaslStep::Done),
        }
    }

    /// Returns true because a step may contact the KDC.
    fn blocks(&self) -> bool {
        true
    }
}

fn failed(error: libgssapi::error::Error) -> Cause {
    let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    // The message of Kerberos is in parentheses after that of GSS-API, which is too general.
    let specific = text.split_once(" (").and_then(|(_, rest)| rest.strip_suffix(')'));
    let text = specific.unwrap_or(&text);
    let fault = Fault::new(format!("Kerberos: {text}")).of_kind(FaultKind::Kerberos);
    Cause::Transport(if error.minor == KDC_UNREACHABLE { fault } else { fault.lasting() })
}

fn lasting(kind: FaultKind, text: String) -> Cause {
    Cause::Transport(Fault::new(text).of_kind(kind).lasting())
}
