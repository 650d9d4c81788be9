//! Sessions: which accounts keep what clients bring back, and the keys of the tags that lead there.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::endpoint::Endpoint;
use super::model::Target;
use super::tenant::Grant;
use crate::document::fields::{Fields, Found, texts};
use crate::fault::Faults;
use crate::form::Form;
use crate::name;
use crate::session::Keys;

/// How what a client brings back finds the account that made it.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// The environment variables of Envoy that hold the keys of tags: the first one's makes them, all are taken.
    pub key_variables: Vec<String>,
    /// The accounts, in the order of the file's endpoints; each once.
    pub accounts: Vec<Account>,
    /// The place of each endpoint's account among these, by the endpoint's own place.
    of_endpoints: Vec<usize>,
    keys: Keys,
}

/// What can read what it made: a resource with its credential. Endpoints that share one say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name: what its endpoints say, or the name of its only endpoint.
    pub name: Rc<str>,
    /// Whether what it makes is tagged: some model that stands there stands at another account, too. Once one of its
    /// models is tagged, all are: else an untagged value would be a way round the tags.
    pub tagged: bool,
    /// Who may use it.
    pub users: Users,
}

/// Who may use an account, of all that may come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Users {
    /// No tenant.
    #[default]
    Nobody,
    /// This tenant: all that the account keeps is its own.
    One(Rc<str>),
    /// Several, or whoever brings a policy: what it keeps is bound to a tenant by its tag alone.
    Several,
}

impl Sessions {
    /// Reads the keys of tags. `variable` reads an environment variable.
    ///
    /// # Errors
    /// The variables that are not set, or hold too little to be a key.
    pub fn read_keys(&mut self, variable: impl Fn(&str) -> Option<Vec<u8>>) -> Result<(), Vec<String>> {
        let mut missing = Vec::new();
        let mut secrets = Vec::new();
        for name in &self.key_variables {
            match variable(name).filter(|secret| secret.len() >= LEAST_KEY) {
                Some(secret) => secrets.push(secret),
                None => missing.push(name.clone()),
            }
        }
        self.keys = Keys::new(secrets.iter().map(Vec::as_slice));
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// The keys of tags; where none were read, ones that everybody knows.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The account's place.
    pub fn account(&self, name: &str) -> Option<usize> {
        self.accounts.iter().position(|account| *account.name == *name)
    }

    /// The place of the account of the endpoint at this place.
    pub fn account_of(&self, endpoint: usize) -> Option<usize> {
        self.of_endpoints.get(endpoint).copied()
    }

    /// Whether what the account at this place makes is tagged.
    pub fn is_tagged(&self, account: usize) -> bool {
        self.accounts.get(account).is_some_and(|account| account.tagged)
    }
}

/// The least that a key may have, in bytes: 128 bits in hexadecimal digits.
pub const LEAST_KEY: usize = 32;
/// The most keys: one in use, and those before it.
const MOST_KEYS: usize = 4;

pub(super) fn read(found: Found<'_>, faults: &mut Faults) -> Sessions {
    let mut sessions = Sessions::default();
    let Some(mut fields) = Fields::maybe(found, faults) else { return sessions };
    if let Some((node, place)) = fields.optional("tag_keys") {
        let named = texts(node, &place, faults);
        if named.is_empty() || named.len() > MOST_KEYS {
            faults.add(&place, format!("expected 1 to {MOST_KEYS} environment variables, found {}", named.len()));
        }
        for (variable, place) in named {
            if !name::is_variable(variable) {
                faults.add_with_help(
                    &place,
                    format!("`{}` cannot name an environment variable", crate::api::error::shown(variable)),
                    "name the variable that holds the key, not the key: A-Z 0-9 _, a letter first",
                );
            }
            sessions.key_variables.push(variable.to_owned());
        }
    }
    fields.finish(faults);
    sessions
}

/// What decides on accounts.
pub(super) struct Settled<'c> {
    pub endpoints: &'c [Endpoint],
    pub targets: &'c [Target],
    pub models: &'c HashMap<Rc<str>, Vec<usize>>,
    pub tenants: &'c HashMap<Rc<str>, Rc<Grant>>,
    /// What bounds the policies that requests carry.
    pub ceilings: Vec<&'c Grant>,
}

impl Sessions {
    /// Notes the accounts of all endpoints, which are tagged, and who may use them.
    pub(super) fn settle(&mut self, settled: &Settled<'_>) {
        for endpoint in settled.endpoints {
            let place = self.account(&endpoint.account).unwrap_or_else(|| {
                let name = Rc::clone(&endpoint.account);
                self.accounts.push(Account { name, tagged: false, users: Users::Nobody });
                self.accounts.len() - 1
            });
            self.of_endpoints.push(place);
        }
        for accounts in settled.models.values().map(|targets| settled.accounts(targets)) {
            if accounts.len() > 1 {
                let several = self.accounts.iter_mut().filter(|account| accounts.contains(&*account.name));
                several.for_each(|account| account.tagged = true);
            }
        }
        for account in &mut self.accounts {
            account.users = settled.users(&account.name);
        }
    }
}

impl<'c> Settled<'c> {
    /// The endpoint of a target that speaks Responses: what a translated response names is nowhere kept.
    fn keeper(&self, target: usize) -> Option<&'c Endpoint> {
        let target = self.targets.get(target).filter(|target| target.address(Form::Responses).is_some())?;
        self.endpoints.get(target.endpoint)
    }

    fn accounts(&self, targets: &[usize]) -> HashSet<&'c str> {
        targets.iter().filter_map(|target| Some(&*self.keeper(*target)?.account)).collect()
    }

    fn users(&self, account: &str) -> Users {
        let own: Vec<&Endpoint> = self.endpoints.iter().filter(|endpoint| *endpoint.account == *account).collect();
        // One host asked with one credential is one account, whatever the file calls it.
        let is_here = |endpoint: &&Endpoint| {
            let same = |own: &&Endpoint| own.host == endpoint.host && own.auth == endpoint.auth;
            *endpoint.account == *account || own.iter().any(same)
        };
        let here = |targets: &Vec<usize>| {
            let endpoints = targets.iter().filter_map(|target| self.keeper(*target));
            endpoints.filter(is_here).collect::<Vec<_>>()
        };
        let models = self.models.iter().map(|(name, targets)| (&**name, here(targets)));
        let models: Vec<(&str, Vec<&Endpoint>)> = models.filter(|(_, endpoints)| !endpoints.is_empty()).collect();
        let may = |grant: &Grant| {
            let allows = |endpoints: &[&Endpoint]| endpoints.iter().any(|endpoint| grant.allows(endpoint));
            models.iter().any(|(name, endpoints)| grant.allows_model(name) && allows(endpoints))
        };
        if self.ceilings.iter().any(|ceiling| may(ceiling)) {
            return Users::Several;
        }
        let mut tenants = self.tenants.iter().filter(|(_, grant)| may(grant));
        match (tenants.next(), tenants.next()) {
            (None, _) => Users::Nobody,
            (Some((tenant, _)), None) => Users::One(Rc::clone(tenant)),
            (Some(_), Some(_)) => Users::Several,
        }
    }
}
