//! Writes JSON text, with values that stand in another text copied as they are.
//!
//! The caller keeps to JSON's grammar; the writer knows only where a comma goes. Nothing is built but the bytes. What it
//! does is out of line: what is translated is written by hundreds of calls.

/// Appends JSON to a buffer.
///
/// ```
/// use multihome_core::json::Writer;
///
/// let mut out = Vec::new();
/// let mut json = Writer::new(&mut out);
/// json.begin_object();
/// json.key("model").string("gpt \"6\"");
/// json.key("stop").begin_array();
/// json.raw(b"\"\\n\"").number(1);
/// json.end_array();
/// json.end_object();
/// assert_eq!(out, br#"{"model":"gpt \"6\"","stop":["\n",1]}"#);
/// ```
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// Whether a value stands before the next one, in the same object or array.
    comma: bool,
}

impl<'o> Writer<'o> {
    /// Writes behind what is there, where a value may stand.
    pub fn new(out: &'o mut Vec<u8>) -> Writer<'o> {
        Writer { out, comma: false }
    }

    /// Begins an object.
    pub fn begin_object(&mut self) -> &mut Self {
        self.begin(b'{')
    }

    /// Ends an object.
    pub fn end_object(&mut self) -> &mut Self {
        self.end(b'}')
    }

    /// Begins an array.
    pub fn begin_array(&mut self) -> &mut Self {
        self.begin(b'[')
    }

    /// Ends an array.
    pub fn end_array(&mut self) -> &mut Self {
        self.end(b']')
    }

    /// The key of the next value.
    #[inline(never)]
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.string(key);
        self.out.push(b':');
        self.comma = false;
        self
    }

    /// A value that is JSON text already.
    #[inline(never)]
    pub fn raw(&mut self, value: &[u8]) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(value);
        self.written()
    }

    /// A string.
    #[inline(never)]
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.begin_string().text(text).end_string()
    }

    /// Begins a string that is written in parts.
    #[inline(never)]
    pub fn begin_string(&mut self) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        self
    }

    /// A part of a string, as it is meant.
    #[inline(never)]
    pub fn text(&mut self, text: &str) -> &mut Self {
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
            let (plain, special) = rest.split_at(at);
            self.out.extend_from_slice(plain);
            let Some((byte, behind)) = special.split_first() else { break };
            self.escape(*byte);
            rest = behind;
        }
        self.out.extend_from_slice(rest);
        self
    }

    /// A part of a string, as it stands between the quotes of another text.
    #[inline(never)]
    pub fn raw_text(&mut self, text: &[u8]) -> &mut Self {
        self.out.extend_from_slice(text);
        self
    }

    /// Ends a string.
    #[inline(never)]
    pub fn end_string(&mut self) -> &mut Self {
        self.out.push(b'"');
        self.written()
    }

    /// A number.
    #[inline(never)]
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.separate();
        let mut digits = [0_u8; 20];
        let mut rest = number;
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        self.out.extend(digits.iter().skip(digits.len() - count));
        self.written()
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.raw(if value { b"true" } else { b"false" })
    }

    /// `null`.
    pub fn null(&mut self) -> &mut Self {
        self.raw(b"null")
    }

    #[inline(never)]
    fn begin(&mut self, brace: u8) -> &mut Self {
        self.separate();
        self.out.push(brace);
        self.comma = false;
        self
    }

    #[inline(never)]
    fn end(&mut self, brace: u8) -> &mut Self {
        self.out.push(brace);
        self.written()
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
    }

    fn written(&mut self) -> &mut Self {
        self.comma = true;
        self
    }

    #[inline(never)]
    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            b'"' | b'\\' => byte,
            _ => {
                let hex = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
                self.out.extend_from_slice(b"\\u00");
                self.out.extend([hex(byte >> 4), hex(byte & 0xf)]);
                return;
            }
        };
        self.out.extend([b'\\', short]);
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Writer::new(&mut out));
        String::from_utf8(out).unwrap()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn commas_stand_between_values_alone() {
        let json = written(|json| {
            json.begin_object().key("a").begin_array().null().boolean(true).begin_object().end_object().end_array();
            json.key("b").begin_object().key("c").raw(b"1.50").end_object().end_object();
        });
        assert_eq!(json, r#"{"a":[null,true,{}],"b":{"c":1.50}}"#);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_it_writes_of_a_text_means_the_text() {
        let text: String = (0_u8..=0x7f).map(char::from).chain("äß💡\u{2028}".chars()).collect();
        let json = written(|json| {
            json.string(&text);
        });
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_string_is_put_together_of_parts_that_are_escaped_already() {
        let json = written(|json| {
            json.begin_array().begin_string().raw_text(br"a\n").text("\"b\"").end_string().number(0).end_array();
        });
        assert_eq!(json, r#"["a\n\"b\"",0]"#);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, 1_000_000, u64::MAX] {
            let json = written(|json| {
                json.number(number);
            });
            assert_eq!(json, number.to_string());
        }
    }
}
