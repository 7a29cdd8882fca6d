//! The daemon as its operator sees it.

mod life;
