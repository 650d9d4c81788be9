//! A body that changes in several places.

use std::ops::Range;

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

/// Targets by their places in the configuration: "dated" has its model in its path, "gcp" has the client's name for it.
const TARGETS: [&str; 3] = ["dated", "aws", "gcp"];

type Change = (Range<usize>, &'static str, Option<usize>);

/// What all targets in turn get.
fn bodies(body: &str, changes: &[Change]) -> [String; 3] {
    let mut request = planned_with(body, Origin::default(), |edits| {
        for (range, with, only) in changes {
            let whom = only.map_or(Whom::All, |only| Whom::Targets([only].into()));
            edits.add(Edit { range: range.clone(), with: (*with).into(), whom });
        }
    });
    TARGETS.map(|target| {
        let (sent, length) = sent(&mut request, target, body);
        assert_eq!(length, sent.len() as u64, "{target}: {sent}");
        sent
    })
}

#[wasm_bindgen_test(unsupported = test)]
fn each_target_gets_its_own_changes() {
    let body = r#"{"model":"m","user":"TAGu","max_tokens":7}"#;
    let at = |part: &str| body.find(part).map(|at| at..at + part.len()).unwrap();
    let changes = [(at("\"max_tokens\""), "\"max_completion_tokens\"", Some(1)), (at("TAG"), "", None)];
    assert_eq!(
        bodies(body, &changes),
        [
            r#"{"model":"m","user":"u","max_tokens":7}"#,
            r#"{"model":"openai.gpt-oss-120b","user":"u","max_completion_tokens":7}"#,
            r#"{"model":"m","user":"u","max_tokens":7}"#,
        ]
    );
    // Behind the last change nothing is read.
    let mut request = planned_with(body, Origin::default(), |edits| {
        edits.add(Edit { range: at("TAG"), with: "".into(), whom: Whom::All });
    });
    let (attempt, _) = request.begin("dated").unwrap();
    assert_eq!(request.replaces(&attempt), Some(at("TAG").end));
    let replaced = request.replacement(&attempt, |_| panic!("it is kept")).unwrap();
    assert_eq!(replaced, &body.as_bytes()[..at("TAG").start]);
}

/// Against the plain way: one change after the other, from the last to the first.
#[wasm_bindgen_test(unsupported = test)]
fn any_changes_are_as_if_made_one_by_one() {
    for (body, model) in [
        (r#"{"a":"0123456789","model":"m","b":"0123456789"}"#, 26..29),
        (r#"{"model" : "other","b":"0123456789"}"#, 11..18),
        (r#"{"a":"0123456789"}"#, 1..1),
    ] {
        let put_in = model.is_empty();
        let free: Vec<usize> = (0..body.len()).filter(|at| !model.contains(at) && body.is_char_boundary(*at)).collect();
        for (first, second) in free.iter().flat_map(|first| free.iter().map(move |second| (*first, *second))) {
            // One byte each; the second changes for one target only.
            if first == second || (put_in && (first == 0 || second == 0)) {
                continue;
            }
            let changes = [(first..first + 1, "<one>", None), (second..second + 1, "", Some(1))];
            let sent = bodies(body, &changes);
            for (index, sent) in sent.iter().enumerate() {
                let mut all: Vec<(Range<usize>, String)> = changes
                    .iter()
                    .filter(|(_, _, only)| only.is_none_or(|only| only == index))
                    .map(|(range, with, _)| (range.clone(), (*with).to_owned()))
                    .collect();
                let id = ["dep", "openai.gpt-oss-120b", "m"][index];
                let named = body.contains(r#""m""#) && id == "m";
                if index > 0 && !named {
                    let member = if put_in { format!(r#""model":"{id}","#) } else { format!(r#""{id}""#) };
                    all.push((model.clone(), member));
                }
                all.sort_by_key(|(range, _)| (range.start, range.end));
                let mut expected = body.to_owned();
                all.into_iter().rev().for_each(|(range, with)| expected.replace_range(range, &with));
                assert_eq!(*sent, expected, "{changes:?} for {}", TARGETS[index]);
            }
        }
    }
}
