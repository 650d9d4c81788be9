//! Markers in the text of a request: `[[azure 429 retry-after=2]]`, `[[events 64]]`.

/// A marker in a body: `[[azure 429 retry-after=2]]`.
pub struct Marker<'a> {
    pub words: Vec<&'a str>,
}

/// Every `[[...]]` of a text, with the text around them.
pub fn markers(text: &str) -> (Vec<Marker<'_>>, Vec<&str>) {
    let (mut found, mut between, mut rest) = (Vec::new(), Vec::new(), text);
    while let Some((before, tail)) = rest.split_once("[[") {
        let Some((inner, after)) = tail.split_once("]]") else { break };
        let words: Vec<&str> = inner.split_whitespace().collect();
        // JSON has nested arrays too: a marker holds neither quotes nor brackets.
        if words.is_empty() || inner.contains(['"', '[', '{', '\\']) {
            between.push(before);
            between.push("[[");
            rest = tail;
            continue;
        }
        between.push(before);
        found.push(Marker { words });
        rest = after;
    }
    between.push(rest);
    (found, between)
}

/// The text without its markers, trimmed.
pub fn without_markers(text: &str) -> String {
    let (_, between) = markers(text);
    between.concat().trim().to_owned()
}

/// The number of a marker like `[[events 64]]`.
pub fn marked_number(text: &str, name: &str) -> Option<usize> {
    let (found, _) = markers(text);
    found.iter().find_map(|marker| match marker.words.as_slice() {
        [word, number] if *word == name => number.parse().ok(),
        _ => None,
    })
}

/// Whether there is a marker like `[[reasoning]]`.
pub fn marked(text: &str, name: &str) -> bool {
    let (found, _) = markers(text);
    found.iter().any(|marker| marker.words.as_slice() == [name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_loses_its_markers() {
        assert_eq!(without_markers("say [[azure 429]] hello [[events 64]]"), "say  hello");
        assert_eq!(without_markers("[[ \"kept\" ]] x"), "[[ \"kept\" ]] x");
        assert_eq!(marked_number("x [[events 64]]", "events"), Some(64));
        assert_eq!(marked_number("x [[events many]]", "events"), None);
        assert!(marked("[[reasoning]]", "reasoning"));
    }
}
