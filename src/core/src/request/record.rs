//! What happened to one request, written down once: who asked, what was decided, every try, and how it ended.
//!
//! The edge begins it, the attempts go on with it, and the edge hands it out at the end of the stream. The access log reads
//! it; whatever else wants to know something of a request reads it here and asks nobody else.

use std::borrow::Cow;
use std::fmt::Write;
use std::rc::Rc;

use super::head::is_kept_id;
use crate::api::Api;
use crate::api::error::ApiError;
use crate::config::{Config, Version};
use crate::form::{Form, Usage};
use crate::name::Named;
use crate::plan::{Candidate, Plan, Stop, Unfit};
use crate::tenant::NamedBy;

/// The record of one request.
#[derive(Debug, Default)]
pub struct Record {
    /// The id by which Envoy and the hop before it know the request; empty where there is none that is kept.
    id: Box<[u8]>,
    tenant: Option<Rc<str>>,
    /// What has named the tenant.
    by: Option<NamedBy>,
    model: Option<Rc<str>>,
    api: Option<Api>,
    /// What is asked, where that is not a completion or a response.
    operation: Option<&'static str>,
    policy: Version,
    /// The targets of the model that could not serve the request, by their places in the configuration.
    unfit: Vec<(usize, Unfit)>,
    /// The account that made what the request brings back.
    origin: Option<Rc<str>>,
    tries: Vec<TryRecord>,
    /// What the latest target does not get of the request: fields of it, and the reasoning that only its origin can read.
    left_out: Vec<&'static str>,
    /// What the completion took, as far as it was read.
    usage: Option<Box<Usage>>,
    /// The code of the error that the client read instead of a response, and the rule of policy that refused.
    error: Option<(Cow<'static, str>, Option<&'static str>)>,
}

/// One try.
#[derive(Debug)]
struct TryRecord {
    /// The target's place in the configuration.
    index: usize,
    form: Form,
    end: TryEnd,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryEnd {
    /// It has not, as far as anybody noted: the client left first.
    Open,
    /// The cloud responded with this status.
    Status(u16),
    /// The cloud responded with this status, and failed before there was any of a completion: its word for what it said, or
    /// ours.
    Inside(u16, Cow<'static, str>),
    /// There was no response: no connection, a reset, a timeout.
    Reset,
}

impl TryEnd {
    /// The end of a try by an error inside a response; a cloud's word that is none is not kept.
    pub(super) fn inside(status: u16, word: Option<String>) -> TryEnd {
        TryEnd::Inside(status, word.filter(|word| is_word(word)).map_or(Cow::Borrowed("error"), Cow::Owned))
    }

    fn write_to(&self, line: &mut String) {
        match self {
            TryEnd::Status(status) => push_number(line, u64::from(*status)),
            TryEnd::Inside(status, word) => {
                push_number(line, u64::from(*status));
                line.push('!');
                line.push_str(word);
            }
            TryEnd::Reset => line.push_str("reset"),
            TryEnd::Open => line.push_str("open"),
        }
    }
}

impl Record {
    /// The record of a request of which only the policy and the id are known.
    pub fn begin(policy: Version, id: &[u8]) -> Record {
        let id = if is_kept_id(id) { id.into() } else { Box::default() };
        Record { policy, id, ..Record::default() }
    }

    /// The id by which Envoy and the hop before it know the request.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Notes who asks; an empty name where only the tenant's policy is known.
    pub fn asked_by(&mut self, tenant: &Rc<str>) {
        self.tenant = Some(Rc::clone(tenant));
    }

    /// Notes what has named the tenant.
    pub fn named_by(&mut self, by: &NamedBy) {
        self.by = Some(by.clone());
    }

    /// Notes the API that the client speaks.
    pub fn asked_for(&mut self, api: Api) {
        self.api = Some(api);
    }

    /// Notes what is asked, where that is not a completion or a response.
    pub fn asked_to(&mut self, operation: &'static str) {
        self.operation = Some(operation);
    }

    /// Notes the model, once it is one that the file lists: a client's word may be anything.
    pub fn named(&mut self, model: Option<&Rc<str>>) {
        self.model = model.map(Rc::clone);
    }

    /// Notes whose request the plan is for, and where what it brings back was made.
    pub(super) fn planned(&mut self, plan: &Plan) {
        let subject = plan.subject();
        self.origin = plan.origin().map(Rc::clone);
        self.asked_by(&subject.tenant);
        self.asked_for(subject.api);
        self.named(Some(&subject.model));
    }

    /// Notes why targets could not serve the request.
    pub fn considered(&mut self, candidates: &[Candidate<'_>]) {
        let unfit = |candidate: &Candidate<'_>| Some((candidate.index, candidate.fit.err()?));
        self.unfit = candidates.iter().filter_map(unfit).collect();
    }

    /// Notes the error that the client reads.
    pub fn failed(&mut self, error: &ApiError) {
        let code = error.code.clone().filter(|code| is_word(code)).unwrap_or(Cow::Borrowed("error"));
        self.error = Some((code, error.rule));
    }

    /// Notes what the completion took.
    pub(super) fn used(&mut self, usage: Usage) {
        self.usage = Some(Box::new(usage));
    }

    pub(super) fn began(&mut self, stop: &Stop<'_>) {
        self.tries.push(TryRecord { index: stop.index, form: stop.form, end: TryEnd::Open });
    }

    /// Notes what the latest target does not get of the request: fields, and what only its origin can read.
    pub(super) fn left_out(&mut self, names: &[&'static str], unreadable: Option<&'static str>) {
        self.left_out.clear();
        self.left_out.extend_from_slice(names);
        self.left_out.extend(unreadable);
    }

    pub(super) fn ended(&mut self, end: TryEnd) {
        if let Some(latest) = self.tries.last_mut() {
            latest.end = end;
        }
    }

    /// As the access log has it: words `key=value` with a space between, those that say nothing left out. No value holds
    /// a space, a quote or a control character.
    ///
    /// `id=6f4c9a52-… tenant=acme by=key:ci model=gpt-6.1-sol api=chat form=openai.chat policy=0f9d… tries=azure-eastus2:429>aws-use1:200
    /// unfit=gcp-us:form origin=azure-eastus2 left_out=temperature,reasoning usage=1200/1024/310/200 error=no_target_allowed rule=residency`
    pub fn line(&self, config: &Config) -> String {
        let mut line = String::with_capacity(256);
        put(&mut line, "id", std::str::from_utf8(&self.id).ok().filter(|id| is_word(id)));
        put(&mut line, "tenant", self.tenant.as_deref());
        if let Some(by) = &self.by {
            begin(&mut line, "by");
            by.write_to(&mut line);
        }
        put(&mut line, "model", self.model.as_deref());
        put(&mut line, "api", self.api.map(Api::name));
        put(&mut line, "op", self.operation);
        put(&mut line, "form", self.tries.last().map(|latest| latest.form.name()));
        begin(&mut line, "policy");
        self.policy.write_to(&mut line);
        for (number, TryRecord { index, end, .. }) in self.tries.iter().enumerate() {
            if number == 0 {
                begin(&mut line, "tries");
            } else {
                line.push('>');
            }
            line.push_str(endpoint(config, *index));
            line.push(':');
            end.write_to(&mut line);
        }
        for (number, (index, unfit)) in self.unfit.iter().enumerate() {
            if number == 0 {
                begin(&mut line, "unfit");
            } else {
                line.push(',');
            }
            line.push_str(endpoint(config, *index));
            line.push(':');
            // Writing into a string does not fail.
            let _ = write!(line, "{unfit}");
        }
        put(&mut line, "origin", self.origin.as_deref());
        for (number, name) in self.left_out.iter().enumerate() {
            if number == 0 {
                begin(&mut line, "left_out");
            } else {
                line.push(',');
            }
            line.push_str(name);
        }
        if let Some(usage) = &self.usage {
            let Usage { input, cached, output, reasoning } = **usage;
            begin(&mut line, "usage");
            for (number, count) in [input, cached, output, reasoning].into_iter().enumerate() {
                if number > 0 {
                    line.push('/');
                }
                push_number(&mut line, count);
            }
        }
        if let Some((code, rule)) = &self.error {
            put(&mut line, "error", Some(code));
            put(&mut line, "rule", *rule);
        }
        line
    }
}

/// Adds a word; one that says nothing is left out.
fn put(line: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        begin(line, key);
        line.push_str(value);
    }
}

fn begin(line: &mut String, key: &str) {
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(key);
    line.push('=');
}

/// A number without the machinery of formatting, which costs more than all the rest of a line.
fn push_number(line: &mut String, number: u64) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let leading = digits.iter().take(19).take_while(|digit| **digit == b'0').count();
    line.push_str(digits.get(leading..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default());
}

/// Whether what a hop or a cloud wrote can stand in a line.
fn is_word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/');
    !text.is_empty() && text.len() <= 128 && text.bytes().all(allowed)
}

/// The name of the endpoint that the target at `index` stands on.
fn endpoint(config: &Config, index: usize) -> &str {
    let endpoint = config.targets.get(index).and_then(|target| config.endpoint_of(target));
    endpoint.map_or("?", |endpoint| &endpoint.name)
}
