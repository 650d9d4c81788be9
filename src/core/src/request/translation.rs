//! The translation of one request to what a target speaks, as far as it is known beforehand.

use crate::convert::{Asked, Conversion, Towards};
use crate::plan::Stop;

/// A request that can be translated.
#[derive(Debug)]
pub struct Translation {
    conversion: Conversion,
    /// What its response has to show again.
    asked: Asked,
    /// The body for the target of that id, until the first attempt has written: it is as long as the client's.
    kept: Option<(String, Vec<u8>)>,
}

impl Translation {
    /// Translates a request for a target's model.
    ///
    /// # Errors
    /// The names of what cannot be translated.
    pub fn of(conversion: Conversion, body: &[u8], id: &str) -> Result<Translation, Vec<String>> {
        let mut out = Vec::with_capacity(body.len());
        let translated = conversion.request(body, &Towards { model: id }, &mut out).map_err(|failed| failed.0)?;
        Ok(Translation { conversion, asked: translated.asked, kept: Some((id.to_owned(), out)) })
    }

    /// Keeps the body only where the plan's first target is the one that it is for.
    pub(super) fn for_first(mut self, first: Option<Stop<'_>>) -> Translation {
        let is_first = |(id, _): &(String, Vec<u8>)| {
            first.is_some_and(|first| first.conversion == self.conversion && first.target.id == *id)
        };
        self.kept = self.kept.take().filter(is_first);
        self
    }

    /// The body for a target. `read` reads the client's, where it is not kept any more.
    pub(super) fn body(&mut self, stop: &Stop<'_>, read: impl FnOnce() -> Vec<u8>) -> Option<Vec<u8>> {
        if let Some((_, body)) = self.kept.take().filter(|(id, _)| stop.target.id == *id) {
            return Some(body);
        }
        let mut out = Vec::new();
        // It was translated once, and nothing of it depends on the target but the model.
        self.conversion.request(&read(), &Towards { model: &stop.target.id }, &mut out).ok()?;
        Some(out)
    }

    /// What its response has to show again.
    pub(super) fn asked(&self) -> &Asked {
        &self.asked
    }

    pub(super) fn kept_bytes(&self) -> usize {
        self.asked.echo.capacity() + self.kept.as_ref().map_or(0, |(_, body)| body.capacity())
    }

    pub(super) fn forget(&mut self) {
        self.kept = None;
    }
}
