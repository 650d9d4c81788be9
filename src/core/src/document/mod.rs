//! Reading a configuration file: the tree that YAML and JSON have in common, and its maps field by field.

pub mod fields;
mod node;
mod parse;

pub use node::Node;
pub use parse::parse;
