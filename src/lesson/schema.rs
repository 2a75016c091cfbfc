//! x
/// x
pub fn json() -> String {
    String::new()
}
