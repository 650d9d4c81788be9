//! `multihome render kubernetes`: what Kubernetes is told. That its schemas take it, and that Envoy does what is meant, the
//! end-to-end tests show.

use serde_json::{Value, json};

use crate::run::{EVERYTHING, Run, assert_golden, multihome, multihome_with};

const LISTEN: [&str; 6] = ["--listen", "inside=8080", "--listen", "mtls=8443", "--listen", "web=9443"];

fn kubernetes(policy: &str, more: &[&str]) -> Run {
    let arguments = ["render", "kubernetes", "-", "--namespace", "llm", "--module", "r.contoso.test/multihome:1"];
    multihome_with(&[&arguments[..], more].concat(), policy)
}

/// All objects of [`EVERYTHING`], by their kinds.
fn objects(more: &[&str]) -> Vec<(String, Value)> {
    let run = kubernetes(EVERYTHING, &[&LISTEN[..], &["--format", "json"], more].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let list: Value = serde_json::from_str(&run.out).unwrap();
    let objects = list["items"].as_array().unwrap().iter();
    objects.map(|object| (object["kind"].as_str().unwrap().to_owned(), object.clone())).collect()
}

fn one(objects: &[(String, Value)], kind: &str) -> Value {
    let found: Vec<&Value> = objects.iter().filter(|(known, _)| known == kind).map(|(_, object)| object).collect();
    assert_eq!(found.len(), 1, "{kind}");
    found[0].clone()
}

#[test]
fn it_renders_as_it_did() {
    let clients = ["--clients", "app=gateway", "--clients", "ingress/app.kubernetes.io/name=nginx"];
    let run = kubernetes(EVERYTHING, &[&LISTEN[..], &clients].concat());
    let warning = "warning: the listener `web` refuses every request with 401: nobody there may say which tenant asks (`identity.trust`)\n";
    assert_eq!((run.code, run.err.as_str()), (0, warning));
    // What it holds is held against `render envoy`, below.
    let (map, others): (Vec<&str>, Vec<&str>) =
        run.out.split("---\n").partition(|text| text.contains("kind: ConfigMap"));
    let name = map[0].lines().find_map(|line| line.strip_prefix("  name: ")).unwrap();
    assert_golden("src/cli/tests/golden/kubernetes.yaml", &others.join("---\n").replace(name, "multihome-CONTENT"));
    let secrets = kubernetes(EVERYTHING, &[&LISTEN[..], &clients, &["--secrets"]].concat());
    assert_golden("src/cli/tests/golden/kubernetes-secrets.yaml", &secrets.out);
}

/// The bootstrap is that of `render envoy` with the pod's addresses and paths.
#[test]
fn the_config_map_holds_the_bootstrap() {
    let map = one(&objects(&[]), "ConfigMap");
    let bootstrap = map["data"]["envoy.yaml"].as_str().unwrap();
    let listen = ["--listen", "inside=0.0.0.0:8080", "--listen", "mtls=0.0.0.0:8443", "--listen", "web=0.0.0.0:9443"];
    let around = ["--admin", "127.0.0.1:9901", "--probe", "0.0.0.0:8081"];
    let arguments = ["render", "envoy", "-", "--wasm", "/etc/multihome/module/plugin.wasm"];
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/certificates");
    let certificates = ["--certificates", folder];
    let rendered = multihome_with(&[&arguments[..], &listen, &around, &certificates].concat(), EVERYTHING);
    assert!(bootstrap == rendered.out.replace(folder, "/etc/multihome/bootstrap"), "{bootstrap}");
    // And beside it the files by which Envoy is given certificates.
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        let (name, text) = (file.file_name().unwrap().to_str().unwrap(), std::fs::read_to_string(&file).unwrap());
        assert!(text.ends_with(map["data"][name].as_str().unwrap()), "{name}");
        assert!(text.contains("watched_directory"), "{text}");
    }
}

/// A pod that is still there, or comes back by a rollback, finds the bootstrap that it began with.
#[test]
fn another_policy_is_another_config_map() {
    let name = |policy: &str| {
        let run = kubernetes(policy, &[&LISTEN[..], &["--format", "json"]].concat());
        let list: Value = serde_json::from_str(&run.out).unwrap();
        let named =
            |kind: &str| list["items"].as_array().unwrap().iter().find(|object| object["kind"] == kind).unwrap();
        let (map, pod) = (named("ConfigMap"), &named("Deployment")["spec"]["template"]["spec"]);
        assert_eq!(map["immutable"], true);
        assert_eq!(map["metadata"]["name"], pod["volumes"][0]["configMap"]["name"]);
        map["metadata"]["name"].clone()
    };
    assert_eq!(name(EVERYTHING), name(EVERYTHING));
    assert_ne!(name(EVERYTHING), name(&EVERYTHING.replace("max_attempts: 4", "max_attempts: 5")));
}

/// What is applied again at each change would empty the secrets, were they in it.
#[test]
fn secrets_are_apart() {
    assert!(objects(&[]).iter().all(|(kind, _)| kind != "Secret"));
    let secrets = objects(&["--secrets"]);
    assert!(!secrets.is_empty());
    for (kind, secret) in secrets {
        assert_eq!(kind, "Secret");
        let filled: Vec<&str> =
            secret["stringData"].as_object().unwrap().values().map(|value| value.as_str().unwrap()).collect();
        assert!(filled.iter().all(|text| text.is_empty() || text.contains(r#"inline_string: """#)), "{filled:?}");
    }
}

#[test]
fn only_the_clients_reach_a_trusted_listener() {
    assert!(objects(&[]).iter().all(|(kind, _)| kind != "NetworkPolicy"));
    let policy = one(&objects(&["--clients", "edge/app=gateway"]), "NetworkPolicy");
    let ports =
        |numbers: &[u16]| numbers.iter().map(|port| json!({"protocol": "TCP", "port": port})).collect::<Value>();
    let from = json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}, "podSelector": {"matchLabels": {"app": "gateway"}}}]);
    assert_eq!(
        policy["spec"]["ingress"],
        json!([{"from": from, "ports": ports(&[8080])}, {"ports": ports(&[8443, 9443, 8081])}])
    );
}

/// As long as the policy lets one target take for a response, and the time around it.
#[test]
fn a_pod_waits_for_its_last_request() {
    for (more, most, grace) in
        [(&[][..], "910", 925), (&["--drain", "0"], "10", 25), (&["--drain", "3600"], "3610", 3625)]
    {
        let pod = one(&objects(more), "Deployment")["spec"]["template"]["spec"].clone();
        let command = &pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"];
        let script = "/etc/multihome/bootstrap/drain.sh";
        assert_eq!(*command, json!(["bash", script, "9901", "10", most, "inside", "mtls", "web"]));
        assert_eq!(pod["terminationGracePeriodSeconds"], grace);
    }
}

/// One row a fault: more words, what is written in place of what, and what is said of it.
#[test]
fn what_no_pod_can_have_is_refused() {
    let same = ("", "");
    for (more, (from, to), said) in [
        (
            &["--listen", "bare=9901"][..],
            same,
            "error: the listener `bare` cannot have port 9901: the pod's own are 8081 for probes and 9901 for the admin interface\n  help: give it another one, as in `--listen bare=8080`\n",
        ),
        (&["--listen", "bare=[::]:8080"], same, "error: two listeners have port 8080\n  help: give each its own\n"),
        (
            &[],
            ("/tls/crt.pem", "crt.pem"),
            "error: the policy names `/crt.pem`, which the pod cannot have: each folder is mounted from a Secret that is called after it\n  help: write an absolute path in a folder of its own, called by a-z 0-9 -, such as `/etc/multihome/tls/crt.pem`\n",
        ),
        (
            &[],
            ("/tls/", "/etc/multihome/secrets/"),
            "error: the policy names `/etc/multihome/secrets/clients.pem`, which the pod cannot have: each folder is mounted from a Secret that is called after it\n  help: write an absolute path in a folder of its own, called by a-z 0-9 -, such as `/etc/multihome/tls/clients.pem`\n",
        ),
        (
            &[],
            ("/tls/clients.pem", "/clients/tls/clients.pem"),
            "error: the policy names files in `/tls` and in `/clients/tls`, whose Secrets would both be called after `tls`\n  help: put them into one folder, or call one of the two otherwise\n",
        ),
    ] {
        let run = kubernetes(&EVERYTHING.replace(from, to), &[&LISTEN[..], more].concat());
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (1, "", said));
    }
    for word in [["--namespace", "Llm"], ["--name", "1st"], ["--clients", "gateway"], ["--listen", "http"]] {
        let arguments = ["render", "kubernetes", "envoy/policy.yaml", "--module", "m:1"];
        assert_eq!(multihome(&[&arguments[..], &word].concat()).code, 2, "{word:?}");
    }
}
