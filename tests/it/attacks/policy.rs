//! Names that a policy rules, and what is hidden under them.
