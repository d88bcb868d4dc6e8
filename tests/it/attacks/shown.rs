//! Text from outside, as a terminal, a page, a table and a launcher show it.
