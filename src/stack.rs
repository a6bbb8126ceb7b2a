//! Recursion over terms, which are as deep as a text makes them.

use std::cell::Cell;

/// So much of the stack has to be left when a step begins.
const LEAST_LEFT: usize = 64 * 1024;

/// What the stack grows by.
const SEGMENT: usize = 4 * 1024 * 1024;

/// So many steps fit on every stack: how much is left is not asked before, since the first answer of a process takes as
/// long as deriving a small network.
const SHALLOW: u32 = 16;

thread_local! {
    /// How many steps are under way.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A step that is under way, also while it panics.
struct Level;

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// One step of a recursion, on a stack that grows where it becomes short.
pub(crate) fn deep<T>(step: impl FnOnce() -> T) -> T {
    let depth = DEPTH.get();
    DEPTH.set(depth + 1);
    let _level = Level;
    if depth < SHALLOW {
        step()
    } else {
        stacker::maybe_grow(LEAST_LEFT, SEGMENT, step)
    }
}
