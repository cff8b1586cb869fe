//! One request of each kind, and a check for any bytes in place of its reply. The fuzzer and the
//! tests share them.

use zookeeper::{
    Acl, AddAuth, AddWatch, AnyRequest, Check, CheckWatches, Create, CreateMode, Delete, Exists,
    GetAcl, GetAllChildrenNumber, GetChildren, GetChildren2, GetConfig, GetData, GetEphemerals,
    Multi, MultiRead, Operation, Read, Reconfig, RemoveKind, RemoveWatches, Reply, SetAcl, SetData,
    Sync, WatchMode, WhoAmI,
};

use super::wire;

/// Every kind of request.
pub(crate) fn requests() -> Vec<AnyRequest> {
    vec![
        Create::new("/a", "x").into(),
        Create::new("/a", "x").with_stat().into(),
        Create::new("/a-", "x").mode(CreateMode::EphemeralSequential).into(),
        Create::new("/a", "x").mode(CreateMode::Container).into(),
        Delete::new("/a").into(),
        Exists::new("/a").watch(true).into(),
        GetData::new("/a").watch(true).into(),
        SetData::new("/a", "x").into(),
        GetAcl::new("/a").into(),
        SetAcl::new("/a", Acl::open()).into(),
        GetChildren::new("/a").watch(true).into(),
        GetChildren2::new("/a").into(),
        Sync::new("/a").into(),
        Multi::new([
            Operation::Create(Create::new("/a", "x")),
            Operation::SetData(SetData::new("/a", "x")),
            Operation::Check(Check::new("/a", 1)),
            Operation::Delete(Delete::new("/a")),
        ])
        .into(),
        Multi::new([Operation::Delete(Delete::new("/a")), Operation::Delete(Delete::new("/b"))])
            .into(),
        MultiRead::new([Read::Children("/a".into()), Read::Data("/b".into())]).into(),
        AddWatch::new("/a", WatchMode::PersistentRecursive).into(),
        CheckWatches::new("/a", RemoveKind::Any).into(),
        RemoveWatches::new("/a", RemoveKind::Any).into(),
        GetEphemerals::new("/").into(),
        GetAllChildrenNumber::new("/a").into(),
        WhoAmI.into(),
        GetConfig { watch: true }.into(),
        Reconfig { joining: None, leaving: Some("3".into()), members: None, version: -1 }.into(),
        AddAuth::new("digest", "ann:x").into(),
    ]
}

/// Decodes bytes as a reply: the index of the request, the code, the body. An accepted reply must
/// be encoded to the same bytes.
///
/// # Panics
/// If it is not.
pub(crate) fn check(input: &[u8]) {
    let Some((number, rest)) = input.split_first() else { return };
    let Some((code, body)) = rest.split_first_chunk() else { return };
    let code = i32::from_be_bytes(*code);
    let requests = requests();
    let request = &requests[usize::from(*number) % requests.len()];
    let Ok(accepted) = request.read_reply(code, body) else { return };
    if let (AnyRequest::MultiRead(multi), Ok(Reply::Reads(reads))) = (request, &accepted) {
        // Apache and ClickHouse Keeper encode a failed read in different ways.
        let failed = reads.iter().any(Result::is_err);
        if failed && wire::keeper_reads(&multi.reads, reads) == body {
            return;
        }
        if failed && wire::reply(request, &accepted).1.len() != body.len() {
            return;
        }
    }
    assert!(wire::reply(request, &accepted) == (code, body.to_vec()), "{request:?}: {accepted:?}");
}
