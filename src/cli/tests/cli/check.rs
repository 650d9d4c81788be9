//! `multihome check`: every fault with its line, its place and how to mend it.

use std::fmt::Write;

use crate::run::{EVERYTHING, assert_golden, multihome, multihome_with};

/// A policy without faults; each case below replaces one of its lines, or adds some at its end.
const RIGHT: &str = "\
endpoints:
  az: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: azure-key}}}
  aws: {cloud: aws, region: us-east-1, surface: runtime, residency: us, auth: sigv4}
models:
  gpt-6.1-sol:
    - {endpoint: az, id: sol, form: openai.chat}
    - {endpoint: aws, id: us.openai.gpt-6.1-sol, form: openai.chat}
tenants:
  acme: {clouds: [azure, aws], residency: [us], models: [\"gpt-*\"]}
identity: {trust: {listeners: [default]}}
";

const AZURE: &str = "  az: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: azure-key}}}\n";
const TARGET: &str = "    - {endpoint: az, id: sol, form: openai.chat}\n";
const TENANT: &str = "  acme: {clouds: [azure, aws], residency: [us], models: [\"gpt-*\"]}\n";
const IDENTITY: &str = "identity: {trust: {listeners: [default]}}\n";

/// Line of [`RIGHT`], and what stands there instead. The golden file shows what is said of it.
const FAULTS: &[(&str, &str)] = &[
    (AZURE, "  az: {cloud: azur, resource: contoso, residency: us, auth: {api_key: {sds: azure-key}}}\n"),
    (AZURE, "  az: {cloud: azure, resource: contoso, residency: us, auth: sigv4}\n"),
    (AZURE, "  az: {cloud: azure, residency: us, auth: {api_key: {sds: azure-key}}}\n"),
    (AZURE, "  az: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: ../key}}}\n"),
    (AZURE, "  az: {cloud: azure, resource: contoso, resorce: contoso, residency: us, auth: {api_key: {sds: k}}}\n"),
    (
        AZURE,
        "  az: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: k}}, address: \"https://x\"}\n",
    ),
    (TARGET, "    - {endpoint: azz, id: sol, form: openai.chat}\n"),
    (TARGET, "    - {endpoint: az, id: sol, form: openai.chats}\n"),
    (TARGET, "    - {endpoint: az, id: sol, form: openai.chat, lacks: [tool]}\n"),
    (TARGET, "    - {endpoint: az, id: sol, form: openai.chat, price: {input: free, output: 1}}\n"),
    (TARGET, "    - {endpoint: az, id: sol, form: openai.chat, weight: -1}\n"),
    (TARGET, "    - {endpoint: az, id: sol, form: openai.chat, api_version: latest}\n"),
    (TENANT, "  acme: {clouds: [azure, azure], residency: [us], models: [\"gpt-*\"]}\n"),
    (
        TENANT,
        "  acme:\n    clouds: [azure]\n    residency: [eu]\n    models: [gpt-6.1-soul]\n    order: cheap\n    max_attempts: 0\n",
    ),
    (
        TENANT,
        "  acme: {clouds: [azure], residency: [us], models: [\"*\"]}\n  acme: {clouds: [aws], residency: [us], models: [\"*\"]}\n",
    ),
    (TENANT, "  acme: &acme {clouds: [azure], residency: [us], models: [\"*\"]}\n  other:\n    <<: *acme\n"),
    (IDENTITY, "identity: {trust: {}}\n"),
    (IDENTITY, "identity: {header: X-Tenant, trust: {listeners: [default]}}\n"),
    (IDENTITY, ""),
    (IDENTITY, "identity: {trust: {listeners: [default]}}\ntimeouts: {first_byte: 30}\nlimits: {body_bytes: 0}\n"),
    (RIGHT, ""),
    (RIGHT, "- a\n"),
    (RIGHT, "endpoints: [\n  a: 1\nmodels: }\n"),
    (RIGHT, "endpoints: {}\n---\nmodels: {}\n"),
];

#[test]
fn each_fault_is_said_with_its_place_and_a_way_out() {
    let mut found = String::new();
    for (line, instead) in FAULTS {
        assert!(RIGHT.contains(line), "{line}");
        let policy = RIGHT.replace(line, instead);
        let run = multihome_with(&["check", "-"], &policy);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{instead}");
        let _ = writeln!(found, ">>> {}\n{}", instead.trim_end().replace('\n', "\n>>> "), run.err);
    }
    assert_golden("src/cli/tests/golden/faults.txt", &found);
}

#[test]
fn a_right_policy_is_summed_up_in_one_line() {
    let run = multihome_with(&["check", "-"], RIGHT);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "-: 2 endpoints, 1 model, 1 tenant\n", ""));
    let run = multihome_with(&["check", "-"], EVERYTHING);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let run = multihome(&["check", "envoy/policy.yaml"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("envoy/policy.yaml: "), "{}", run.out);
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let policy =
        RIGHT.replace(TENANT, "  acme: {clouds: [azure], residency: [us], models: [\"*\"], targets: [\"aws\"]}\n");
    let aws = "    - {endpoint: aws, id: us.openai.gpt-6.1-sol, form: openai.chat}\n";
    let policy = policy.replace(aws, "") + "timeouts: {connect: 61s}\n";
    let run = multihome_with(&["check", "-"], &policy);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("warning: endpoints.aws: no model uses it"), "{}", run.err);
    assert!(run.err.contains("warning: tenants.acme: nothing is left"), "{}", run.err);
    assert!(run.err.contains("warning: timeouts.connect: has no effect"), "{}", run.err);

    let run = multihome_with(&["check", "-"], &RIGHT.replace(aws, &aws.repeat(2)));
    assert!(run.err.contains("[2]: is asked what models.gpt-6.1-sol[1] is asked"), "{} {}", run.out, run.err);
}

/// The location of an endpoint at Google and a target's form there; whether `check` warns.
#[test]
fn google_serves_openais_models_at_two_locations() {
    for (location, residency, form, warned) in [
        ("eu", "eu", "openai.responses", true),
        ("europe-west4", "eu", "openai.responses", true),
        ("us-central1", "us", "[openai.chat, openai.responses]", true),
        ("us", "us", "openai.responses", false),
        ("global", "global", "openai.responses", false),
        ("europe-west4", "eu", "openai.chat", false),
    ] {
        let endpoint = format!(
            "  gcp: {{cloud: gcp, project: p, location: {location}, residency: {residency}, auth: metadata}}\n"
        );
        let target = format!("    - {{endpoint: gcp, id: gpt-6.1-sol, form: {form}}}\n");
        let policy =
            RIGHT.replace(AZURE, &(AZURE.to_owned() + &endpoint)).replace(TARGET, &(TARGET.to_owned() + &target));
        let run = multihome_with(&["check", "-"], &policy);
        let warning = format!(
            "warning: models.gpt-6.1-sol[1]: Google serves no OpenAI model at location `{location}`; use an endpoint at `global` or `us`\n"
        );
        assert_eq!((run.code, run.err.as_str()), (0, if warned { warning.as_str() } else { "" }), "{location} {form}");
    }
}

#[test]
fn warns_of_a_region_that_no_list_knows() {
    for (region, warned) in [("us-east-2", false), ("us-gov-west-1", false), ("us-eastt-1", true)] {
        let policy = RIGHT.replace("region: us-east-1", &format!("region: {region}"));
        let run = multihome_with(&["check", "-"], &policy);
        let warning = format!("warning: endpoints.aws.region: no list knows `{region}`\n");
        assert_eq!((run.code, run.err.as_str()), (0, if warned { warning.as_str() } else { "" }), "{region}");
    }
}

#[test]
fn reads_json_with_its_escapes_and_says_where_it_is_wrong() {
    let json = r#"{"endpoints": {"az": {"cloud": "azure", "resource": "contoso", "residency": "\ud83d\ude00", "auth": {"api_key": {"sds": "k"}}}},
"models": {"m": [{"endpoint": "az", "id": "x", "form": "openai.chat"}]},
"tenants": {"a\/b": {"clouds": ["azure"], "residency": ["😀"], "models": ["*"]}},
"identity": {"trust": {"listeners": ["default"]}}}"#;
    let run = multihome_with(&["check", "-"], json);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.err);
    let run = multihome_with(&["check", "-"], &json.replace("\\ud83d\\ude00", "us").replace("😀", "usa"));
    assert_eq!(run.code, 1);
    assert!(
        run.err.starts_with("-:3:57: tenants.a/b.residency[0]: unknown residency `usa`\n  help: did you mean `us`?\n"),
        "{}",
        run.err
    );
}
