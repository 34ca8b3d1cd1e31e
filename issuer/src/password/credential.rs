//! What is stored of a password: its hash, and in which form it was hashed. Only here a password meets a hash, so that
//! nobody compares one with the hash of the other form.

use super::{HashingFailed, Memory, NormalisedPassword, Parameters, Password, PasswordHash};

/// The hash of a password, and in which form it was hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) hash: PasswordHash,
    pub(crate) form: PasswordForm,
}

/// In which form a password was hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PasswordForm {
    /// As it was typed: hashes of other systems, and of an issuer before it normalised.
    #[default]
    AsTyped,
    /// As a [`NormalisedPassword`].
    Normalised,
}

impl Credential {
    /// Hashes a password with our own parameters.
    pub(crate) fn create(
        password: &NormalisedPassword,
        parameters: Parameters,
        salt: &[u8; Parameters::SALT_BYTES],
        memory: &mut Memory,
    ) -> Result<Self, HashingFailed> {
        let hash = PasswordHash::create(&password.0, parameters, salt, memory)?;
        Ok(Self { hash, form: PasswordForm::Normalised })
    }

    /// What another system made of a password.
    pub(crate) fn imported(hash: PasswordHash) -> Self {
        Self { hash, form: PasswordForm::AsTyped }
    }

    /// Whether the password is the one that was hashed.
    pub(crate) fn verify(&self, password: &Password, memory: &mut Memory) -> Result<bool, HashingFailed> {
        match self.form {
            PasswordForm::AsTyped => self.hash.verify(password, memory),
            PasswordForm::Normalised => self.hash.verify(&password.normalised().0, memory),
        }
    }

    /// Whether the hash is of the whole password, and not only of its beginning: else whoever mistypes the rest gets in, and
    /// a better hash must not be made of that.
    pub(crate) fn read_all_of(&self, password: &Password) -> bool {
        match self.form {
            PasswordForm::AsTyped => self.hash.read_all_of(password),
            PasswordForm::Normalised => self.hash.read_all_of(&password.normalised().0),
        }
    }

    /// Whether it is what [`create`](Self::create) would make with these parameters.
    pub(crate) fn is_made_with(&self, parameters: Parameters) -> bool {
        self.form == PasswordForm::Normalised && self.hash.is_made_with(parameters)
    }

    /// What [`create`](Self::create) would make of a password that fits, where this very hash is that: as good as any of
    /// these parameters, and of a password that is typed in its normalised form.
    pub(crate) fn as_created(&self, password: &Password, parameters: Parameters) -> Option<Self> {
        let is_same = self.hash.is_made_with(parameters) && password.normalised().0.0 == password.0;
        is_same.then(|| Self { hash: self.hash.clone(), form: PasswordForm::Normalised })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    fn verify(credential: &Credential, typed: &str) -> bool {
        credential.verify(&password(typed), &mut Memory::new()).unwrap()
    }

    #[test]
    fn a_new_hash_fits_the_password_of_every_keyboard() {
        let typed = password("Ze\u{301}ro\u{a0}one");
        let made =
            Credential::create(&typed.normalised(), Parameters::default(), &Default::default(), &mut Memory::new());
        let made = made.unwrap();
        assert_eq!(made.form, PasswordForm::Normalised);
        for (typed, fits) in [("Ze\u{301}ro\u{a0}one", true), ("Z\u{e9}ro one", true), ("Zero one", false)] {
            assert_eq!(verify(&made, typed), fits, "{typed}");
        }
        assert!(made.is_made_with(Parameters::default()));
    }

    #[test]
    fn a_hash_from_elsewhere_stays_where_it_could_have_been_made_here() {
        let parameters = Parameters::default();
        let imported = |typed: &str| {
            let hash = PasswordHash::create(&password(typed), parameters, &Default::default(), &mut Memory::new());
            Credential::imported(hash.unwrap())
        };
        let same = imported("correct horse").as_created(&password("correct horse"), parameters).unwrap();
        assert!(same.is_made_with(parameters) && verify(&same, "correct horse") && !verify(&same, "correct horsf"));
        assert_eq!(imported("cafe\u{301}").as_created(&password("cafe\u{301}"), parameters), None);
        let costlier = Parameters::new(30_000, 2, 1).unwrap();
        assert_eq!(imported("correct horse").as_created(&password("correct horse"), costlier), None);
    }

    /// A hash of "cafe\u{301}", made by the Python package bcrypt 5.0.0.
    #[test]
    fn a_hash_from_elsewhere_fits_what_was_typed_there_and_is_to_be_replaced() {
        let hash = "$2b$04$pk2jiJjYrrBUjYqmw0teGO2Wyr5k3PJWdPTYm67eeItNuDIULUON2".parse().unwrap();
        let imported = Credential::imported(hash);
        assert!(verify(&imported, "cafe\u{301}"));
        assert!(!verify(&imported, "caf\u{e9}"));
        assert!(!imported.is_made_with(Parameters::default()));
        // The same hash, had it been of the other form.
        let normalised = Credential { form: PasswordForm::Normalised, ..imported };
        assert!(!verify(&normalised, "cafe\u{301}"));
    }
}
