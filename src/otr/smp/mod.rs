//! (otr/smp)
