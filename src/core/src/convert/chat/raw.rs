//! Values that stand in another JSON text: read where they stand, copied as they are.

use std::borrow::Cow;

use crate::json::{Cursor, Malformed, Text};

/// A value as it stands in its text; empty where there is none.
pub(super) type Raw<'j> = &'j [u8];

/// The value, unless there is none, or `null`.
pub(super) fn given(value: Raw<'_>) -> Option<Raw<'_>> {
    Some(value).filter(|value| !matches!(*value, b"" | b"null"))
}

/// Reads an object, behind which nothing follows: the values of these members, the last where a name stands twice, and `other` for the rest.
pub(super) fn members<'j, const N: usize>(
    object: Raw<'j>,
    names: &[&str; N],
    mut other: impl FnMut(Text<'j>, Raw<'j>),
) -> Result<[Raw<'j>; N], Malformed> {
    let mut values: [Raw<'j>; N] = [b""; N];
    let mut cursor = Cursor::new(object);
    cursor.object(|cursor, key| {
        let value = object.get(cursor.skip()?).unwrap_or_default();
        match names.iter().zip(&mut values).find(|(name, _)| key.is(name)) {
            Some((_, slot)) => *slot = value,
            None => other(key, value),
        }
        Ok::<(), Malformed>(())
    })?;
    cursor.end()?;
    Ok(values)
}

/// Reads an array: each element, with its place.
pub(super) fn elements<'j>(
    array: Raw<'j>,
    mut each: impl FnMut(usize, Raw<'j>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut place = 0;
    Cursor::new(array).array(|cursor| {
        each(place, array.get(cursor.skip()?).unwrap_or_default())?;
        place += 1;
        Ok(())
    })
}

/// The elements of an array as they stand between its brackets.
pub(super) fn between_brackets(array: Raw<'_>) -> Raw<'_> {
    let inner = array.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or_default();
    inner.trim_ascii()
}

/// What stands between a string's quotes; `None` for what is no string.
pub(super) fn unquoted(value: Raw<'_>) -> Option<Raw<'_>> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// What stands between the quotes of a string; `None` where there is none, or an empty one.
pub(super) fn some_text(value: Raw<'_>) -> Option<Raw<'_>> {
    unquoted(value).filter(|text| !text.is_empty())
}

/// Whether the value is a string that means `word`.
pub(super) fn is(value: Raw<'_>, word: &str) -> bool {
    value.first() == Some(&b'"') && Cursor::new(value).string("").is_ok_and(|text| text.is(word))
}

/// What a string of at most `most` bytes means.
pub(super) fn meaning(value: Raw<'_>, most: usize) -> Option<Cow<'_, str>> {
    let text = Cursor::new(value).string("a string").ok()?;
    match text.meaning_within(most)? {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The value on one line. Line ends stand only between the tokens of a JSON text, where they mean nothing; in an event's
/// data they would end it.
pub(super) fn on_one_line(value: Raw<'_>) -> Cow<'_, [u8]> {
    let ends_line = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if value.iter().any(ends_line) {
        Cow::Owned(value.iter().copied().filter(|byte| !ends_line(byte)).collect())
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn members_are_found_in_any_order_and_the_last_of_a_name_counts() {
        let mut others = Vec::new();
        let text = br#"{"b" : [1, 2], "c":null,"a":"x","\u0061":"y"}"#;
        let [a, b, d] = members(text, &["a", "b", "d"], |key, value| others.push((key.is("c"), value))).unwrap();
        assert_eq!((a, b, d), (&br#""y""#[..], &b"[1, 2]"[..], &b""[..]));
        assert_eq!(others, [(true, &b"null"[..])]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_value_is_put_on_one_line() {
        assert_eq!(*on_one_line(b"{\r\n  \"a\":\t\"\\n\"\n}"), b"{  \"a\":\t\"\\n\"}"[..]);
        assert!(matches!(on_one_line(b"[1]"), Cow::Borrowed(_)));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_word_is_known_however_it_is_written() {
        assert!(is(br#""auto""#, "auto") && is(br#""\u0061uto""#, "auto"));
        assert!(!is(br#""automatic""#, "auto") && !is(b"auto", "auto") && !is(b"", ""));
    }
}
