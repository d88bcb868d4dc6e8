//! What an interrupted run left, planted or replayed.
