use proptest::prelude::*;

use super::*;
use crate::tree::snapshot::{TreeFile, Writer};
use crate::tree::{Acl, AclEntry, Data, Kind as ZnodeKind, Permissions, Record};
use crate::zk::Stat;
use crate::zk::ZnodePath;

fn path(text: &str) -> ZnodePath {
    ZnodePath::new(text).expect("a path")
}

fn saved(records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), Header::new(&path("/"), None, None)).expect("memory");
    for record in records {
        writer.add(record).expect("memory");
    }
    writer.finish().expect("memory").0
}

fn read(bytes: Vec<u8>) -> Vec<std::result::Result<Record, String>> {
    match TreeFile::open(io::Cursor::new(bytes), "f") {
        Ok(file) => file
            .records
            .map(|located| match located {
                Ok(located) => Ok(located.record),
                Err(error) => Err(error.to_string()),
            })
            .collect(),
        Err(error) => vec![Err(error.to_string())],
    }
}

fn errors(text: &str) -> Vec<String> {
    read(text.as_bytes().to_vec()).into_iter().filter_map(std::result::Result::err).collect()
}

const HEADER: &str = "{\"zksh\":\"tree\",\"version\":1,\"top\":\"/\"}\n";

#[test]
fn written_lines_match_the_schema() {
    let record = Record {
        data: Some(Data::Bytes(b"\xff".to_vec())),
        acl: Some(Acl::open()),
        kind: Some(ZnodeKind::Ttl(5)),
        stat: Some(Stat::default()),
        changed: true,
        ..Record::bare(path("/a"))
    };
    let text = String::from_utf8(saved(&[record, Record::bare(path("/b"))])).expect("text");
    assert_eq!(
        text,
        "{\"zksh\":\"tree\",\"version\":1,\"top\":\"/\"}\n\
         {\"path\":\"/a\",\"data\":{\"base64\":\"/w==\"},\"kind\":\"ttl\",\"ttl\":5,\
         \"acl\":[{\"scheme\":\"world\",\"id\":\"anyone\",\"perms\":\"cdrwa\"}],\
         \"stat\":{\"czxid\":0,\"mzxid\":0,\"pzxid\":0,\"ctime\":0,\"mtime\":0,\"version\":0,\
         \"cversion\":0,\"aversion\":0,\"ephemeralOwner\":0,\"dataLength\":0,\"numChildren\":0},\
         \"changed\":true}\n\
         {\"path\":\"/b\"}\n\
         {\"end\":{\"znodes\":2,\"changed\":1,\"skipped\":0}}\n"
    );
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../schema/tree.schema.json")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for line in text.lines() {
        let line = serde_json::from_str(line).expect("JSON");
        assert!(schema.is_valid(&line), "{line}");
    }
    for wrong in ["{}", "{\"path\":\"a\"}", "{\"path\":\"/a\",\"kind\":\"odd\"}", "[]"] {
        let line = serde_json::from_str(wrong).expect("JSON");
        assert!(!schema.is_valid(&line), "{line}");
    }
}

#[test]
fn a_file_written_by_hand_needs_no_header() {
    let seen = read(
        b"\n{\"path\":\"/a\",\"data\":null}\n\n{\"data\":{\"text\":\"x\"},\"path\":\"/b\"}"
            .to_vec(),
    );
    let null = Record { data: Some(Data::Null), ..Record::bare(path("/a")) };
    let text = Record { data: Some(Data::Bytes(b"x".to_vec())), ..Record::bare(path("/b")) };
    assert_eq!(seen, [Ok(null), Ok(text)]);
}

#[test]
fn a_truncated_file_is_detected_wherever_it_is_cut() {
    let records: Vec<Record> = (0..3).map(|n| Record::bare(path(&format!("/n{n}")))).collect();
    let bytes = saved(&records);
    let header = bytes.iter().position(|byte| *byte == b'\n').expect("lines");
    // Without its last newline the file is still complete.
    for end in header + 1..bytes.len() - 1 {
        let seen = read(bytes[..end].to_vec());
        assert!(matches!(seen.last(), Some(Err(_))), "{end}: {seen:?}");
    }
    let seen = errors(&format!("{HEADER}{{\"path\":\"/a\"}}\n"));
    assert_eq!(seen, ["f:3: the file was cut: the end line is missing"]);
    let missing = format!("{HEADER}{{\"path\":\"/a\"}}\n{{\"end\":{{\"znodes\":2}}}}\n");
    assert_eq!(errors(&missing), ["f:4: the file was cut: it has 1 of 2 znodes"]);
}

#[test]
fn each_malformed_line_is_reported_with_its_number() {
    let text = format!(
        "{HEADER}{{\"path\":\"a\"}}\n{{\"path\":\"/b\"}}\n{{\"path\":\"/c\",\"dta\":null}}\nxyz\n\
         {{\"path\":\"/d\",\"data\":{{\"base64\":\"?\"}}}}\n{{\"path\":\"/e\",\"ttl\":3}}\n\
         {{\"path\":\"/f\",\"acl\":[]}}\n\
         {{\"path\":\"/g\",\"acl\":[{{\"scheme\":\"auth\",\"id\":\"\",\"perms\":\"r\"}}]}}\n\
         {{\"path\":\"/h\",\"data\":{{\"text\":\"a\",\"base64\":\"\"}}}}\n\
         {{\"path\":\"/i\",\"kind\":\"ttl\"}}\n\
         {{\"end\":{{\"znodes\":10}}}}\n"
    );
    let seen = errors(&text);
    let begins = [
        "f:2: Path must start with / character",
        "f:4: unknown field `dta`",
        "f:5: expected value at column 1",
        "f:6: the data is not valid base64",
        "f:7: only the kind ttl has a ttl",
        "f:8: no server accepts an empty ACL",
        "f:9: the server replaces the scheme auth by the ids of the writer",
        "f:10: ",
        "f:11: the kind ttl needs a ttl",
    ];
    assert_eq!(seen.len(), begins.len(), "{seen:#?}");
    for (line, begin) in seen.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line} is not {begin}");
    }
}

#[test]
fn files_of_other_kinds_are_rejected() {
    assert_eq!(errors(""), ["f: the file is empty"]);
    assert_eq!(errors(" \n\n"), ["f: the file is empty"]);
    assert!(errors("hello\n")[0].starts_with("f:1: expected value"));
    assert!(
        errors("{\"zksh\":\"other\",\"version\":1,\"top\":\"/\"}")[0]
            .contains("not a tree saved by zksh")
    );
    assert!(
        errors("{\"zksh\":\"tree\",\"version\":2,\"top\":\"/\"}")[0].contains("newer than this")
    );
    assert!(errors("{\"zksh\":\"tree\",\"version\":1,\"top\":\"x\"}")[0].contains("not a path"));
    assert!(errors(&format!("{{\"path\":\"/a\"}}\n{HEADER}"))[0].contains("not the first line"));
}

#[test]
fn an_endless_line_uses_bounded_memory() {
    struct Endless(u64);
    impl io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let taken = buffer.len().min(usize::try_from(self.0).unwrap_or(usize::MAX));
            buffer[..taken].fill(b'{');
            self.0 -= taken as u64;
            Ok(taken)
        }
    }
    let long = MAX_LINE_BYTES as u64 * 2;
    let mut reader = Reader::new(io::BufReader::new(Endless(long)), "f");
    let seen = reader.next().expect("an error").map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(seen, Err(format!("f:1: a line of more than {MAX_LINE_BYTES} bytes")));
    assert!(reader.line.capacity() <= 2 * MAX_LINE_BYTES);
    assert!(reader.next().is_none());
}

fn record() -> impl Strategy<Value = Record> {
    let name = "[^/\u{0}-\u{1f}\u{7f}-\u{9f}\u{e000}-\u{f8ff}\u{fff0}-\u{10ffff}]{1,8}"
        .prop_filter("relative", |name| name != "." && name != "..");
    let data = prop_oneof![
        Just(None),
        Just(Some(Data::Null)),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Some(Data::Bytes(bytes))),
        ".*".prop_map(|text| Some(Data::Bytes(text.into_bytes()))),
    ];
    let entry = ("[a-z]{1,6}", ".*", 0_i64..32).prop_filter_map("auth", |(scheme, id, perms)| {
        let perms = Permissions::from_bits(perms)?;
        (scheme != "auth").then_some(AclEntry { scheme, id, perms })
    });
    let acl = prop::option::of(prop::collection::vec(entry, 1..4).prop_map(Acl));
    let kind = prop::option::of(prop_oneof![
        Just(ZnodeKind::Persistent),
        Just(ZnodeKind::Ephemeral),
        Just(ZnodeKind::Container),
        (1..u64::MAX).prop_map(ZnodeKind::Ttl),
    ]);
    let stat = prop::option::of(any::<(i64, i32)>().prop_map(|(long, int)| Stat {
        czxid: long,
        mtime: long,
        version: int,
        ephemeral_owner: long,
        ..Stat::default()
    }));
    (name, data, acl, kind, stat, any::<bool>()).prop_map(
        |(name, data, acl, kind, stat, changed)| Record {
            path: path(&format!("/{name}")),
            data,
            acl,
            kind,
            stat,
            changed,
        },
    )
}

proptest! {
    #[test]
    fn written_records_read_back(records in prop::collection::vec(record(), 0..6)) {
        let seen: Vec<Record> = read(saved(&records)).into_iter().map(|r| r.expect("valid")).collect();
        prop_assert_eq!(seen, records);
    }

    #[test]
    fn no_bytes_make_the_reader_loop(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(bytes.clone());
        let _ = read([HEADER.as_bytes(), &bytes[..]].concat());
    }
}
