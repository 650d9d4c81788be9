//! What is not Envoy, or does not reply, is told apart. What Envoy itself says is tried end to end.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use super::*;

/// Takes one connection and replies with these bytes; with none, it keeps the connection without a word.
fn listening(reply: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let _ = connection.read(&mut buffer);
        match reply {
            Some(text) => connection.write_all(text.as_bytes()).unwrap(),
            None => std::thread::sleep(Duration::from_secs(3)),
        }
    });
    address
}

fn error(reply: Option<&'static str>) -> String {
    let short = Duration::from_millis(300);
    let admin = Admin::with(&listening(reply), short, short).unwrap();
    admin.server().unwrap_err().to_string()
}

#[test]
fn says_what_is_wrong_and_what_to_do() {
    for (reply, says) in [
        (None, "did not reply to /server_info in time"),
        (Some("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"), "replies to /server_info with 404"),
        (Some("HTTP/1.1 301 Moved\r\nlocation: http://a/\r\ncontent-length: 0\r\n\r\n"), "with 301"),
        (
            Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
            "is no admin interface of Envoy: its /server_info is no JSON",
        ),
        (Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), "its /server_info names no version of Envoy"),
        (Some("SSH-2.0-OpenSSH\r\n"), "is no admin interface of Envoy"),
    ] {
        let error = error(reply);
        assert!(error.contains(says), "{reply:?}: {error}");
        assert!(error.contains("\n  help: "), "{error}");
    }
    // A port that was just free.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Admin::at(&format!("http://{closed}/")).unwrap().server().unwrap_err().to_string();
    assert!(error.contains("no Envoy can be reached at") && error.contains("kubectl port-forward"), "{error}");
}

#[test]
fn reads_no_more_than_the_limit() {
    let address = listening(Some("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"version\":\"12345678"));
    let error = Admin::at(&address).unwrap().get("/config_dump", &[], 10).unwrap_err();
    assert_eq!(error, AdminError::TooLarge { address, path: "/config_dump".to_owned() });
}

#[test]
fn takes_an_address_and_nothing_else() {
    for right in ["http://127.0.0.1:9901", "127.0.0.1:9901", "http://[::1]:9901/", "localhost:15000"] {
        assert!(Admin::at(right).is_ok(), "{right}");
    }
    for wrong in ["", "9901", "https://127.0.0.1:9901", "http://127.0.0.1", "http://a:9901/x", "a:b", "u@a:1", ":1"] {
        assert!(matches!(Admin::at(wrong), Err(AdminError::Address { .. })), "{wrong}");
    }
}

#[test]
fn finds_resources_of_every_source() {
    let kind = |name: &str| format!("type.googleapis.com/envoy.admin.v3.{name}");
    let dump = Dump::new(json!({"configs": [
        {"@type": kind("ListenersConfigDump"), "static_listeners": [{"listener": {"name": "a"}}], "dynamic_listeners": [
            {"name": "b", "active_state": {"version_info": "2", "listener": {"name": "b"}},
             "error_state": {"version_info": "3", "details": "no"}},
            {"name": "c", "warming_state": {"version_info": "1", "listener": {"name": "c"}}},
        ]},
        {"@type": kind("ClustersConfigDump"), "dynamic_active_clusters": [{"version_info": "4", "cluster": {"name": "d"}}]},
        {"@type": kind("ClustersConfigDump"), "dynamic_warming_clusters": [{"cluster": {"name": "e"}}]},
    ]}));
    let shown = |found: Vec<Resource<'_>>| -> Vec<(String, String, bool)> {
        found.iter().map(|one| (one.name.to_owned(), one.version.to_owned(), one.is_active)).collect()
    };
    let row = |name: &str, version: &str, is_active| (name.to_owned(), version.to_owned(), is_active);
    assert_eq!(shown(dump.listeners()), [row("a", "", true), row("b", "2", true), row("c", "1", false)]);
    assert_eq!(shown(dump.clusters()), [row("d", "4", true), row("e", "", false)]);
    let [rejected] = dump.rejected()[..] else { panic!("{:?}", dump.rejected()) };
    assert_eq!((rejected.name, rejected.serving, rejected.refused, rejected.why), ("b", "2", "3", "no"));
}
