//! `multihome explain`: the decisions themselves are core's; here is what a person gets to read.

use std::fmt::Write;

use multihome_core::session::Keys;

use crate::run::{EVERYTHING, assert_golden, multihome, multihome_where, multihome_with};

/// What is asked of `envoy/policy.yaml`, and the exit code.
const ASKED: &[(&[&str], i32)] = &[
    (&["--header", "x-tenant-id: acme", "--model", "gpt-6.1-sol"], 0),
    (&["--header", "X-Tenant-Id: acme", "--header", "Content-Type: application/json", "--model", "gpt-6.1-sol"], 0),
    (&["--header", "X-Tenant-Id: acme", "--model", "gpt-6.1-sol", "--operation", "responses"], 0),
    (
        &[
            "--header",
            "x-tenant-id: acme",
            "--model",
            "gpt-6.1-sol",
            "--operation",
            "responses",
            "--no-google-token",
            "--header",
            "x-multihome-order: cheapest",
        ],
        0,
    ),
    (&["--header", "x-tenant-id: acme", "--model", "gpt-6.1-sol", "--header", "x-multihome-clouds: aws, gcp"], 0),
    (&["--header", "x-tenant-id: acme", "--model", "gpt-6.1-sol", "--header", "x-multihome-max-attempts: 1"], 0),
    (&["--header", "x-tenant-id: acme", "--body", "src/cli/tests/golden/request.json"], 0),
    (&["--header", "x-tenant-id: contoso-eu", "--model", "gpt-6.1-sol"], 0),
    (
        &[
            "--header",
            "x-tenant-policy: {\"clouds\":[\"gcp\"],\"residency\":[\"us\"],\"models\":[\"*\"]}",
            "--model",
            "gpt-oss-120b",
        ],
        0,
    ),
    (&["--header", "x-tenant-id: contoso-eu", "--model", "gpt-oss-120b"], 1),
    (&["--header", "x-tenant-id: contoso-eu", "--model", "gpt-6.1-sol", "--header", "x-multihome-residency: us"], 1),
    (&["--header", "x-tenant-id: acme", "--model", "gpt-7"], 1),
    (&["--header", "x-tenant-id: nobody", "--model", "gpt-6.1-sol"], 1),
    (&["--header", "x-tenant-id: acme", "--model", "gpt-6.1-sol", "--header", "x-multihome-order: random"], 1),
    // What a client never reads: who there is, and what was probably meant.
    (&["--model", "gpt-6.1-sol"], 1),
    (&["--header", "x-tenant-id: amce", "--model", "gpt-6.1-sol"], 1),
    (&["--header", "x-tenant-id: acme", "--model", "gpt-6.1-slo"], 1),
    (&["--header", "x-tenant-id: acme", "--path", "/openai/deployments/gpt-6.1-slo/chat/completions"], 1),
    // A response that is kept: with the tag of a key that everybody has, of another tenant, and without one.
    (
        &["--header", "x-tenant-id: acme", "--method", "GET", "--path", "/v1/responses/resp_XKr68cYu_0a1b?stream=true"],
        0,
    ),
    (&["--header", "x-tenant-id: contoso-eu", "--method", "DELETE", "--path", "/v1/responses/resp_XKr68cYu_0a1b"], 1),
    (&["--header", "x-tenant-id: acme", "--method", "GET", "--path", "/v1/responses/resp_0a1b"], 1),
    (&["--listener", "default", "--header", "x-tenant-id: acme", "--model", "gpt-6.1-sol"], 0),
    (&["--listener", "defualt", "--header", "x-tenant-id: acme", "--model", "gpt-6.1-sol"], 1),
    (&["--matrix"], 0),
    (&["--matrix", "--header", "x-multihome-clouds: aws", "--no-google-token"], 0),
];

/// What is asked of [`EVERYTHING`], and the exit code.
const ASKED_OF_EVERYTHING: &[(&[&str], i32)] = &[
    (&["--listener", "inside", "--header", "x-team: acme", "--model", "m"], 0),
    (&["--listener", "mtls", "--header", "x-team: acme", "--model", "m"], 0),
    (&["--listener", "web", "--header", "x-team: acme", "--model", "m"], 1),
    (&["--listener", "web", "--matrix"], 0),
    (&["--header", "x-team: acme", "--model", "m", "--header", "x-multihome-order: weighted"], 0),
];

#[test]
fn says_of_every_target_what_becomes_of_it() {
    let mut found = String::new();
    for (asked, code) in ASKED {
        let run = multihome(&[&["explain", "envoy/policy.yaml"], *asked].concat());
        assert_eq!((run.code, run.err.as_str()), (*code, ""), "{asked:?}");
        let _ = writeln!(found, ">>> {}\n{}", asked.join(" "), run.out);
    }
    // Orders that a request may pick, and weights of which the first has a half.
    let policy = EVERYTHING
        .replace("max_attempts: 4}", "max_attempts: 4, order: [ordered, weighted]}")
        .replace("{endpoint: azure-key, id: d,", "{endpoint: azure-key, id: d, weight: 5,");
    for (asked, code) in ASKED_OF_EVERYTHING {
        let run = multihome_with(&[&["explain", "-"], *asked].concat(), &policy);
        assert_eq!((run.code, run.err.as_str()), (*code, ""), "{asked:?}");
        let _ = writeln!(found, ">>> {}\n{}", asked.join(" "), run.out);
    }
    assert_golden("src/cli/tests/golden/explained.txt", &found);
}

#[test]
fn a_request_needs_a_model_or_a_body() {
    let run = multihome(&["explain", "envoy/policy.yaml", "--header", "x-tenant-id: acme"]);
    assert_eq!(run.code, 2);
    let run = multihome(&["explain", "envoy/policy.yaml", "--header", "x-tenant-id", "--model", "m"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("write `name: value`"), "{}", run.err);
}

#[test]
fn says_the_same_to_programs() {
    let json = |arguments: &[&str], code: i32| -> serde_json::Value {
        let run = multihome(&[&["explain", "envoy/policy.yaml", "--format", "json"], arguments].concat());
        assert_eq!((run.code, run.err.as_str()), (code, ""), "{arguments:?}");
        serde_json::from_str(&run.out).unwrap()
    };
    let served = json(&["--header", "x-tenant-id: acme", "--model", "gpt-6.1-sol", "--listener", "default"], 0);
    let version = multihome(&["check", "envoy/policy.yaml"]).out;
    assert!(version.trim_end().ends_with(served["version"].as_str().unwrap()), "{version}");
    assert_eq!((&served["denied"], &served["listener"]["trust"]), (&serde_json::Value::Null, &"trusted".into()));
    let first = &served["request"]["targets"][0];
    assert_eq!(
        (&first["rank"], &first["endpoint"], &first["form"]),
        (&1.into(), &"azure-eastus2".into(), &"openai.chat".into())
    );
    let unfit = &served["request"]["targets"][3];
    assert_eq!((&unfit["rank"], &unfit["unfit"]), (&serde_json::Value::Null, &"residency".into()));

    let denied = json(&["--header", "x-tenant-id: amce", "--model", "gpt-6.1-sol"], 1);
    assert_eq!((&denied["request"], &denied["denied"]["status"]), (&serde_json::Value::Null, &401.into()));
    assert_eq!(denied["denied"]["help"], "`tenants` has no `amce`: did you mean `acme`?");

    let matrix = json(&["--matrix"], 0);
    let cells = matrix["matrix"].as_array().unwrap();
    assert_eq!(cells.len(), 2 * 2 * 2, "tenants, models and APIs");
    let refused = cells.iter().find(|cell| cell["tenant"] == "contoso-eu" && cell["model"] == "gpt-oss-120b").unwrap();
    assert_eq!((&refused["targets"], &refused["refused_by"]), (&serde_json::json!([]), &serde_json::json!(["models"])));
}

/// Where a request goes that brings back reasoning of an account's: the tool reads the key of tags as the module does.
#[test]
fn tells_the_account_that_a_request_is_held_to() {
    const KEY: &str = "0123456789abcdef0123456789abcdef";
    let tag = Keys::new([KEY.as_bytes()]).binding("acme", "aws-use1").tag(b"gAAAA");
    let tag = std::str::from_utf8(&tag).unwrap();
    let item = format!(r#"{{"type":"reasoning","summary":[],"encrypted_content":"{tag}gAAAA"}}"#);
    let body = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("held.json");
    std::fs::write(&body, format!(r#"{{"model":"gpt-6.1-sol","store":false,"input":[{item}]}}"#)).unwrap();
    let policy = std::fs::read_to_string(crate::run::root().join("envoy/policy.yaml")).unwrap();
    let explain = |variables: &[(&str, &str)], policy: &str, more: &[&str]| {
        let asked = ["explain", "-", "--header", "x-tenant-id: acme", "--operation", "responses", "--body"];
        multihome_where(variables, &[&asked[..], &[body.to_str().unwrap()], more].concat(), policy)
    };
    let set = [("MULTIHOME_TAG_KEY", KEY)];

    let held = explain(&set, &policy, &[]);
    assert_eq!((held.code, held.err.as_str()), (0, ""));
    assert!(
        held.out.contains("\norigin aws-use1: no other account can read what the request brings back\n"),
        "{}",
        held.out
    );
    let refused = "refused: another account made what the request brings back";
    assert_eq!(held.out.matches(refused).count(), 3, "{}", held.out);

    let drops =
        policy.replace("    max_attempts: 3\n  contoso", "    max_attempts: 3\n    foreign_reasoning: drop\n  contoso");
    let moves = explain(&set, &drops, &[]);
    assert!(
        moves.out.contains("\norigin aws-use1: other accounts get the request without its reasoning\n"),
        "{}",
        moves.out
    );
    let left_out: Vec<bool> = moves
        .out
        .lines()
        .filter(|line| line.contains("https://"))
        .map(|line| line.contains("without reasoning  "))
        .collect();
    assert_eq!(left_out, [false, true, true], "{}", moves.out);
    let json: serde_json::Value = serde_json::from_str(&explain(&set, &drops, &["--format", "json"]).out).unwrap();
    assert_eq!(json["request"]["origin"], serde_json::json!({"account": "aws-use1", "held": "first"}));
    assert_eq!(json["request"]["targets"][1]["left_out"], serde_json::json!(["reasoning"]));

    let without = explain(&[], &policy, &[]);
    assert!(without.code == 1 && without.out.contains("foreign_reference"), "{}", without.out);
    assert!(without.out.contains("set MULTIHOME_TAG_KEY here as it is set there"), "{}", without.out);
}
