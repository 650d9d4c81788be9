//! `multihome explain`: the decisions themselves are core's; here is what a person gets to read.

use std::fmt::Write;

use crate::run::{assert_golden, multihome};

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
];

#[test]
fn says_of_every_target_what_becomes_of_it() {
    let mut found = String::new();
    for (asked, code) in ASKED {
        let run = multihome(&[&["explain", "envoy/policy.yaml"], *asked].concat());
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
