//! Recursion over terms, which are as deep as a text makes them.

/// So much of the stack has to be left when a step begins.
const LEAST_LEFT: usize = 64 * 1024;

/// What the stack grows by.
const SEGMENT: usize = 4 * 1024 * 1024;

/// One step of a recursion, on a stack that grows where it becomes short.
pub(crate) fn deep<T>(step: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(LEAST_LEFT, SEGMENT, step)
}
