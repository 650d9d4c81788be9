//! What is spoilt: the rows of `tests/convert/cases`, all bodies of `tests/cases`, and words of both.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use multihome_convert::rows;
use multihome_core::convert::Asked;
use multihome_sim::random::Random;

/// A golden input.
#[derive(Clone, Debug, Default)]
pub struct Golden {
    /// The direction of its row; empty for a body of `tests/cases`.
    pub direction: String,
    /// What the client asked for.
    pub asked: Asked,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Corpus {
    goldens: Vec<Golden>,
    /// Strings of the goldens, with their quotes.
    words: Vec<Vec<u8>>,
}

/// Longer ones are texts.
const LONGEST_WORD: usize = 64;

impl Corpus {
    /// Reads them, in the same order on every machine.
    pub fn read() -> io::Result<Corpus> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut goldens = Vec::new();
        for path in files(&tests.join("convert/cases"))? {
            let file = path.with_extension("");
            let direction: Vec<_> = file.iter().rev().take(2).filter_map(|part| part.to_str()).collect();
            let direction: Vec<_> = direction.into_iter().rev().collect();
            let (_, rows) = rows::read(&fs::read_to_string(&path)?);
            let rows = rows.into_iter().map(|row| (direction.join("/"), row)).collect();
            goldens.extend(rows::both_ways(rows).into_iter().map(|(direction, row)| {
                let bytes = row.bytes(&direction);
                Golden { direction, asked: row.asked, bytes }
            }));
        }
        for path in files(&tests.join("cases"))? {
            if path.extension().is_some_and(|extension| extension == "http") {
                let file = fs::read(&path)?;
                let head = file.windows(2).position(|two| two == b"\n\n");
                let body = head.and_then(|head| file.get(head + 2..)).unwrap_or_default();
                if !body.trim_ascii().is_empty() {
                    goldens.push(Golden { bytes: body.to_vec(), ..Golden::default() });
                }
            }
        }
        let words: BTreeSet<Vec<u8>> = goldens.iter().flat_map(|golden| words(&golden.bytes)).collect();
        Ok(Corpus { goldens, words: words.into_iter().collect() })
    }

    /// A golden of a direction; now and then any other.
    pub fn golden(&self, direction: &str, random: &mut Random) -> Golden {
        if !random.once_in(10) {
            let own: Vec<&Golden> = self.goldens.iter().filter(|golden| golden.direction == direction).collect();
            if let Some(golden) = own.get(random.below(own.len())) {
                return (*golden).clone();
            }
        }
        self.any(random).cloned().unwrap_or_default()
    }

    /// Any golden.
    pub fn any(&self, random: &mut Random) -> Option<&Golden> {
        self.goldens.get(random.below(self.goldens.len()))
    }

    /// A string that stands in some golden, with its quotes.
    pub fn word(&self, random: &mut Random) -> &[u8] {
        self.words.get(random.below(self.words.len())).map_or(b"\"\"", |word| word)
    }
}

/// All files of a folder, sorted.
fn files(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn words(bytes: &[u8]) -> Vec<Vec<u8>> {
    let texts = bytes.split(|byte| *byte == b'"').filter(|text| text.len() < LONGEST_WORD && !text.ends_with(b"\\"));
    texts.map(|text| [b"\"", text, b"\""].concat()).collect()
}
