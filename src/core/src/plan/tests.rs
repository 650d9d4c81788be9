use std::rc::Rc;

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::api::feature::Feature;
use crate::api::inbound::{Inbound, Single};
use crate::config::{self, Config, Order};
use crate::tenant::Caller;

/// Three clouds, four targets: enough for every rule to refuse one of them.
pub(crate) const POLICY: &str = r#"{
  "endpoints": {
    "az-us": {"cloud": "azure", "resource": "r", "residency": "us", "auth": {"api_key": {"sds": "k"}}},
    "az-eu": {"cloud": "azure", "resource": "s", "residency": "eu", "auth": {"api_key": {"sds": "k"}}},
    "aws-us": {"cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us", "auth": "sigv4"},
    "gcp-us": {"cloud": "gcp", "project": "p", "location": "us", "residency": "us", "auth": "metadata"}
  },
  "models": {
    "sol": {"translate": false, "targets": [
      {"endpoint": "az-us", "id": "sol-us", "form": ["openai.chat", "openai.responses"], "weight": 3, "price": {"input": 2, "output": 10}},
      {"endpoint": "az-eu", "id": "sol-eu", "form": "openai.chat", "price": {"input": 1, "output": 20}},
      {"endpoint": "aws-us", "id": "us.sol", "form": ["openai.chat", "openai.responses"], "lacks": ["tools"], "price": {"input": 9, "output": 1}},
      {"endpoint": "gcp-us", "id": "sol", "form": "openai.responses"}
    ]},
    "luna": [{"endpoint": "gcp-us", "id": "luna", "form": "openai.responses"}]
  },
  "tenants": {
    "all": {"clouds": ["gcp", "aws", "azure"], "residency": ["us", "eu"], "models": ["*"], "order": ["ordered", "cheapest", "weighted"], "max_attempts": 8},
    "eu": {"clouds": ["azure", "aws"], "residency": ["eu"], "models": ["*"]},
    "aws": {"clouds": ["aws"], "residency": ["us"], "models": ["sol"], "targets": ["aws-*"]}
  },
  "identity": {"trust": {"listeners": ["default"]}, "policy": {"ceiling": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["*"]}}}
}"#;

pub(crate) fn config() -> Rc<Config> {
    Rc::new(config::check(&config::parse_json(POLICY.as_bytes()).unwrap()).unwrap())
}

fn needs(api: Api) -> Needs {
    Needs {
        api,
        features: Features::default(),
        removable: Features::default(),
        bytes: 400,
        max_tokens: None,
        held: Held::Free,
    }
}

fn planned(
    tenant: &str,
    headers: &[(&'static str, &'static str)],
    model: &str,
    needs: Needs,
) -> Result<Vec<String>, (u16, String)> {
    planned_with(tenant, headers, model, needs, &|| true)
}

fn planned_with(
    tenant: &str,
    headers: &[(&'static str, &'static str)],
    model: &str,
    needs: Needs,
    google_token: &dyn Fn() -> bool,
) -> Result<Vec<String>, (u16, String)> {
    let config = config();
    let mut inbound = Inbound { tenant: Single::Once(tenant.as_bytes()), ..Inbound::default() };
    for (name, value) in headers {
        let slot = match *name {
            "clouds" => &mut inbound.clouds,
            "residency" => &mut inbound.residency,
            "order" => &mut inbound.order,
            "max-attempts" => &mut inbound.max_attempts,
            "policy" => &mut inbound.carried,
            "tenant" => &mut inbound.tenant,
            _ => continue,
        };
        *slot = if value.is_empty() { Single::Absent } else { Single::Once(value.as_bytes()) };
    }
    let told = |error: ApiError| (error.status, error.code.unwrap_or_default().into_owned());
    let caller = Caller::identify(&config, &inbound, &|| 0).map_err(told)?;
    let permit = caller.permit(&config, model).map_err(told)?;
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token, now: &|| 0 };
    let candidates = consider(&permit, &needs, &environment);
    let plan = decide(&permit, &needs, candidates, &mut environment).plan.map_err(told)?;
    Ok(plan.iter().map(|stop| stop.endpoint.name.clone()).collect())
}

/// Whose request it is stays with the plan.
#[wasm_bindgen_test(unsupported = test)]
fn a_plan_knows_whose_request_it_is_for() {
    let config = config();
    let inbound = Inbound { tenant: Single::Once(b"eu"), ..Inbound::default() };
    let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
    let permit = caller.permit(&config, "sol").unwrap();
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
    let candidates = consider(&permit, &needs(Api::Chat), &environment);
    let plan = decide(&permit, &needs(Api::Chat), candidates, &mut environment).plan.unwrap();
    let Subject { tenant, model, api, policy } = plan.subject();
    assert_eq!((&**tenant, &**model, *api, *policy), ("eu", "sol", Api::Chat, config.version));
}

/// Orders: the file's default, and those of the ceiling, of the tenant's entry and of the policy that a request carries,
/// each as JSON or empty where nothing is said; what the client picks; the order that holds, or the refusal.
#[wasm_bindgen_test(unsupported = test)]
fn the_order_is_one_that_ceiling_entry_and_policy_allow() {
    use Order::{Cheapest, Ordered, Weighted};
    let beyond = Err((403, "order"));
    for (ceiling, entry, carried, picked, expected) in [
        ("", "", "", "", Ok(Cheapest)),
        ("", "", r#""weighted""#, "", Ok(Weighted)),
        ("", "", r#"["weighted","ordered"]"#, "ordered", Ok(Ordered)),
        ("", "", r#"["weighted","ordered"]"#, "cheapest", Err((403, "x-multihome-order"))),
        // The ceiling bounds what is carried, and stands in where nothing is.
        (r#"["ordered","weighted"]"#, "", r#""weighted""#, "", Ok(Weighted)),
        (r#""ordered""#, "", r#"["weighted","ordered"]"#, "", Ok(Ordered)),
        (r#""ordered""#, "", r#"["weighted","ordered"]"#, "weighted", Err((403, "x-multihome-order"))),
        (r#""ordered""#, "", r#""weighted""#, "", beyond),
        (r#"["ordered","weighted"]"#, "", "", "", Ok(Ordered)),
        (r#"["ordered","weighted"]"#, "", "", "weighted", Ok(Weighted)),
        // So does the tenant's entry.
        ("", r#"["ordered","weighted"]"#, "", "", Ok(Ordered)),
        ("", r#""ordered""#, r#""weighted""#, "", beyond),
        (r#"["ordered","weighted"]"#, r#"["cheapest","weighted"]"#, "", "", Ok(Weighted)),
        (r#"["ordered","cheapest"]"#, r#"["cheapest","ordered"]"#, "", "", Ok(Cheapest)),
        (r#"["ordered","weighted"]"#, r#"["cheapest","weighted"]"#, r#"["ordered","cheapest"]"#, "", beyond),
        (
            r#"["ordered","weighted"]"#,
            r#""weighted""#,
            r#"["ordered","weighted"]"#,
            "ordered",
            Err((403, "x-multihome-order")),
        ),
    ] {
        let grant = |order: &str| {
            let order = if order.is_empty() { String::new() } else { format!(r#","order":{order}"#) };
            format!(r#"{{"clouds":["aws"],"residency":["us"],"models":["*"]{order}}}"#)
        };
        let policy = POLICY
            .replacen(r#"{"clouds": ["azure", "aws"], "residency": ["us"], "models": ["*"]}"#, &grant(ceiling), 1)
            .replacen(
                r#""tenants": {"#,
                &format!(r#""defaults": {{"order": "cheapest"}}, "tenants": {{"t": {},"#, grant(entry)),
                1,
            );
        let config = Rc::new(config::check(&config::parse_json(policy.as_bytes()).unwrap()).unwrap());
        let carried = grant(carried);
        let inbound = Inbound {
            tenant: Single::Once(b"t"),
            carried: Single::Once(carried.as_bytes()),
            order: if picked.is_empty() { Single::Absent } else { Single::Once(picked.as_bytes()) },
            ..Inbound::default()
        };
        let caller = Caller::identify(&config, &inbound, &|| 0);
        let found = match &caller {
            Ok(caller) => Ok(caller.permit(&config, "sol").unwrap().order()),
            Err(error) => Err((error.status, error.param.as_deref().unwrap())),
        };
        assert_eq!(found, expected, "{ceiling} {entry} {carried} {picked}");
    }
}

/// One row a rule: tenant, the client's headers, api, and the plan or the refusal.
#[wasm_bindgen_test(unsupported = test)]
fn plans_only_what_policy_and_request_allow() {
    use crate::api::Api::{Chat, Responses};
    let carried = r#"{"clouds":["gcp","aws","azure"],"residency":["us","eu"],"models":["sol"],"order":"ordered"}"#;
    for (tenant, headers, model, api, expected) in [
        ("all", &[][..], "sol", Chat, Ok(&["aws-us", "az-us", "az-eu"][..])),
        ("all", &[], "sol", Responses, Ok(&["gcp-us", "aws-us", "az-us"])),
        ("all", &[("clouds", "azure")], "sol", Chat, Ok(&["az-us", "az-eu"])),
        ("all", &[("clouds", "azure , gcp")], "sol", Responses, Ok(&["gcp-us", "az-us"])),
        ("all", &[("residency", "eu")], "sol", Chat, Ok(&["az-eu"])),
        ("all", &[("max-attempts", "1")], "sol", Chat, Ok(&["aws-us"])),
        ("all", &[("max-attempts", "99")], "sol", Chat, Ok(&["aws-us", "az-us", "az-eu"])),
        ("all", &[("order", "cheapest")], "sol", Chat, Ok(&["aws-us", "az-us", "az-eu"])),
        ("all", &[("order", "weighted")], "sol", Chat, Ok(&["az-us", "az-eu", "aws-us"])),
        ("eu", &[], "sol", Chat, Ok(&["az-eu"])),
        ("aws", &[], "sol", Chat, Ok(&["aws-us"])),
        ("", &[("policy", carried)], "sol", Chat, Ok(&["aws-us", "az-us"])),
        ("nobody", &[("policy", carried)], "sol", Chat, Ok(&["aws-us", "az-us"])),
        ("aws", &[("policy", carried)], "sol", Chat, Ok(&["aws-us"])),
        ("eu", &[("policy", carried)], "sol", Chat, Err((403, "no_target_allowed"))),
        ("", &[("policy", carried)], "luna", Responses, Err((404, "model_not_found"))),
        ("", &[("policy", "{}")], "sol", Chat, Err((400, "invalid_header"))),
        ("", &[("policy", "!")], "sol", Chat, Err((400, "invalid_header"))),
        ("nobody", &[], "sol", Chat, Err((401, "unknown_tenant"))),
        ("", &[], "sol", Chat, Err((401, "unknown_tenant"))),
        ("all", &[], "nova", Chat, Err((404, "model_not_found"))),
        ("aws", &[], "luna", Chat, Err((404, "model_not_found"))),
        ("all", &[], "luna", Chat, Ok(&["gcp-us"])),
        ("eu", &[], "sol", Responses, Err((400, "unsupported_operation"))),
        ("eu", &[("clouds", "aws")], "sol", Chat, Err((403, "no_target_allowed"))),
        ("all", &[("clouds", "oracle")], "sol", Chat, Err((400, "invalid_header"))),
        ("all", &[("clouds", "azure,,aws")], "sol", Chat, Err((400, "invalid_header"))),
        // Nobody finds out which labels there are.
        ("all", &[("residency", "mars")], "sol", Chat, Err((403, "no_target_allowed"))),
        ("eu", &[("residency", "us")], "sol", Chat, Err((403, "no_target_allowed"))),
        ("all", &[("residency", "EU, mars")], "sol", Chat, Ok(&["az-eu"])),
        ("all", &[("clouds", "Azure")], "sol", Chat, Ok(&["az-us", "az-eu"])),
        ("all", &[("order", "Cheapest")], "sol", Chat, Ok(&["aws-us", "az-us", "az-eu"])),
        ("all", &[("order", "random")], "sol", Chat, Err((400, "invalid_header"))),
        ("eu", &[("order", "cheapest")], "sol", Chat, Err((403, "order_not_allowed"))),
        ("all", &[("max-attempts", "0")], "sol", Chat, Err((400, "invalid_header"))),
        ("all", &[("max-attempts", "-1")], "sol", Chat, Err((400, "invalid_header"))),
    ] {
        let found = planned(tenant, headers, model, needs(api));
        let expected = expected
            .map(|names| names.iter().map(|name| (*name).to_owned()).collect())
            .map_err(|(status, code): (u16, &str)| (status, code.to_owned()));
        assert_eq!(found, expected, "{tenant} {headers:?} {model} {api:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_target_that_lacks_what_is_used_is_unfit() {
    let tools = Needs { features: [Feature::Tools].into_iter().collect(), ..needs(Api::Chat) };
    assert_eq!(planned("all", &[], "sol", tools).unwrap(), ["az-us", "az-eu"]);
    assert_eq!(planned("aws", &[], "sol", tools).unwrap_err(), (400, "unsupported_feature".to_owned()));
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_tenant_must_not_use_is_refused_whoever_says_so() {
    let state = Needs { features: [Feature::State].into_iter().collect(), ..needs(Api::Responses) };
    for (entry, ceiling, carried) in
        [(true, false, false), (false, true, true), (false, false, true), (true, true, true)]
    {
        let denies = |denied: bool| if denied { r#", "denies": ["state"]"# } else { "" };
        let policy = POLICY
            .replace(r#""models": ["sol"], "targets": ["aws-*"]"#, &format!(r#""models": ["sol"]{}"#, denies(entry)))
            .replace(
                r#""residency": ["us"], "models": ["*"]}}}"#,
                &format!(r#""residency": ["us"], "models": ["*"]{}}}}}}}"#, denies(ceiling)),
            );
        let config = Rc::new(config::check(&config::parse_json(policy.as_bytes()).unwrap()).unwrap());
        let own = format!(r#"{{"clouds": ["aws"], "residency": ["us"], "models": ["sol"]{}}}"#, denies(!ceiling));
        let inbound = Inbound {
            tenant: Single::Once(b"aws"),
            carried: if carried { Single::Once(own.as_bytes()) } else { Single::Absent },
            ..Inbound::default()
        };
        let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
        let permit = caller.permit(&config, "sol").unwrap();
        let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
        let candidates = consider(&permit, &state, &environment);
        let error = decide(&permit, &state, candidates, &mut environment).plan.unwrap_err();
        assert_eq!(
            (error.status, error.code.as_deref(), error.rule),
            (403, Some("feature_not_allowed"), Some("denies"))
        );
        let candidates = consider(&permit, &needs(Api::Responses), &environment);
        assert!(decide(&permit, &needs(Api::Responses), candidates, &mut environment).plan.is_ok());
    }
}

/// A client's `Connection` header can take away what a hop wrote: the tenant's entry then must not stand in for it.
#[wasm_bindgen_test(unsupported = test)]
fn a_policy_that_has_to_be_carried_is_missed() {
    let policy = POLICY.replace(r#""policy": {"ceiling""#, r#""policy": {"required": true, "ceiling""#);
    let config = config::check(&config::parse_json(policy.as_bytes()).unwrap()).unwrap();
    let inbound = Inbound { tenant: Single::Once(b"all"), ..Inbound::default() };
    let error = Caller::identify(&config, &inbound, &|| 0).unwrap_err();
    assert_eq!((error.status, error.code.as_deref()), (403, Some("policy_required")));
}

/// What is wrong with a policy that a hop wrote is said in none of its words, and briefly.
#[wasm_bindgen_test(unsupported = test)]
fn a_carried_policy_is_not_repeated_to_the_client() {
    let secrets: Vec<String> = (0..1000).map(|number| format!(r#""secret{number}""#)).collect();
    for (carried, said) in [
        (format!(r#"{{"clouds":[{}]}}"#, secrets.join(",")), "1002 faults, in `clouds[0]`, `clouds[1]`"),
        (
            r#"{"secret":1,"clouds":["aws"],"residency":["us"],"models":["*"]}"#.to_owned(),
            "1 fault, in a field that no policy has.",
        ),
        ("{secret".to_owned(), "1 fault, in its JSON."),
    ] {
        let inbound = Inbound { carried: Single::Once(carried.as_bytes()), ..Inbound::default() };
        let error = Caller::identify(&config(), &inbound, &|| 0).unwrap_err();
        assert!(error.message.contains(said) && error.message.len() < 300, "{}", error.message);
        assert!(!error.message.contains("secret"), "{}", error.message);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_no_target_has_together_is_named_together() {
    let policy = POLICY
        .replace(r#""weight": 3"#, r#""lacks": ["choices"]"#)
        .replace(r#""id": "sol-eu","#, r#""id": "sol-eu", "lacks": ["choices"],"#);
    let config = Rc::new(config::check(&config::parse_json(policy.as_bytes()).unwrap()).unwrap());
    let inbound = Inbound { tenant: Single::Once(b"all"), ..Inbound::default() };
    let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
    let permit = caller.permit(&config, "sol").unwrap();
    let needs = Needs { features: [Feature::Tools, Feature::Choices].into_iter().collect(), ..needs(Api::Chat) };
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
    let candidates = consider(&permit, &needs, &environment);
    let error = decide(&permit, &needs, candidates, &mut environment).plan.unwrap_err();
    assert!(error.message.ends_with("has: tools and choices."), "{}", error.message);
}

#[wasm_bindgen_test(unsupported = test)]
fn without_a_token_google_is_unfit() {
    let without = |model| planned_with("all", &[], model, needs(Api::Responses), &|| false);
    assert_eq!(without("sol").unwrap(), ["aws-us", "az-us"]);
    assert_eq!(without("luna").unwrap_err(), (503, "no_credential".to_owned()));
}

#[wasm_bindgen_test(unsupported = test)]
fn state_stays_with_the_first_target() {
    let state = Needs { features: [Feature::State].into_iter().collect(), ..needs(Api::Responses) };
    assert_eq!(planned("all", &[], "sol", state).unwrap(), ["gcp-us"]);
    let stored = Needs { features: [Feature::StoredPrompt].into_iter().collect(), ..needs(Api::Responses) };
    assert_eq!(planned("all", &[], "sol", stored).unwrap(), ["gcp-us"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_cheapest_depends_on_the_request() {
    let cheapest = |bytes, max_tokens| {
        planned(
            "all",
            &[("order", "cheapest")],
            "sol",
            Needs { bytes, max_tokens: Some(max_tokens), ..needs(Api::Chat) },
        )
    };
    assert_eq!(cheapest(4_000_000, 1).unwrap(), ["az-eu", "az-us", "aws-us"]);
    assert_eq!(cheapest(4, 1_000_000).unwrap(), ["aws-us", "az-us", "az-eu"]);
}

/// Shares go on where the policy changes elsewhere: a target is known by its endpoint and id, not by its place in the file.
#[wasm_bindgen_test(unsupported = test)]
fn shares_outlive_a_change_of_the_policy() {
    let models = r#""models": {"#;
    let more = r#""models": {"first": [{"endpoint": "az-us", "id": "other", "form": "openai.chat"}],"#;
    let mut picks = WeightedPicks::default();
    let mut counts = [0; 3];
    for turn in 0..500 {
        // The other policy moves every target of `sol` by one place.
        let policy = if turn % 2 == 0 { POLICY.to_owned() } else { POLICY.replacen(models, more, 1) };
        let config = Rc::new(config::check(&config::parse_json(policy.as_bytes()).unwrap()).unwrap());
        let inbound = Inbound { tenant: Single::Once(b"all"), order: Single::Once(b"weighted"), ..Inbound::default() };
        let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
        let permit = caller.permit(&config, "sol").unwrap();
        let mut environment = Environment { picks: &mut picks, google_token: &|| true, now: &|| 0 };
        let candidates = consider(&permit, &needs(Api::Chat), &environment);
        let plan = decide(&permit, &needs(Api::Chat), candidates, &mut environment).plan.unwrap();
        let first = plan.iter().next().unwrap().endpoint.name.clone();
        counts[["az-us", "az-eu", "aws-us"].iter().position(|name| *name == first).unwrap()] += 1;
    }
    assert_eq!(counts, [300, 100, 100]);
}

/// The endpoints that are planned for chat where the file says this instead of that.
fn planned_under(changes: &[(&str, &str)], order: &'static [u8]) -> Vec<String> {
    let policy = changes.iter().fold(POLICY.to_owned(), |policy, (from, to)| {
        assert!(policy.contains(from), "{from}");
        policy.replacen(from, to, 1)
    });
    let config = Rc::new(config::check(&config::parse_json(policy.as_bytes()).unwrap()).unwrap());
    let inbound = Inbound { tenant: Single::Once(b"all"), order: Single::Once(order), ..Inbound::default() };
    let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
    let permit = caller.permit(&config, "sol").unwrap();
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
    let candidates = consider(&permit, &needs(Api::Chat), &environment);
    let plan = decide(&permit, &needs(Api::Chat), candidates, &mut environment).plan.unwrap();
    plan.iter().map(|stop| stop.endpoint.name.clone()).collect()
}

#[wasm_bindgen_test(unsupported = test)]
fn of_equal_targets_the_one_that_speaks_the_clients_api_comes_first() {
    const TRANSLATED: (&str, &str) = (r#"{"translate": false, "#, "{");
    // The first of Azure's speaks Responses alone, and costs as much as the second.
    const AZURE: (&str, &str) = (
        r#""form": ["openai.chat", "openai.responses"], "weight": 3, "price": {"input": 2, "output": 10}"#,
        r#""form": "openai.responses", "weight": 3, "price": {"input": 1, "output": 20}"#,
    );
    const NOT_THE_TENANT: (&str, &str) = (r#""max_attempts": 8"#, r#""max_attempts": 8, "translate": false"#);
    const NOT_GOOGLE: (&str, &str) = (
        r#""id": "sol", "form": "openai.responses""#,
        r#""id": "sol", "form": "openai.responses", "translate": false"#,
    );
    const LIGHT: (&str, &str) = (r#""weight": 3, "#, "");
    const HEAVY: (&str, &str) = (r#""id": "sol-eu", "#, r#""id": "sol-eu", "weight": 5, "#);
    /// What is replaced in the policy, the order, and who is tried.
    type Row<'r> = (&'r [(&'r str, &'r str)], &'static [u8], &'r [&'r str]);
    let rows: [Row<'_>; 8] = [
        (&[], b"ordered", &["aws-us", "az-us", "az-eu"]),
        // The tenant's clouds come first.
        (&[TRANSLATED], b"ordered", &["gcp-us", "aws-us", "az-us", "az-eu"]),
        (&[TRANSLATED, AZURE], b"ordered", &["gcp-us", "aws-us", "az-eu", "az-us"]),
        (&[TRANSLATED, AZURE], b"cheapest", &["aws-us", "az-eu", "az-us", "gcp-us"]),
        // A weight is a share, whatever the target speaks; the others come by weight, and of one weight those that speak the API.
        (&[TRANSLATED, AZURE], b"weighted", &["az-us", "az-eu", "aws-us", "gcp-us"]),
        (&[TRANSLATED, AZURE, LIGHT, HEAVY], b"weighted", &["az-eu", "aws-us", "az-us", "gcp-us"]),
        (&[TRANSLATED, NOT_GOOGLE], b"ordered", &["aws-us", "az-us", "az-eu"]),
        (&[TRANSLATED, AZURE, NOT_THE_TENANT], b"ordered", &["aws-us", "az-eu"]),
    ];
    for (changes, order, planned) in rows {
        assert_eq!(planned_under(changes, order), planned, "{changes:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_public_name_tells_a_deployments_family_alone() {
    let policy = POLICY.replace(r#""sol": "#, r#""gpt-6-sol": "#).replace(r#""models": ["sol"]"#, r#""models": ["*"]"#);
    let planned = |policy: &str, uses: &[Feature], removable: &[Feature]| {
        let config = Rc::new(config::check(&config::parse_json(policy.as_bytes()).unwrap()).unwrap());
        let inbound = Inbound { tenant: Single::Once(b"all"), ..Inbound::default() };
        let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
        let permit = caller.permit(&config, "gpt-6-sol").unwrap();
        let [features, removable] = [uses, removable].map(|all| all.iter().copied().collect());
        let needs = Needs { features, removable, ..needs(Api::Chat) };
        let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
        let candidates = consider(&permit, &needs, &environment);
        let plan = decide(&permit, &needs, candidates, &mut environment).plan.unwrap();
        plan.iter().map(|stop| stop.endpoint.name.clone()).collect::<Vec<String>>()
    };
    assert_eq!(planned(&policy, &[], &[]), ["aws-us", "az-us", "az-eu"]);
    assert_eq!(planned(&policy, &[Feature::Stop], &[]), ["aws-us"]);
    // An id that tells a family goes before the public name.
    let older = policy.replace(r#""id": "sol-eu""#, r#""id": "gpt-4.1""#);
    assert_eq!(planned(&older, &[Feature::Stop], &[]), ["aws-us", "az-eu"]);
    // What a target may drop is no hurdle, if nothing else in the body uses it.
    let drops = policy.replace(r#""id": "sol-eu""#, r#""id": "sol-eu", "drop": ["stop"]"#);
    assert_eq!(planned(&drops, &[Feature::Stop], &[Feature::Stop]), ["aws-us", "az-eu"]);
    assert_eq!(planned(&drops, &[Feature::Stop], &[]), ["aws-us"]);
}
