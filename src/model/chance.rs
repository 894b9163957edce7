//! Random numbers for waits and names: nothing that has to stay secret. The one place that draws them.

/// Fills the bytes at random.
///
/// # Errors
///
/// When the system gives no random numbers.
pub fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    #[cfg(test)]
    if super::simulated::fill(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes)
}

/// Any number.
///
/// # Errors
///
/// When the system gives no random numbers.
pub fn number() -> Result<u32, getrandom::Error> {
    let mut bytes = [0; 4];
    fill(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}
