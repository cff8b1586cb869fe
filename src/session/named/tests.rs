//! Named sessions that are never opened.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::session::{Settings, Transport};
use crate::zk::Security;

fn sessions() -> Sessions {
    Sessions::new("main", |_, timeout| {
        let settings = Settings {
            timeout: timeout.unwrap_or(Duration::from_secs(1)),
            read_only: false,
            max_request: 1000,
            refused: Duration::MAX,
            transport: Transport::open(&Security::default()).unwrap(),
        };
        Session::new(settings, |_| {})
    })
}

#[test]
fn names_are_words() {
    let sessions = sessions();
    for wrong in ["", "a b", "-x", "1", "a/b", "a\u{1b}", &"x".repeat(33), "main"] {
        assert!(sessions.add(wrong, None).is_err(), "{wrong:?}");
    }
    for right in ["bob", "b-1_2", "临时"] {
        assert!(sessions.add(right, None).is_ok(), "{right}");
    }
    assert!(sessions.add("bob", None).is_err());
}

#[test]
fn a_switch_ends_with_its_guard_and_a_name_is_shown_beside_others_only() {
    let sessions = sessions();
    assert_eq!(sessions.shown_name(), None);
    sessions.add("bob", None).unwrap();
    assert_eq!(sessions.shown_name().as_deref(), Some("main"));
    {
        let _bob = sessions.switched_to("bob").unwrap();
        assert_eq!(&*sessions.name(), "bob");
        assert!(sessions.forget("bob").is_err(), "it is the current one");
    }
    assert_eq!(&*sessions.name(), "main");
    sessions.forget("bob").unwrap();
    assert!(sessions.get("bob").is_err());
    assert_eq!(sessions.shown_name(), None);
    // The name can be used again.
    sessions.add("bob", None).unwrap();
}

#[test]
fn there_are_so_many_at_a_time_and_not_more() {
    let sessions = sessions();
    for number in 1..MOST_OPEN {
        sessions.add(&format!("s{number}"), None).unwrap();
    }
    assert!(sessions.add("more", None).is_err());
    sessions.forget("s5").unwrap();
    sessions.add("more", None).unwrap();
}
