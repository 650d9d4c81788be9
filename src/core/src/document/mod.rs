//! Reading a configuration file: the tree that YAML and JSON have in common, and its maps field by field.

pub mod fields;
mod node;

pub use node::Node;
