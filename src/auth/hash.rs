//! argon2id: what a password is stored as, and how one is compared with it.
//!
//! Stored hashes are PHC strings and carry their own parameters, so raising the configured ones
//! locks nobody out: [`Stored::is_outdated`] says when a new one is due.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

use super::password::Password;

/// Bytes of a new hash.
const OUTPUT_LEN: usize = Params::DEFAULT_OUTPUT_LEN;

/// Why a cost or a stored hash is of no use.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Below or above what argon2 can do.
    #[error(
        "cannot hash passwords with {memory_kib} KiB in {passes} passes over {lanes} lanes: {source}"
    )]
    Cost {
        /// As asked for.
        memory_kib: u32,
        /// As asked for.
        passes: u32,
        /// As asked for.
        lanes: u32,
        /// What is wrong with it.
        source: argon2::Error,
    },
    /// What the store holds is no argon2 hash.
    #[error("a stored password hash cannot be read: {0}")]
    Stored(argon2::password_hash::Error),
    /// The system gave no random numbers.
    #[error("cannot get random numbers from the system: {0}")]
    Random(#[from] getrandom::Error),
}

/// What one hash costs whoever computes it, us or a thief of the user table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost(Params);

impl Cost {
    /// A cost of that much memory, filled that many times, in that many lanes.
    ///
    /// # Errors
    ///
    /// [`HashError::Cost`] unless there is at least one pass, one lane, and 8 KiB for each lane.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, HashError> {
        Params::new(memory_kib, passes, lanes, Some(OUTPUT_LEN))
            .map(Self)
            .map_err(|source| HashError::Cost {
                memory_kib,
                passes,
                lanes,
                source,
            })
    }
}

/// The memory one hash works in, kept from one to the next: fresh pages cost as much as a pass.
#[derive(Default)]
pub(super) struct Scratch {
    blocks: Vec<Block>,
    /// What was hashed in it, for tests that compare costs: memory, passes and lanes of each.
    #[cfg(test)]
    pub(super) hashed: Vec<[u32; 3]>,
}

impl Scratch {
    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        self.blocks = Vec::new();
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    fn for_one(&mut self, params: &Params) -> &mut [Block] {
        #[cfg(test)]
        self.hashed
            .push([params.m_cost(), params.t_cost(), params.p_cost()]);
        if self.blocks.len() < params.block_count() {
            self.blocks.resize(params.block_count(), Block::new());
        }
        &mut self.blocks
    }
}

/// A password's hash with all it takes to compute it again.
#[derive(Clone)]
pub(super) struct Stored {
    argon2: Argon2<'static>,
    version: Version,
    algorithm: Algorithm,
    salt: Salt,
    output: Output,
}

impl Stored {
    /// Hashes a password with a salt of its own.
    pub(super) fn new(
        password: &Password,
        cost: &Cost,
        scratch: &mut Scratch,
    ) -> Result<Self, HashError> {
        let mut stored = Self::nobodys(cost)?;
        stored.output = stored.compute(password, scratch);
        Ok(stored)
    }

    /// The hash of no password: comparing with it costs what comparing with a new hash costs.
    pub(super) fn nobodys(cost: &Cost) -> Result<Self, HashError> {
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        getrandom::fill(&mut salt)?;
        let mut output = [0; OUTPUT_LEN];
        getrandom::fill(&mut output)?;
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.0.clone()),
            version: Version::V0x13,
            algorithm: Algorithm::Argon2id,
            salt: Salt::new(&salt).map_err(|error| HashError::Stored(error.into()))?,
            output: Output::new(&output).map_err(|error| HashError::Stored(error.into()))?,
        })
    }

    /// Reads a PHC string.
    pub(super) fn parse(phc: &str) -> Result<Self, HashError> {
        Self::from_phc(phc).map_err(HashError::Stored)
    }

    fn from_phc(phc: &str) -> Result<Self, argon2::password_hash::Error> {
        let hash = PasswordHash::new(phc)?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
        let version = match hash.version {
            Some(number) => Version::try_from(number)?,
            None => Version::V0x10,
        };
        let params = Params::try_from(&hash)?;
        let missing = argon2::password_hash::phc::Error::MissingField;
        Ok(Self {
            argon2: Argon2::new(algorithm, version, params),
            version,
            algorithm,
            salt: hash.salt.ok_or(missing)?,
            output: hash.hash.ok_or(missing)?,
        })
    }

    /// Writes it as the PHC string that is stored.
    pub(super) fn to_phc(&self) -> Result<String, HashError> {
        let params = ParamsString::try_from(self.argon2.params()).map_err(HashError::Stored)?;
        let hash = PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params,
            salt: Some(self.salt),
            hash: Some(self.output),
        };
        Ok(hash.to_string())
    }

    /// Says whether this is the password that was hashed, in a time that does not tell how nearly.
    pub(super) fn matches(&self, password: &Password, scratch: &mut Scratch) -> bool {
        // `Output` compares in constant time.
        self.compute(password, scratch) == self.output
    }

    /// Says whether a new hash at this cost would be harder to break.
    pub(super) fn is_outdated(&self, cost: &Cost) -> bool {
        let params = self.argon2.params();
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || params.m_cost() < cost.0.m_cost()
            || params.t_cost() < cost.0.t_cost()
            || params.p_cost() < cost.0.p_cost()
    }

    #[expect(
        clippy::expect_used,
        reason = "salt and output have legal lengths, or they could not have been made or read, \
                  and the memory is as large as the parameters ask"
    )]
    fn compute(&self, password: &Password, scratch: &mut Scratch) -> Output {
        let blocks = scratch.for_one(self.argon2.params());
        Output::init_with(self.output.len(), |out| {
            self.argon2
                .hash_password_into_with_memory(password.as_bytes(), &self.salt, out, blocks)
                .map_err(|_| argon2::password_hash::phc::Error::MissingField)
        })
        .expect("argon2 refuses only lengths")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Cost {
        Cost::new(64, 1, 1).unwrap()
    }

    fn password(typed: &str) -> Password {
        Password::new(typed.to_owned()).unwrap()
    }

    fn hash(typed: &str, cost: &Cost) -> Stored {
        Stored::new(&password(typed), cost, &mut Scratch::default()).unwrap()
    }

    fn matches(stored: &Stored, typed: &str) -> bool {
        stored.matches(&password(typed), &mut Scratch::default())
    }

    #[test]
    fn a_hash_read_back_knows_its_password_and_no_other() {
        let phc = hash("correct horse", &cheap()).to_phc().unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
        let stored = Stored::parse(&phc).unwrap();
        assert!(matches(&stored, "correct horse"));
        assert!(!matches(&stored, "correct horsf"));
        assert!(!matches(&stored, ""));
        assert_eq!(stored.to_phc().unwrap(), phc);
    }

    #[test]
    fn equal_passwords_give_different_hashes() {
        let phc = || hash("correct horse", &cheap()).to_phc().unwrap();
        assert_ne!(phc(), phc());
    }

    #[test]
    fn no_byte_of_a_long_password_is_ignored() {
        for place in [0, 71, 72, 73, 255, 1023] {
            let mut other = vec![b'x'; 1024];
            other[place] = b'y';
            let stored = hash(&"x".repeat(1024), &cheap());
            assert!(
                !matches(&stored, &String::from_utf8(other).unwrap()),
                "byte {place}"
            );
        }
    }

    #[test]
    fn a_hash_made_by_the_reference_implementation_is_understood() {
        // From the test vectors of phc-winner-argon2 (test.c, version 0x13, argon2id).
        let stored = Stored::parse(
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        )
        .unwrap();
        assert!(matches(&stored, "password"));
        assert!(!matches(&stored, "differentpassword"));
    }

    #[test]
    fn a_new_hash_is_due_when_any_parameter_was_raised_and_not_when_one_was_lowered() {
        let stored = hash("x", &Cost::new(64, 2, 2).unwrap());
        for (memory, passes, lanes, outdated) in [
            (64, 2, 2, false),
            (32, 1, 1, false),
            (65, 2, 2, true),
            (64, 3, 2, true),
            (64, 2, 3, true),
            (128, 1, 1, true),
        ] {
            let cost = Cost::new(memory, passes, lanes).unwrap();
            assert_eq!(stored.is_outdated(&cost), outdated, "{cost:?}");
        }
    }

    #[test]
    fn memory_is_kept_between_hashes_of_different_cost() {
        let mut scratch = Scratch::default();
        let large = hash("x", &Cost::new(256, 1, 1).unwrap());
        let small = hash("x", &cheap());
        for stored in [&large, &small, &large] {
            assert!(stored.matches(&password("x"), &mut scratch));
        }
        assert_eq!(scratch.blocks.len(), 256);
        scratch.release();
        assert_eq!(scratch.blocks.capacity(), 0);
    }

    #[test]
    fn nobody_has_the_password_of_the_hash_that_stands_for_unknown_users() {
        let nobodys = Stored::nobodys(&cheap()).unwrap();
        assert!(!matches(&nobodys, ""));
        assert!(!nobodys.is_outdated(&cheap()));
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for bad in [
            "",
            "x",
            "$argon2id$",
            "$2b$12$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=64,t=1,p=1",
        ] {
            assert!(Stored::parse(bad).is_err(), "{bad:?}");
        }
        let error = Cost::new(4, 1, 1).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot hash passwords with 4 KiB"),
            "{error}"
        );
    }
}
