//! Attacks that once worked: by whoever made the bundle, the stick or the registry, or shares the host.

mod bounds;
mod commit;
mod copies;
mod folders;
mod in_place;
mod journals;
mod policy;
mod shown;
