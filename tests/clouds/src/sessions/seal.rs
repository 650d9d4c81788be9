//! Encrypted content, which only the account that made it can read. What is sealed is the account, the item, and a word
//! to be found again; it is encoded, not encrypted, and authenticated by a digest over the account.

use crate::credentials::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// How a vendor writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OpenAI, and Azure: Fernet's, from 952 characters on (recorded in July 2026).
    Fernet,
    /// Mantle: from 772 characters on (recorded in July 2026).
    Mantle,
}

impl Form {
    const ALL: [Self; 2] = [Self::Fernet, Self::Mantle];

    fn prefix(self) -> &'static str {
        match self {
            Self::Fernet => "gAAAAABq",
            Self::Mantle => "rsn_",
        }
    }

    /// The bytes that are sealed at least.
    fn length(self) -> usize {
        match self {
            Self::Fernet => 706,
            Self::Mantle => 575,
        }
    }

    fn encoded(self, bytes: &[u8]) -> String {
        match self {
            Self::Fernet => URL_SAFE.encode(bytes),
            Self::Mantle => STANDARD.encode(bytes),
        }
    }

    fn decoded(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Fernet => URL_SAFE.decode(text).ok(),
            Self::Mantle => STANDARD.decode(text).ok(),
        }
    }
}

/// Hexadecimal digits that stand for an account or an item.
const NAME: usize = 16;
const PROOF: usize = 32;

fn short(text: &str) -> String {
    let mut hex = digest(&[text.as_bytes()]);
    hex.truncate(NAME);
    hex
}

fn proof(account: &str, text: &str) -> String {
    let mut hex = digest(&[b"proof of an emulated account", account.as_bytes(), text.as_bytes()]);
    hex.truncate(PROOF);
    hex
}

/// Seals a payload, which has no line breaks, for an account and one of its items.
pub fn seal(form: Form, account: &str, item: &str, payload: &str) -> String {
    let mut text = format!("{}{}{payload}\n", short(account), short(item));
    while text.len() < form.length() - PROOF {
        let more = digest(&[b"filler", text.as_bytes()]);
        let room = form.length() - PROOF - text.len();
        text.push_str(more.get(..room).unwrap_or(&more));
    }
    text.push_str(&proof(account, &text));
    format!("{}{}", form.prefix(), form.encoded(text.as_bytes()))
}

/// Why an account cannot read what it was given.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// None of these clouds made it, or it was changed.
    Broken,
    /// Another account made it, whose name is this.
    Foreign(String),
    /// The account made it for another item.
    OtherItem,
}

/// The payload; an `item` of None is not compared.
pub fn open(account: &str, item: Option<&str>, sealed: &str) -> Result<String, Unreadable> {
    let text = plain(sealed).ok_or(Unreadable::Broken)?;
    let (maker, rest) = text.split_at_checked(NAME).ok_or(Unreadable::Broken)?;
    let (made_for, _) = rest.split_at_checked(NAME).ok_or(Unreadable::Broken)?;
    let (proved, found) = text.split_at_checked(text.len().saturating_sub(PROOF)).ok_or(Unreadable::Broken)?;
    if !maker.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Unreadable::Broken);
    }
    if maker != short(account) {
        return Err(Unreadable::Foreign(maker.to_owned()));
    }
    if proof(account, proved) != found {
        return Err(Unreadable::Broken);
    }
    if item.is_some_and(|item| short(item) != made_for) {
        return Err(Unreadable::OtherItem);
    }
    let payload = proved.get(2 * NAME..).and_then(|rest| rest.split('\n').next());
    payload.map(str::to_owned).ok_or(Unreadable::Broken)
}

fn plain(sealed: &str) -> Option<String> {
    let form = Form::ALL.into_iter().find(|form| sealed.starts_with(form.prefix()))?;
    String::from_utf8(form.decoded(sealed.strip_prefix(form.prefix())?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_account_that_sealed_can_open() {
        for (form, length) in [(Form::Fernet, 952), (Form::Mantle, 772)] {
            let sealed = seal(form, "azure a", "rs_1", "word");
            assert_eq!(sealed.len(), length);
            assert_eq!(open("azure a", Some("rs_1"), &sealed), Ok("word".into()));
            assert_eq!(open("azure a", None, &sealed), Ok("word".into()));
            assert_eq!(open("azure a", Some("rs_2"), &sealed), Err(Unreadable::OtherItem));
            assert_eq!(open("azure b", Some("rs_1"), &sealed), Err(Unreadable::Foreign(short("azure a"))));
            let (head, tail) = sealed.split_at(sealed.len() / 2);
            let changed = format!("{head}{}", tail.replacen('M', "N", 1));
            for broken in [changed.as_str(), head, tail, "gAAA", "", &format!("x{sealed}")] {
                assert_eq!(open("azure a", None, broken), Err(Unreadable::Broken), "{broken}");
            }
        }
        let long = seal(Form::Fernet, "a", "cmp_1", &"x".repeat(2000));
        assert_eq!(open("a", None, &long).map(|payload| payload.len()), Ok(2000));
    }
}
