use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

fn whole(text: impl AsRef<[u8]>) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(text.as_ref());
    cursor.skip()?;
    cursor.end()
}

#[wasm_bindgen_test(unsupported = test)]
fn takes_what_the_grammar_allows() {
    for text in [
        "{}",
        "[]",
        " [ ] ",
        "null",
        "-0",
        "0.5e+10",
        "1E9",
        r#""\u00e9\/\n""#,
        r#"{"a":{"b":[1,{},[]]},"c":""}"#,
        "[[[[1]]]]",
        r#""a string that is longer than sixteen bytes, so that chunks are read""#,
    ] {
        assert_eq!(whole(text), Ok(()), "{text}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn refuses_what_it_does_not() {
    for text in [
        "",
        "{",
        "}",
        "[1,]",
        r#"{"a":1,}"#,
        "{a:1}",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "NaN",
        "tru",
        "'a'",
        "\"a\u{1}\"",
        r#""\x""#,
        r#""\u12g4""#,
        "\"open",
        "[1 2]",
        r#"{"a" 1}"#,
        "1 2",
        "{}x",
        "[}",
        r#"{"a":]"#,
    ] {
        assert!(whole(text).is_err(), "{text}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn agrees_with_serde_json_on_mangled_texts() {
    let seed = r#"{"model":"gpt","n":[1,-2.5e3,true,null,{"k\n":"v\u0041"}],"s":"0123456789abcdef\"tail"}"#;
    let bytes = b"{}[]\",:\\0-.eEtfn u\x01x";
    for at in 0..seed.len() {
        for byte in bytes {
            let mut text = seed.as_bytes().to_vec();
            text[at] = *byte;
            let text = String::from_utf8(text).unwrap();
            let reference = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            assert_eq!(whole(&text).is_ok(), reference, "{text}");
        }
        let cut = seed.get(..at).unwrap();
        assert!(whole(cut).is_err(), "{cut}");
    }
}

/// Whatever stands where in a block, at its edges above all: escapes and characters of every length.
#[wasm_bindgen_test(unsupported = test)]
fn finds_what_stands_across_blocks() {
    for piece in ["\\n", "\\\\", "\\\"", "\\u00e9", "é", "€", "😀", "\u{7f}"] {
        for before in 0..70 {
            for after in [0, 1, 63, 64, 130] {
                let text = format!("[\"{}{piece}{}\",1]", "a".repeat(before), "b".repeat(after));
                assert_eq!(whole(&text), Ok(()), "{text}");
                let value: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
                let read = Cursor::new(&text.as_bytes()[1..]).string("a string").unwrap();
                assert_eq!(read.unescaped().as_deref(), value[0].as_str(), "{text}");
                for cut in 0..piece.len() {
                    let mut bytes = text.clone().into_bytes();
                    bytes.remove(2 + before + cut);
                    let valid = std::str::from_utf8(&bytes)
                        .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
                    assert_eq!(whole(&bytes).is_ok(), valid, "{}", String::from_utf8_lossy(&bytes));
                }
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn says_which_byte_is_not_utf8() {
    let expected = |at| Err(Malformed { at, expected: "UTF-8" });
    for before in [0, 5, 61, 62, 63, 64, 200] {
        let mut text = b"\"".to_vec();
        text.resize(1 + before, b'a');
        for bad in [&b"\xff"[..], b"\xe2\x82", b"\xc0\xaf", b"\xed\xa0\x80"] {
            for after in [0, 70] {
                let whole_text = [&text, bad, &vec![b'b'; after], b"\""].concat();
                assert_eq!(whole(&whole_text), expected(1 + before), "{before} {bad:x?} {after}");
            }
        }
    }
    assert_eq!(whole(b"[\xff]"), Err(Malformed { at: 1, expected: "a value" }));
}

/// All sequences of four bytes from the edges of every range that RFC 3629 knows, inside a block and where two meet.
#[wasm_bindgen_test(unsupported = test)]
fn agrees_with_the_standard_library_on_what_utf8_is() {
    let edges = [
        0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1,
        0xf3, 0xf4, 0xf5, 0xff,
    ];
    for before in [0, 61, 62, 63] {
        let mut text = [b'"'; 1 + 63 + 4 + 1];
        let text = &mut text[..1 + before + 4 + 1];
        text[1..=before].fill(b'a');
        for number in 0..edges.len().pow(4) {
            let sequence = [0, 1, 2, 3].map(|digit| edges[number / edges.len().pow(digit) % edges.len()]);
            text[1 + before..5 + before].copy_from_slice(&sequence);
            let expected = match std::str::from_utf8(text) {
                Ok(_) => Ok(()),
                Err(error) => Err(Malformed { at: error.valid_up_to(), expected: "UTF-8" }),
            };
            assert_eq!(whole(&*text), expected, "{sequence:x?} behind {before}");
        }
    }
}

/// Runs of backslashes, up to several blocks of nothing else, in front of what they escape or do not.
#[wasm_bindgen_test(unsupported = test)]
fn counts_backslashes_across_blocks() {
    for before in [0, 1, 30, 62, 63, 64] {
        for run in 0..200 {
            for behind in ["", "n", "x", "\"", "\",\"\\", "u0041", "u00"] {
                let text = format!("[\"{}{}{behind}\"]", "a".repeat(before), "\\".repeat(run));
                let valid = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
                assert_eq!(whole(&text).is_ok(), valid, "{text}");
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn an_open_string_is_none_wherever_it_breaks_off() {
    for length in 0..140 {
        for tail in [&b""[..], b"\\", b"\\\"", b"\\u00", b"\xc3", b"\xe2\x82"] {
            let text = [b"\"", &*vec![b'a'; length], tail].concat();
            assert!(whole(&text).is_err(), "{length} {tail:x?}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn nests_so_deep_and_no_deeper() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(whole(deep(128)), Ok(()));
    assert!(whole(deep(129)).is_err());
    assert!(whole("[".repeat(1_000_000)).is_err());
}

#[wasm_bindgen_test(unsupported = test)]
fn compares_by_meaning_and_no_further_than_it_must() {
    let long = "x".repeat(100);
    for (json, meaning, begins) in [
        (r#""data:x""#.to_owned(), "data:x", true),
        (r#""d\u0061ta:x""#.to_owned(), "data:x", true),
        (r#""\u0064\u0061\u0074\u0061\u003ax""#.to_owned(), "data:x", true),
        (format!(r#""data:{long}\/""#), "data:", true),
        (format!(r#""data:\ud800{long}""#), "data:", true),
        (format!(r#""dat\u0062:{long}""#), "data:", false),
        (r#""d\ta""#.to_owned(), "data:", false),
        (format!(r#""dat\u00e9{}""#, "é".repeat(50)), "data:", false),
        (r#""\n""#.to_owned(), "\n", false),
    ] {
        let text = Cursor::new(json.as_bytes()).string("a string").unwrap();
        assert_eq!(
            (text.starts_with("data:"), text.is(meaning)),
            (begins, json.len() < 50 && text.unescaped().as_deref() == Some(meaning)),
            "{json}"
        );
    }
    let text = |json: &'static str| Cursor::new(json.as_bytes()).string("a string").unwrap();
    assert_eq!(text(r#""model""#).meaning_within(5).as_deref(), Some(&b"model"[..]));
    assert_eq!(text(r#""m\u006fdel""#).meaning_within(5).as_deref(), Some(&b"model"[..]));
    assert_eq!((text(r#""model""#).meaning_within(4), text(r#""m\u006fdel""#).meaning_within(4)), (None, None));
}

#[wasm_bindgen_test(unsupported = test)]
fn unescapes_or_says_that_parsers_differ() {
    let read = |text: &'static str| Cursor::new(text.as_bytes()).string("a string").unwrap().unescaped();
    assert_eq!(read(r#""mod\u0065l""#).as_deref(), Some("model"));
    assert_eq!(read(r#""\ud83d\ude00\t""#).as_deref(), Some("😀\t"));
    assert_eq!(read(r#""\ud83d""#), None);
    assert_eq!(read(r#""\ude00""#), None);
    assert_eq!(read(r#""\ud83dx""#), None);
}
