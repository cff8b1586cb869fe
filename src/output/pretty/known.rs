//! Data of well-known systems: a summary line, and protobuf messages with field names.
//!
//! Sources: Kafka's `ZkData.scala`, Solr's `DocCollection`, Curator's `ServiceInstance`, `HBase`'s
//! `ZooKeeper.proto` and `RecoverableZooKeeper`, Hadoop's `HAZKInfo.proto` and
//! `yarn_server_common_protos`.

use std::fmt::Write;

use serde_json::Value;

use super::super::stat::date;
use super::protobuf::{self, Field};
use crate::zk::ZnodePath;

/// A protobuf message type: its field names, and the types of nested messages.
struct Message {
    name: &'static str,
    fields: &'static [(u64, &'static str, Option<&'static Message>)],
}

static SERVER_NAME: Message = Message {
    name: "ServerName",
    fields: &[(1, "host_name", None), (2, "port", None), (3, "start_code", None)],
};

static MASTER: Message = Message {
    name: "HBase master",
    fields: &[(1, "master", Some(&SERVER_NAME)), (2, "rpc_version", None), (3, "info_port", None)],
};

static META: Message = Message {
    name: "HBase meta region server",
    fields: &[(1, "server", Some(&SERVER_NAME)), (2, "rpc_version", None), (3, "state", None)],
};

static CLUSTER_ID: Message =
    Message { name: "HBase cluster id", fields: &[(1, "cluster_id", None)] };

static CLUSTER_UP: Message =
    Message { name: "HBase cluster is up", fields: &[(1, "start_date", None)] };

static VERSION_INFO: Message = Message {
    name: "VersionInfo",
    fields: &[
        (1, "version", None),
        (2, "url", None),
        (3, "revision", None),
        (4, "user", None),
        (5, "date", None),
        (6, "src_checksum", None),
        (7, "version_major", None),
        (8, "version_minor", None),
    ],
};

static REGION_SERVER: Message = Message {
    name: "HBase region server",
    fields: &[(1, "info_port", None), (2, "version_info", Some(&VERSION_INFO))],
};

static HBASE: Message = Message { name: "HBase", fields: &[] };

static ACTIVE_NAMENODE: Message = Message {
    name: "Hadoop HA active NameNode",
    fields: &[
        (1, "nameserviceId", None),
        (2, "namenodeId", None),
        (3, "hostname", None),
        (4, "port", None),
        (5, "zkfcPort", None),
    ],
};

static ACTIVE_RM: Message = Message {
    name: "YARN active ResourceManager",
    fields: &[(1, "clusterId", None), (2, "rmId", None)],
};

/// Returns a text for binary data of a known system.
pub(super) fn binary(path: &ZnodePath, data: &[u8]) -> Option<String> {
    let mut names = path.as_str().rsplit('/');
    let (name, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    if let Some(message) = hbase(data) {
        let of = match (parent, name) {
            (_, "master") | ("backup-masters", _) => &MASTER,
            (_, "hbaseid") => &CLUSTER_ID,
            (_, "running") => &CLUSTER_UP,
            ("rs", _) => &REGION_SERVER,
            (_, name) if name.starts_with("meta-region-server") => &META,
            _ => &HBASE,
        };
        return show(of, message);
    }
    if matches!(name, "ActiveBreadCrumb" | "ActiveStandbyElectorLock") {
        let yarn = path.as_str().contains("/yarn-leader-election/");
        return show(if yarn { &ACTIVE_RM } else { &ACTIVE_NAMENODE }, data);
    }
    None
}

/// Returns the protobuf message in `HBase` data: after the optional writer id, and after the magic.
fn hbase(data: &[u8]) -> Option<&[u8]> {
    /// The first byte if the writer id comes first (`RecoverableZooKeeper.MAGIC`).
    const MAGIC: u8 = 0xff;
    let inner = match data {
        [MAGIC, rest @ ..] => {
            let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
            rest.get(4_usize.checked_add(length)?..)?
        }
        data => data,
    };
    inner.strip_prefix(b"PBUF")
}

fn show(of: &Message, data: &[u8]) -> Option<String> {
    let mut text = format!("{}\n", of.name);
    write_fields(Some(of), data, 1, &mut text)?;
    text.pop();
    Some(text)
}

/// Maximum depth of nested messages.
const DEEPEST: usize = 16;

/// Writes the fields of a message, one per line. Writing into memory cannot fail.
fn write_fields(of: Option<&Message>, data: &[u8], depth: usize, out: &mut String) -> Option<()> {
    for field in protobuf::fields(data) {
        let (number, value) = field?;
        let known = of.and_then(|of| of.fields.iter().find(|known| known.0 == number));
        (0..depth).for_each(|_| out.push_str("  "));
        match known {
            Some((_, name, _)) => out.push_str(name),
            None => out.push_str(&number.to_string()),
        }
        let inner = known.and_then(|known| known.2);
        match value {
            Field::Varint(number) => {
                let _ = writeln!(out, ": {number}");
            }
            Field::Fixed(number) => {
                let _ = writeln!(out, ": {number:#x}");
            }
            Field::Bytes(bytes) => {
                let is_text = |text: &&str| text.chars().all(|c| !c.is_control());
                let text = std::str::from_utf8(bytes).ok().filter(is_text);
                let is_message = inner.is_some()
                    || (text.is_none() && depth < DEEPEST && protobuf::is_likely(bytes));
                match text {
                    Some(text) if inner.is_none() => {
                        let _ = writeln!(out, ": {text:?}");
                    }
                    _ if is_message => {
                        out.push('\n');
                        write_fields(inner, bytes, depth + 1, out)?;
                    }
                    _ => {
                        out.push_str(": 0x");
                        for byte in bytes {
                            let _ = write!(out, "{byte:02x}");
                        }
                        out.push('\n');
                    }
                }
            }
        }
    }
    Some(())
}

/// Returns a summary line for JSON of a known system.
pub(super) fn json(path: &ZnodePath, text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let object = value.as_object()?;
    let get = |key: &str| object.get(key);
    let word = |key: &str| get(key).and_then(Value::as_str);
    let names: Vec<&str> = path.as_str().split('/').collect();
    match names[..] {
        [.., "brokers", "ids", id] => {
            let of = get("endpoints")
                .and_then(Value::as_array)
                .map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
            let at = of
                .filter(|of| !of.is_empty())
                .or_else(|| Some(format!("{}:{}", word("host")?, get("port")?.as_i64()?)))?;
            Some(format!("Kafka broker {id} at {at}{}", since(get("timestamp"))))
        }
        [.., "controller"] if get("brokerid").is_some() => {
            let id = get("brokerid")?.as_i64()?;
            Some(format!("Kafka controller: broker {id}{}", since(get("timestamp"))))
        }
        [.., "brokers", "topics", topic] => {
            let partitions = get("partitions")?.as_object()?;
            let replicas = partitions.values().filter_map(Value::as_array).map(Vec::len).max()?;
            Some(format!(
                "Kafka topic {topic}: {}, replication {replicas}",
                counted(partitions.len(), "partition")
            ))
        }
        [.., "partitions", number, "state"] => {
            let leader = get("leader")?.as_i64()?;
            let in_sync: Vec<String> =
                get("isr")?.as_array()?.iter().map(ToString::to_string).collect();
            let leader =
                if leader < 0 { "without a leader".to_owned() } else { format!("led by {leader}") };
            Some(format!("Kafka partition {number}: {leader}, in sync {}", in_sync.join(", ")))
        }
        [.., "state.json" | "clusterstate.json"] => {
            let collections: Vec<String> =
                object.iter().filter_map(|(name, collection)| solr(name, collection)).collect();
            (!collections.is_empty()).then(|| collections.join("; "))
        }
        _ => curator(object),
    }
}

fn solr(name: &str, collection: &Value) -> Option<String> {
    let shards = collection.get("shards")?.as_object()?;
    let replicas: Vec<&Value> = shards
        .values()
        .filter_map(|shard| shard.get("replicas")?.as_object())
        .flat_map(serde_json::Map::values)
        .collect();
    let inactive = replicas
        .iter()
        .filter(|replica| replica.get("state").and_then(Value::as_str) != Some("active"))
        .count();
    let inactive = if inactive == 0 { String::new() } else { format!(", {inactive} not active") };
    Some(format!(
        "Solr collection {name}: {}, {}{inactive}",
        counted(shards.len(), "shard"),
        counted(replicas.len(), "replica")
    ))
}

fn curator(object: &serde_json::Map<String, Value>) -> Option<String> {
    let (name, time) = (object.get("name")?.as_str()?, object.get("registrationTimeUTC")?);
    object.get("serviceType")?;
    let address = object.get("address").and_then(Value::as_str).unwrap_or("no address");
    let port = object.get("port").and_then(Value::as_i64);
    let port = port.or_else(|| object.get("sslPort").and_then(Value::as_i64));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("Curator service {name} at {address}{port}{}", since(Some(time))))
}

/// Returns a suffix with a start time, given in milliseconds as a number or as text.
fn since(time: Option<&Value>) -> String {
    let milliseconds = time.and_then(|time| match time {
        Value::String(text) => text.parse().ok(),
        time => time.as_i64(),
    });
    milliseconds.map(|time| format!(", since {}", date(time))).unwrap_or_default()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ZnodePath {
        ZnodePath::new(text).expect("a path")
    }

    fn said(at: &str, text: &str) -> Option<String> {
        json(&path(at), text)
            .map(|text| text.split(", since").next().unwrap_or_default().to_owned())
    }

    #[test]
    fn json_of_known_systems_is_summed_up() {
        for (at, text, expected) in [
            (
                "/kafka/brokers/ids/3",
                r#"{"endpoints":["PLAINTEXT://a:9092"],"timestamp":"1355216779000"}"#,
                "Kafka broker 3 at PLAINTEXT://a:9092",
            ),
            (
                "/brokers/ids/0",
                r#"{"host":"a","port":9092,"version":1}"#,
                "Kafka broker 0 at a:9092",
            ),
            ("/controller", r#"{"version":1,"brokerid":3}"#, "Kafka controller: broker 3"),
            (
                "/brokers/topics/t",
                r#"{"version":2,"partitions":{"0":[1,2],"1":[2,1]}}"#,
                "Kafka topic t: 2 partitions, replication 2",
            ),
            (
                "/brokers/topics/t/partitions/0/state",
                r#"{"leader":-1,"isr":[1,2]}"#,
                "Kafka partition 0: without a leader, in sync 1, 2",
            ),
            (
                "/collections/c/state.json",
                r#"{"c":{"shards":{"s1":{"replicas":{"r1":{"state":"active"},"r2":{"state":"down"}}}}}}"#,
                "Solr collection c: 1 shard, 2 replicas, 1 not active",
            ),
            (
                "/services/pay/1",
                r#"{"name":"pay","address":"10.0.0.1","port":80,"registrationTimeUTC":1,"serviceType":"DYNAMIC"}"#,
                "Curator service pay at 10.0.0.1:80",
            ),
        ] {
            assert_eq!(said(at, text).as_deref(), Some(expected), "{at}");
        }
        assert!(
            json(&path("/brokers/ids/3"), r#"{"host":"a","port":1,"timestamp":"1355216779000"}"#)
                .is_some_and(|text| text.contains(", since ") && text.ends_with(" 2012"))
        );
        for (at, text) in [
            ("/a", "{}"),
            ("/controller", "{}"),
            ("/brokers/ids/1", "[1]"),
            ("/state.json", "{\"a\":1}"),
        ] {
            assert_eq!(json(&path(at), text), None, "{at}");
        }
    }

    #[test]
    fn messages_have_the_names_of_their_fields() {
        let server = b"\x0a\x04host\x10\x80\x7d\x18\x01";
        let mut master = b"PBUF\x0a".to_vec();
        master.push(u8::try_from(server.len()).expect("short"));
        master.extend(server);
        master.extend(b"\x18\x8a\x7d");
        let expected = "HBase master\n  master\n    host_name: \"host\"\n    port: 16000\n    \
                        start_code: 1\n  info_port: 16010";
        assert_eq!(binary(&path("/hbase/master"), &master).as_deref(), Some(expected));
        let mut written = b"\xff\x00\x00\x00\x03abc".to_vec();
        written.extend(&master);
        assert_eq!(binary(&path("/hbase/master"), &written).as_deref(), Some(expected));
        let crumb = b"\x0a\x02ns\x12\x03nn1\x1a\x01h\x20\x94\x3f\x28\xd3\x3f";
        assert_eq!(
            binary(&path("/hadoop-ha/ns/ActiveBreadCrumb"), crumb).as_deref(),
            Some(
                "Hadoop HA active NameNode\n  nameserviceId: \"ns\"\n  namenodeId: \"nn1\"\n  \
                 hostname: \"h\"\n  port: 8084\n  zkfcPort: 8147"
            )
        );
        assert_eq!(binary(&path("/hadoop-ha/ns/ActiveBreadCrumb"), b"\xff\xff"), None);
        assert_eq!(binary(&path("/hbase/master"), b"PBUF\xff"), None);
        assert_eq!(binary(&path("/hbase/master"), b"\xff\xff\xff\xff\xff"), None);
    }

    #[test]
    fn what_a_field_holds_cannot_drive_a_terminal() {
        let data = b"PBUF\x0a\x04\x1b[2J";
        let text = binary(&path("/hbase/hbaseid"), data).expect("a message");
        assert_eq!(text, "HBase cluster id\n  cluster_id: 0x1b5b324a");
    }
}
