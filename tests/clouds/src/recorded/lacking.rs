//! The parts that a folder of recordings lacks: what is not recorded is not compared, and whoever reads the table shall
//! not take it for compared.

use super::exchange::{Exchange, FOLDERS};
use std::path::Path;

/// A sentence for each folder that is not there, and for each kind of exchange that a folder has none of.
pub fn parts(recordings: &Path, exchanges: &[Exchange]) -> Vec<String> {
    let mut lacking = Vec::new();
    for (folder, chat, responses) in FOLDERS {
        if !recordings.join(folder).is_dir() {
            lacking.push(format!("{folder}: there is no such folder in {}", recordings.display()));
            continue;
        }
        let kinds = [
            (*chat, true, false, "chat completion that is whole"),
            (*chat, true, true, "streamed chat completion"),
            (*responses, false, false, "response that is whole"),
            (*responses, false, true, "streamed response"),
        ];
        for (_, is_chat, streamed, kind) in kinds.into_iter().filter(|(expected, ..)| *expected) {
            let mut of_folder = exchanges.iter().filter(|exchange| exchange.folder == *folder);
            if !of_folder.any(|exchange| (exchange.is_chat(), exchange.stream.is_some()) == (is_chat, streamed)) {
                lacking.push(format!("{folder}: no {kind} is recorded"));
            }
        }
    }
    lacking
}
