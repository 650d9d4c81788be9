//! What `multihome render envoy` says of a policy and a command line that do not go together.

use crate::render::{LISTENERS, everything};
use crate::run::{EVERYTHING, multihome, multihome_with};

#[test]
fn says_what_does_not_fit_together() {
    let without = everything(&["--listen", "127.0.0.1:80", "--admin", "127.0.0.1:9901"]);
    assert_eq!(without.code, 1);
    assert!(without.err.contains("the policy configures the listener `mtls`, which has no address"), "{}", without.err);
    assert!(without.err.contains("help: add `--listen mtls=ADDRESS`"), "{}", without.err);

    let lonely = EVERYTHING.replace("listeners: [inside], ", "").replace(", client_ca_file: /tls/clients.pem", "");
    let run = multihome_with(&[&["render", "envoy", "-", "--wasm", "w"], &LISTENERS[..]].concat(), &lonely);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("`identity.trust.client_certificates` has no effect"), "{}", run.err);
}

/// The listeners and the admin interface; the exit code, and what is said.
#[test]
fn says_what_is_wrong_with_the_addresses() {
    const POLICY: &str = "envoy/policy.yaml";
    let admin = "127.0.0.1:9901";
    for (listeners, admin, code, said) in [
        (
            &["0.0.0.0:80"][..],
            admin,
            0,
            "`default` is trusted and can be reached from outside this machine (0.0.0.0:80)",
        ),
        (&["10.0.0.1:80"], admin, 0, "`default` is trusted and can be reached from outside this machine (10.0.0.1:80)"),
        (&["[::]:80"], admin, 0, "`default` is trusted and can be reached from outside this machine ([::]:80)"),
        (
            &["[fd00::1]:80"],
            admin,
            0,
            "`default` is trusted and can be reached from outside this machine ([fd00::1]:80)",
        ),
        (&["[::ffff:10.0.0.1]:80"], admin, 0, "`default` is trusted and can be reached from outside this machine"),
        (
            &["127.0.0.1:80"],
            "0.0.0.0:9901",
            0,
            "the admin interface can be reached from outside this machine (0.0.0.0:9901)",
        ),
        (&["127.0.0.1:80"], "192.168.0.7:9901", 0, "the admin interface can be reached from outside this machine"),
        (&["127.1.2.3:80"], "[::1]:9901", 0, ""),
        (&["[::ffff:127.0.0.1]:80"], admin, 0, ""),
        (&["127.0.0.1:80", "public=0.0.0.0:443"], admin, 0, "`public` refuses every request with 401"),
        (&["127.0.0.1:80", "127.0.0.1:81"], admin, 1, "the listener `default` stands twice"),
        (&["127.0.0.1:80", "a=127.0.0.1:80"], admin, 1, "`a` listens where the listener `default` does (127.0.0.1:80)"),
        (&["127.0.0.1:9901"], admin, 1, "`default` listens where the admin interface does (127.0.0.1:9901)"),
        (&["127.0.0.1:0"], "127.0.0.1:0", 0, ""),
    ] {
        let listen: Vec<&str> = listeners.iter().flat_map(|listener| ["--listen", listener]).collect();
        let run = multihome(&[&["render", "envoy", POLICY, "--wasm", "w", "--admin", admin], &listen[..]].concat());
        assert!(run.code == code && run.err.contains(said), "{listeners:?} {admin}: {} {}", run.code, run.err);
        assert_eq!(said.is_empty(), run.err.is_empty(), "{listeners:?} {admin}: {}", run.err);
    }
    let probed = |probe: &str| {
        multihome(&[
            "render",
            "envoy",
            POLICY,
            "--wasm",
            "w",
            "--admin",
            admin,
            "--listen",
            "127.0.0.1:80",
            "--probe",
            probe,
        ])
    };
    for taken in ["127.0.0.1:80", admin] {
        let run = probed(taken);
        assert!(run.code == 1 && run.err.contains("the listener for probes"), "{}", run.err);
    }
    assert_eq!(probed("0.0.0.0:8081").code, 0);
    let part = |part: &str, listeners: &[&str]| {
        multihome(&[&["render", "envoy", POLICY, "--wasm", "w", "--part", part], listeners].concat())
    };
    let run = part("filters", &[]);
    assert!(run.code == 0 && run.err.contains("the listener `default`, which is trusted"), "{}", run.err);
    for quiet in [
        part("filters", &["--listen", "public=127.0.0.1:80"]),
        part("route", &["--domain", "*"]),
        part("clusters", &[]),
    ] {
        assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    }
    let absorbs = crate::render::everything(&["--part", "clusters", "--no-internal-listeners"]);
    assert!(absorbs.err.contains("endpoints.aws-key.informational: has no effect with"), "{}", absorbs.err);
    let nameless = part("route", &[]);
    assert!(nameless.code == 2 && nameless.err.contains("--domain <HOST>"), "{}", nameless.err);
    assert_eq!(part("filters", &["--listen", "127.0.0.1:80", "--listen", "public=127.0.0.1:81"]).code, 1);
}
