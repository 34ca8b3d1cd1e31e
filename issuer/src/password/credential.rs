//! The stored credential: a hash, and the form of the hashed password. All comparisons happen here, so that no password
//! is compared in the wrong form.

use super::{HashingFailed, Memory, NormalisedPassword, Parameters, Password, PasswordHash};

/// The hash of a password, and the form of the hashed password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) hash: PasswordHash,
    pub(crate) form: PasswordForm,
}

/// The form in which a password was hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PasswordForm {
    /// The typed form: hashes of other systems, and of issuers before normalization.
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

    /// A hash that another system made.
    pub(crate) fn imported(hash: PasswordHash) -> Self {
        Self { hash, form: PasswordForm::AsTyped }
    }

    /// Whether the password is correct.
    pub(crate) fn verify(&self, password: &Password, memory: &mut Memory) -> Result<bool, HashingFailed> {
        match self.form {
            PasswordForm::AsTyped => self.hash.verify(password, memory),
            PasswordForm::Normalised => self.hash.verify(&password.normalised().0, memory),
        }
    }

    /// Whether the hash covers the whole password, and not only its beginning. Otherwise a password with a wrong end is
    /// accepted, and must not be hashed again.
    pub(crate) fn read_all_of(&self, password: &Password) -> bool {
        match self.form {
            PasswordForm::AsTyped => self.hash.read_all_of(password),
            PasswordForm::Normalised => self.hash.read_all_of(&password.normalised().0),
        }
    }

    /// Whether [`create`](Self::create) with these parameters would make such a credential.
    pub(crate) fn is_made_with(&self, parameters: Parameters) -> bool {
        self.form == PasswordForm::Normalised && self.hash.is_made_with(parameters)
    }

    /// The credential as [`create`](Self::create) would make it from the correct password, if the hash can stay: it has
    /// these parameters, and the typed password is in its normalized form.
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
    fn an_imported_hash_stays_if_it_has_our_parameters_and_form() {
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
    fn an_imported_hash_accepts_the_typed_form_and_is_replaced() {
        let hash = "$2b$04$pk2jiJjYrrBUjYqmw0teGO2Wyr5k3PJWdPTYm67eeItNuDIULUON2".parse().unwrap();
        let imported = Credential::imported(hash);
        assert!(verify(&imported, "cafe\u{301}"));
        assert!(!verify(&imported, "caf\u{e9}"));
        assert!(!imported.is_made_with(Parameters::default()));
        // The same hash with the other form.
        let normalised = Credential { form: PasswordForm::Normalised, ..imported };
        assert!(!verify(&normalised, "cafe\u{301}"));
    }
}
