//! Bombs: small inputs that cost memory or time without end.
