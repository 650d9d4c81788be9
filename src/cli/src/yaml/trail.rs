//! What a parser is in the middle of, for the place of an error that ends it.

use multihome_core::fault::Place;
use saphyr_parser::Event;

/// The maps and lists that are open.
#[derive(Debug, Default)]
pub struct Trail(Vec<Open>);

#[derive(Debug)]
enum Open {
    /// With the key whose value comes next, or is open.
    Map(Option<String>),
    /// With the number of its items so far.
    List(usize),
}

impl Trail {
    /// Notes what came.
    pub fn follow(&mut self, event: &Event<'_>) {
        match event {
            Event::Scalar(text, ..) => match self.0.last_mut() {
                Some(Open::Map(key @ None)) => *key = Some(text.clone().into_owned()),
                _ => self.ended(),
            },
            Event::Alias(_) => self.ended(),
            Event::SequenceStart(..) => self.0.push(Open::List(0)),
            Event::MappingStart(..) => self.0.push(Open::Map(None)),
            Event::SequenceEnd | Event::MappingEnd => {
                self.0.pop();
                self.ended();
            }
            _ => {}
        }
    }

    /// A value has ended.
    fn ended(&mut self) {
        match self.0.last_mut() {
            Some(Open::Map(key)) => *key = None,
            Some(Open::List(items)) => *items += 1,
            None => {}
        }
    }

    /// The place of what would come next.
    pub fn place(&self) -> Place {
        self.0.iter().fold(Place::default(), |place, open| match open {
            Open::Map(Some(key)) => place.key(key),
            Open::Map(None) => place,
            Open::List(index) => place.index(*index),
        })
    }
}
