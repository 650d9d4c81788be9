//! What each cloud has beside its module: a part of the schema, rows in `docs/`, golden cases, and an endpoint in the policy
//! of these tests. What it has in `tests/e2e` and in the emulator is held there, by `test_clouds.py`.

use std::collections::BTreeSet;

use multihome_core::cloud::Cloud;
use multihome_core::form::Form;
use multihome_core::name::Named;
use serde_json::Value;

use crate::run::{EVERYTHING, multihome, root};

fn page(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The cells of the rows of a section's tables.
fn rows(page: &str, section: &str) -> Vec<Vec<String>> {
    let section = page.split("\n## ").find(|text| text.starts_with(section)).unwrap_or_else(|| panic!("no {section}"));
    let rows = section.lines().filter(|line| line.starts_with("| "));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// Whether a cell names a cloud: `azure`, `azure, optional`, or the start of `gcp-us`.
fn names(cell: &str, cloud: &str) -> bool {
    cell.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == cloud)
}

#[test]
fn the_schema_has_its_fields_and_no_others() {
    let schema: Value = serde_json::from_str(&multihome(&["schema"]).out).unwrap();
    let mut common = None;
    for cloud in Cloud::ALL {
        let name = cloud.name();
        let rules = schema["$defs"]["endpoint"]["allOf"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["if"]["properties"]["cloud"]["const"] == name);
        let rule = rule.unwrap_or_else(|| panic!("the schema has no rule for `cloud: {name}`"));
        let has: BTreeSet<&str> = rule["then"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let own: BTreeSet<&str> = cloud.endpoint_fields().iter().copied().collect();
        assert!(own.is_subset(&has), "{name}: the schema has {has:?}, core {own:?}");
        // What is not a cloud's own, every cloud has.
        let others: BTreeSet<&str> = has.difference(&own).copied().collect();
        assert_eq!(common.get_or_insert_with(|| others.clone()), &others, "{name}: core does not know all of these");
        for field in cloud.target_fields() {
            assert!(
                schema["$defs"]["target"]["properties"].get(field.name).is_some(),
                "no {} in the schema",
                field.name
            );
        }
    }
}

#[test]
fn the_pages_have_its_rows() {
    let (policy, deploy) = (page("docs/policy.md"), page("docs/deploy.md"));
    let endpoints = rows(&policy, "`endpoints`");
    let credentials = rows(&deploy, "Credentials");
    for cloud in Cloud::ALL {
        let name = cloud.name();
        // `field` or `auth`, and of which clouds it is.
        let of_cloud = |begin: &str| {
            endpoints
                .iter()
                .any(|row| row[0].contains(&format!("`{begin}")) && row.get(1).is_some_and(|cell| names(cell, name)))
        };
        for field in cloud.endpoint_fields() {
            assert!(of_cloud(&format!("{field}`")), "docs/policy.md, endpoints: no row for `{field}` of {name}");
        }
        for header in cloud.headers() {
            assert!(
                of_cloud(&format!("{header}`")),
                "docs/policy.md, endpoints: no row for the header `{header}` of {name}"
            );
        }
        let auth = endpoints
            .iter()
            .any(|row| row.len() == 3 && row[0].starts_with('`') && names(&row[1], name) && row[2].contains("SDS_DIR"));
        assert!(auth, "docs/policy.md, endpoints: no `auth` of {name}");
        let told = credentials.iter().filter(|row| row[0] == name).count();
        assert!(told >= 2, "docs/deploy.md, credentials: no first account and no filter of {name}");
    }
}

#[test]
fn it_has_golden_cases_in_every_form() {
    for form in Form::ALL {
        let folder = root().join("tests/cases").join(form.name());
        let cases = std::fs::read_dir(&folder).unwrap().map(|case| case.unwrap().path()).filter(|path| path.is_dir());
        let files = cases.flat_map(|case| std::fs::read_dir(case).unwrap().map(|file| file.unwrap().file_name()));
        let sent: BTreeSet<String> = files.map(|file| file.to_string_lossy().into_owned()).collect();
        for cloud in Cloud::ALL {
            let ends = format!(".{}.http", cloud.name());
            assert!(sent.iter().any(|file| file.ends_with(&ends)), "{}: no case with `1{ends}`", folder.display());
        }
    }
}

#[test]
fn the_policy_of_everything_has_it() {
    for cloud in Cloud::ALL {
        let name = cloud.name();
        assert!(EVERYTHING.contains(&format!("cloud: {name}")), "EVERYTHING in run.rs has no endpoint of {name}");
    }
}
