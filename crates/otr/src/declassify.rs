//! Where something that was computed from secrets stops being one: what goes over the wire, what
//! the peer knows, and verdicts.
//!
//! Without the feature `ct` a value only passes through. With it a check of constant time, which has
//! marked the secrets, is told of each such place: see `ct/` beside this crate.

#[cfg(not(feature = "ct"))]
pub(super) use self::pass::{declassify, declassify_bytes};
#[cfg(feature = "ct")]
pub use self::told::set_hook;
#[cfg(feature = "ct")]
pub(super) use self::told::{declassify, declassify_bytes};

#[cfg(not(feature = "ct"))]
mod pass {
    /// The value, which is public from here on.
    #[inline]
    pub(in super::super) fn declassify<T>(value: T) -> T {
        value
    }

    /// The same for bytes in place.
    #[inline]
    pub(in super::super) fn declassify_bytes(_bytes: &mut [u8]) {}
}

#[cfg(feature = "ct")]
mod told {
    use std::hint::black_box;
    use std::sync::OnceLock;

    /// Gets address and length in bytes of what is public from now on.
    type Hook = fn(*mut u8, usize);

    static HOOK: OnceLock<Hook> = OnceLock::new();

    /// Has a function told of all that becomes public. The first one counts.
    pub fn set_hook(hook: Hook) {
        HOOK.get_or_init(|| hook);
    }

    /// The value, which is public from here on. What it only points to is not meant.
    pub(in super::super) fn declassify<T>(value: T) -> T {
        let mut value = black_box(value);
        if let Some(hook) = HOOK.get() {
            hook((&raw mut value).cast(), size_of::<T>());
        }
        black_box(value)
    }

    /// The same for bytes in place.
    pub(in super::super) fn declassify_bytes(bytes: &mut [u8]) {
        let bytes = black_box(bytes);
        if let Some(hook) = HOOK.get() {
            hook(bytes.as_mut_ptr(), bytes.len());
        }
        black_box(bytes);
    }
}
