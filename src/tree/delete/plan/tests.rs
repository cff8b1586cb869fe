//! The plan of a delete against a model of a tree.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::error::Code;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("n{number}")).collect()
}

/// Returns a plan whose top has this many children.
fn opened(count: usize) -> Plan {
    let top = ZnodePath::root().child("top");
    let mut plan = Plan::begin(top, Vec::new(), true, Some(count as u64 + 1));
    let top = plan.next_retry().unwrap();
    plan.done(top, Step::Opened(names(count)));
    plan
}

#[test]
fn a_znode_is_deleted_after_its_children() {
    let mut plan = opened(2);
    for path in ["/top/n1", "/top/n0", "/top"] {
        let target = plan.next_of_any().unwrap();
        assert_eq!(target.path.as_str(), path);
        plan.done(target, Step::Deleted);
    }
    assert_eq!(plan.outcome().unwrap(), 3);
}

#[test]
fn siblings_of_many_leaves_are_assumed_to_be_leaves_until_one_is_not() {
    let mut plan = opened(100);
    let some = plan.next_unlisted(64, usize::MAX);
    let lists = some.iter().map(|_| Ok(Vec::new())).collect();
    plan.listed(some, lists);
    assert_eq!(plan.next_unlisted(10, usize::MAX).len(), 0);
    assert_eq!((plan.leaves(), plan.unlisted()), (100, 0));

    let mut plan = opened(100);
    let some = plan.next_unlisted(64, usize::MAX);
    let lists = some.iter().map(|target| Ok(names(usize::from(target.path.name() == "n50"))));
    let lists = lists.collect();
    plan.listed(some, lists);
    assert_eq!(plan.next_unlisted(10, usize::MAX).len(), 10);
}

#[test]
fn a_znode_that_is_left_blocks_its_ancestors() {
    let mut plan = opened(2);
    let shut = plan.next_of_any().unwrap();
    plan.done(shut, Step::Failed(Error::new(Kind::Refused, "no: /top/n1")));
    let other = plan.next_of_any().unwrap();
    plan.done(other, Step::Deleted);
    assert!(plan.next_of_any().is_none());
    let error = plan.outcome().unwrap_err();
    let said = "Failed to delete some node(s) in the subtree! 1 deleted, 2 left";
    assert_eq!(error.to_string(), said);
    assert_eq!(error.causes()[0].to_string(), "no: /top/n1");
}

#[test]
fn known_znodes_are_tried_first_and_the_top_again_if_some_are_left() {
    let top = ZnodePath::root().child("top");
    let known = vec![top.clone(), top.child("a"), top.child("a").child("b"), top.child("c")];
    let begin = || Plan::begin(top.clone(), known.clone(), true, Some(4));
    let mut plan = begin();
    let all = plan.next_known(3);
    let paths: Vec<&str> = all.iter().map(|target| target.path.as_str()).collect();
    assert_eq!(paths, ["/top/c", "/top/a/b", "/top/a"]);
    plan.deleted_known(&all);
    let last = plan.next_known(3);
    plan.deleted_known(&last);
    plan.known_are_tried();
    assert!(plan.next_retry().is_none());
    assert_eq!(plan.outcome().unwrap(), 4);

    let mut plan = begin();
    plan.next_known(2);
    plan.refused_known();
    plan.known_are_tried();
    assert!(plan.next_retry().is_none(), "the other known znodes come first");
    let rest = plan.next_known(2);
    assert!(plan.next_known(1).is_empty() && rest.len() == 2);
    plan.refused_known();
    plan.known_are_tried();
    assert_eq!(plan.next_retry().unwrap().path, top);
}

#[test]
fn after_a_lost_connection_the_error_separates_known_and_unknown_results() {
    let mut plan = opened(3039);
    for _ in 0..2 {
        let target = plan.next_of_any().unwrap();
        plan.done(target, Step::Deleted);
    }
    let (one, other) = (plan.next_of_any().unwrap(), plan.next_of_any().unwrap());
    let lost = |target: &Target| Error::code(Code::ConnectionLoss, target.path.as_str());
    for target in [one, other] {
        let error = lost(&target).of_write();
        plan.done(target, Step::Failed(error));
    }
    let error = plan.outcome().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Failed to delete some node(s) in the subtree! 2 deleted, 2 that may be deleted, \
         3036 not tried"
    );
    assert_eq!(error.kind(), Kind::Lost);
}
