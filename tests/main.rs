//! One test binary for all that is proved from outside of the library.

mod session;
