//! What the parser says of a text that is no YAML, in sentences for whoever writes a policy.

/// A word of the parser's message, what to say instead, and what to do. The first row that fits holds.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("tab", "a tab stands where YAML takes spaces only", "indent with spaces"),
    (
        "mapping values are not allowed",
        "a `:` stands where no value can follow",
        "put a text with `: ` in it in quotes; indent a key like its neighbours",
    ),
    ("illegal placement of ':'", "a `:` stands where no value can follow", "put a text with `:` in it in quotes"),
    (
        "flow mapping",
        "a map in braces goes on without `,` and without `}`",
        "put a comma between its fields, or close it",
    ),
    (
        "flow sequence",
        "a list in brackets goes on without `,` and without `]`",
        "put a comma between its items, or close it",
    ),
    ("flow construct", "a line inside brackets or braces begins too far left", "indent it, or close what is open"),
    ("misplaced bracket", "a bracket or brace closes nothing", "take it out, or put the text in quotes"),
    ("simple key", "a key has no `:`", "write `key: value`, with a space after the `:`"),
    ("expected key", "this line is no `key: value` of the map that it stands in", "indent it like its neighbours"),
    (
        "expected '-' indicator",
        "this line is no item of the list that it stands in",
        "begin it with `- `, or indent it",
    ),
    ("block sequence entries", "a list's `- ` stands where none can begin", "begin the list on a line of its own"),
    (
        "anchor or alias",
        "a `*` or `&` begins the name of an anchor",
        "put a text that begins with it in quotes: `\"*\"`",
    ),
    ("unknown anchor", "an alias has no anchor before it", "quote a text that begins with `*`: `\"*\"`"),
    ("found unexpected end of stream", "a quote is not closed", "close it, or take it out"),
    ("quoted scalar, found unexpected document", "a quote is not closed", "close it, or take it out"),
    ("indentation in quoted scalar", "a quote is not closed", "close it, or take it out"),
    ("quoted scalar", "a text in quotes is not right", "write `\\\\` for a backslash, or use single quotes"),
    ("trailing content after", "something follows a text in quotes", "put all of it in the quotes"),
    ("unexpected character", "a character stands here that no value begins with", "put the value in quotes"),
    ("unexpected eof", "the file ends in the middle of something", "close what is open"),
    (
        "indentation",
        "this line is indented otherwise than what it belongs to, or something before it is not closed",
        "indent it like its neighbours, or close what is open",
    ),
];

/// The sentence, and what to do.
pub fn of(info: &str) -> (String, Option<&'static str>) {
    match SENTENCES.iter().find(|(word, _, _)| info.contains(word)) {
        Some((_, sentence, help)) => ((*sentence).to_owned(), Some(help)),
        None => (format!("this is not YAML ({info})"), None),
    }
}
