//! A cursor in the target store, which follows the records of the source.

use std::cmp::Ordering;

use uuid::Uuid;

use super::{CopyError, Kind};
use crate::store::Store;

/// The records of the target, in the order of their ids.
pub(super) struct Cursor<'s, K> {
    store: &'s dyn Store,
    page: std::vec::IntoIter<K>,
    next: Option<K>,
    after: Option<Uuid>,
    is_begun: bool,
}

impl<'s, K: Kind> Cursor<'s, K> {
    pub(super) fn new(store: &'s dyn Store) -> Self {
        Self { store, page: Vec::new().into_iter(), next: None, after: None, is_begun: false }
    }

    /// Whether the target has the record. Fails if it differs, or if the target has a record that the source does not have.
    pub(super) async fn advance_to(&mut self, record: &K) -> Result<bool, CopyError> {
        if !self.is_begun {
            self.step().await?;
        }
        let Some(next) = &self.next else { return Ok(false) };
        match next.id().cmp(&record.id()) {
            Ordering::Less => Err(CopyError::Foreign(next.name())),
            Ordering::Greater => Ok(false),
            Ordering::Equal if next != record => Err(CopyError::Different(next.name())),
            Ordering::Equal => {
                self.step().await?;
                Ok(true)
            }
        }
    }

    /// Fails if the target has more records.
    pub(super) async fn end(&mut self) -> Result<(), CopyError> {
        if !self.is_begun {
            self.step().await?;
        }
        self.next.as_ref().map_or(Ok(()), |next| Err(CopyError::Foreign(next.name())))
    }

    async fn step(&mut self) -> Result<(), CopyError> {
        self.is_begun = true;
        self.next = self.page.next();
        if self.next.is_none() {
            self.page = K::after(self.store, self.after).await.map_err(CopyError::Target)?.into_iter();
            self.after = self.page.as_slice().last().map(Kind::id).or(self.after);
            self.next = self.page.next();
        }
        Ok(())
    }
}
