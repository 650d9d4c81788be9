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
    (AZURE, "  az: {cloud: azure, resource: contoso, residency: us, auth: {api_key: SECRET}}\n"),
    (AZURE, "  az: {cloud: azure, resource: contoso, residency: us}\n"),
    (AZURE, "  az: {resource: contoso, residency: us, auth: {api_key: {sds: azure-key}}}\n"),
    (TENANT, "  acme: {clouds: [azure], residency: [SU, US], models: [\"*\"]}\n"),
    (
        AZURE,
        "  az: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: key}}}\n  m: {cloud: aws, region: us-east-1, surface: mantle, residency: us, auth: {api_key: {sds: key}}}\n",
    ),
    (RIGHT, ""),
    (RIGHT, "- a\n"),
    (RIGHT, "endpoints: [\n  a: 1\nmodels: }\n"),
    (RIGHT, "endpoints: {}\n---\nmodels: {}\n"),
    (TENANT, "\tacme: {clouds: [azure], residency: [us], models: [\"*\"]}\n"),
    (TENANT, "  acme: {clouds: [azure], residency: us: eu, models: [\"*\"]}\n"),
    (TENANT, "  acme: {clouds: [azure], residency: [us], models: *}\n"),
    (TENANT, "  acme: {clouds: [azure] residency: [us], models: [\"*\"]}\n"),
    (TENANT, "  acme:\n    clouds: [azure]\n   residency: [us]\n"),
    (TENANT, "  acme: {clouds: [azure], residency: [us], models: [\"*]}\n"),
    (TENANT, "  acme: {clouds: [azure, aws, residency: [us], models: [\"*\"]}\n"),
    (TENANT, "  acme\n"),
    (TENANT, "  acme: {clouds: [azure], residency: [us], models: [\"\\d\"]}\n"),
    (TENANT, "  acme: {clouds: [@azure], residency: [us], models: [\"*\"]}\n"),
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
    let (summary, version) = run.out.split_once("; version ").unwrap();
    assert_eq!((run.code, summary, run.err.as_str()), (0, "-: 2 endpoints, 1 model, 1 tenant", ""));
    assert!(version.trim_end().len() == 16, "{version}");
    let run = multihome_with(&["check", "-"], EVERYTHING);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let run = multihome(&["check", "envoy/policy.yaml"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("envoy/policy.yaml: "), "{}", run.out);
}

const AWS: &str = "  aws: {cloud: aws, region: us-east-1, surface: runtime, residency: us, auth: sigv4}\n";
const AWS_TARGET: &str = "    - {endpoint: aws, id: us.openai.gpt-6.1-sol, form: openai.chat}\n";

/// What stands in place of which parts of [`RIGHT`]. The golden file shows what is said of it, and with which line.
const WARNED: &[&[(&str, &str)]] = &[
    &[(TENANT, "  acme: {clouds: [azure], residency: [us], models: [\"*\"], targets: [\"aws\"]}\n")],
    &[(AWS_TARGET, ""), (IDENTITY, "identity: {trust: {listeners: [default]}}\ntimeouts: {connect: 61s}\n")],
    &[(IDENTITY, "identity: {trust: {listeners: [default]}}\ntimeouts: {first_byte: 301s}\n")],
    &[(IDENTITY, "identity: {trust: {listeners: [default]}}\ntimeouts: {whole: 31m}\n")],
    &[(AWS_TARGET, "    - {endpoint: az, id: sol, form: [openai.responses, openai.chat]}\n")],
    &[(TARGET, "    - {endpoint: az, id: sol, form: [openai.chat, openai.responses], api_version: \"2024-10-21\"}\n")],
    &[(TARGET, "    - {endpoint: az, id: sol, form: openai.responses, api_version: 2025-04-01-preview}\n")],
    &[(AWS, "  aws: {cloud: aws, region: us-esat-1, surface: runtime, residency: us, auth: sigv4}\n")],
    // Prices: none where they are compared, and one of another unit. A price of nothing is meant.
    &[(TENANT, "  acme: {clouds: [azure, aws], residency: [us], models: [\"*\"], order: [ordered, cheapest]}\n")],
    &[
        (TARGET, "    - {endpoint: az, id: sol, form: openai.chat, price: {input: 0.002, output: 0.01}}\n"),
        (
            AWS_TARGET,
            "    - {endpoint: aws, id: us.openai.gpt-6.1-sol, form: openai.chat, price: {input: 0, output: 10}}\n",
        ),
    ],
    // Labels and names that nobody accepts.
    &[(AWS, "  aws: {cloud: aws, region: us-east-1, surface: runtime, residency: usa, auth: sigv4}\n")],
    &[(AWS, "  aws: {cloud: aws, region: us-east-1, surface: runtime, residency: virginia, auth: sigv4}\n")],
    &[(TENANT, "  acme: {clouds: [azure], residency: [us], models: [\"gpt-*\"]}\n")],
    &[
        (
            TARGET,
            "    - {endpoint: az, id: sol, form: openai.chat}\n  other: [{endpoint: az, id: o, form: openai.chat}]\n  mine:\n",
        ),
        (TENANT, "  acme: {clouds: [aws], residency: [us], models: [other, mine]}\n"),
    ],
    // Trust of a listener that is not there, and certificates that nobody asks for.
    &[(IDENTITY, "identity: {trust: {listeners: [defualt]}}\n")],
    &[(IDENTITY, "identity: {trust: {listeners: [inside]}}\n")],
    &[(IDENTITY, "identity: {trust: {listeners: [default], client_certificates: [gateway]}}\n")],
    // A policy that each request has to carry, and its ceiling.
    &[(
        IDENTITY,
        "identity:\n  trust: {listeners: [default]}\n  policy: {required: true, ceiling: {clouds: [aws], residency: [us], models: [\"*\"]}}\n",
    )],
];

#[test]
fn what_is_probably_not_meant_is_a_warning_with_its_line() {
    let mut found = String::new();
    for parts in WARNED {
        let mut policy = RIGHT.to_owned();
        for (part, instead) in *parts {
            assert!(policy.contains(part), "{part}");
            policy = policy.replace(part, instead);
        }
        let run = multihome_with(&["check", "-"], &policy);
        assert_eq!(run.code, 0, "{policy}\n{}", run.err);
        for (_, instead) in *parts {
            let _ = writeln!(found, ">>> {}", instead.trim_end().replace('\n', "\n>>> "));
        }
        let _ = writeln!(found, "{}", run.err);
    }
    assert_golden("src/cli/tests/golden/warnings.txt", &found);
}

#[test]
fn strict_lets_no_warning_pass() {
    let warned = RIGHT.replace(AWS_TARGET, "");
    for (arguments, policy, code) in [
        (&["check", "-"][..], warned.as_str(), 0),
        (&["check", "--strict", "-"], &warned, 1),
        (&["check", "--strict", "--format", "json", "-"], &warned, 1),
        (&["check", "--strict", "-"], RIGHT, 0),
    ] {
        assert_eq!(multihome_with(arguments, policy).code, code, "{arguments:?}");
    }
}

#[test]
fn json_has_faults_and_warnings_of_several_files() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name).to_str().unwrap().to_owned()
    };
    let right = file("right.yaml", RIGHT);
    let faulty = file("faulty.yaml", &RIGHT.replace("cloud: azure", "cloud: azur"));
    let warned = file("warned.yaml", &RIGHT.replace(AWS_TARGET, ""));
    let unreadable = file("unreadable.yaml", "a: [");
    let run = multihome(&["check", "--format", "json", &right, &faulty, &warned, &unreadable]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let said: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let policies = said["policies"].as_array().unwrap();
    let seen: Vec<_> = policies
        .iter()
        .map(|policy| {
            let count = |list: &str| policy[list].as_array().unwrap().len();
            (policy["policy"].as_str().unwrap(), policy["version"].is_string(), count("faults"), count("warnings"))
        })
        .collect();
    let expected = [(&right, true, 0, 0), (&faulty, false, 1, 0), (&warned, true, 0, 1), (&unreadable, false, 1, 0)];
    assert_eq!(seen, expected.map(|(name, version, faults, warnings)| (name.as_str(), version, faults, warnings)));
    assert_eq!(
        policies[1]["faults"][0],
        serde_json::json!({"file": null, "place": "endpoints.az.cloud", "line": 2, "column": 8, "message": "unknown cloud `azur`", "help": "did you mean `azure`?"})
    );
    assert_eq!(
        (&policies[2]["warnings"][0]["line"], &policies[2]["warnings"][0]["place"]),
        (&3.into(), &"endpoints.aws".into())
    );

    // A file that is not there is a wrong command line; the others are looked at all the same.
    let run = multihome(&["check", &right, "/nowhere.yaml", &faulty]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("right.yaml: 2 endpoints") && run.err.contains("faulty.yaml:2:8: endpoints.az.cloud"));
}

#[test]
fn the_version_is_that_of_the_policy_that_is_rendered() {
    let version = |out: &str| out.split_once("; version ").unwrap().1.trim_end().to_owned();
    let rendered = crate::render::everything(&crate::render::LISTENERS);
    let bootstrap: &str = &rendered.out;
    let (_, configuration) = bootstrap.split_once("{\"role\": \"edge\"").unwrap();
    let configuration = format!("{{\"role\": \"edge\"{configuration}");
    // What follows the first value is the rest of the bootstrap.
    let mut values = serde_json::Deserializer::from_str(&configuration).into_iter::<serde_json::Value>();
    let edge = values.next().unwrap().unwrap();
    let given = multihome_with(&["check", "-"], &edge["policy"].to_string());
    let written = multihome_with(&["check", "-"], EVERYTHING);
    assert_eq!(version(&given.out), version(&written.out));
}

/// The location of an endpoint at Google, a target's form and id there; what `check` warns of.
#[test]
fn google_serves_openais_models_at_two_locations_and_by_responses_only() {
    for (location, residency, form, id, warned) in [
        ("us", "us", "openai.responses", "gpt-6.1-sol", ""),
        ("us", "us", "openai.chat", "openai/gpt-oss-120b-maas", ""),
        (
            "us-central1",
            "us",
            "openai.responses",
            "gpt-6.1-sol",
            "[1].endpoint: Google serves no OpenAI model at location `us-central1`",
        ),
        (
            "us-east4",
            "us",
            "[openai.chat, openai.responses]",
            "gpt-6.1-sol",
            "[1].endpoint: Google serves no OpenAI model at location `us-east4`",
        ),
        ("us", "us", "openai.chat", "gpt-6.1-sol", "[1].form: Google's chat completions have no model `gpt-6.1-sol`"),
        (
            "us",
            "us",
            "[openai.chat, openai.responses]",
            "gpt-6.1-sol",
            "[1].form: Google's chat completions have no model `gpt-6.1-sol`",
        ),
    ] {
        let endpoint = format!(
            "  gcp: {{cloud: gcp, project: p, location: {location}, residency: {residency}, auth: metadata}}\n"
        );
        let target = format!("    - {{endpoint: gcp, id: {id}, form: {form}}}\n");
        let policy = RIGHT
            .replace(AZURE, &(AZURE.to_owned() + &endpoint))
            .replace(TARGET, &(TARGET.to_owned() + &target))
            .replace("[azure, aws]", "[azure, aws, gcp]");
        let run = multihome_with(&["check", "-"], &policy);
        assert_eq!((run.code, run.err.is_empty()), (0, warned.is_empty()), "{location} {form}: {}", run.err);
        assert!(run.err.contains(warned), "{location} {form} {id}: {}", run.err);
    }
}

#[test]
fn warns_of_a_region_that_no_list_knows() {
    for (region, warned) in [("us-east-2", false), ("us-gov-west-1", false), ("us-eastt-1", true)] {
        let policy = RIGHT.replace("region: us-east-1", &format!("region: {region}"));
        let run = multihome_with(&["check", "-"], &policy);
        let warning = format!("warning: endpoints.aws.region: `{region}` is no region of AWS that this build knows\n");
        assert_eq!((run.code, run.err.is_empty(), run.err.contains(&warning)), (0, !warned, warned), "{region}");
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
