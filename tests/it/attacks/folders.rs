//! Files and folders that somebody else prepared, or may read.
