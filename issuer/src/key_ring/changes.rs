//! The events of a change of the ring for the audit log, derived from the rings before and after.

use super::{Key, Ring, Stage};
use crate::audit;

/// Writes an audit line for each key's change of stage between two rings. `by` names the actor: an issuer or the
/// command line.
pub(crate) fn audit_changes(old: Option<&Ring>, new: &Ring, by: &str) {
    for (event, key) in changes(old, new) {
        audit::key_changed(event, key.purpose, &key.name, by);
    }
}

/// The events between two rings, with their keys.
fn changes<'r>(old: Option<&'r Ring>, new: &'r Ring) -> Vec<(&'static str, &'r Key)> {
    let before = old.map_or(&[][..], |ring| &ring.keys);
    let find = |keys: &'r [Key], key: &Key| keys.iter().find(|each| each.name == key.name);
    let was_revoked = |key: &Key| new.revocations.iter().any(|revoked| revoked.name == key.name);
    let left = before.iter().filter(|key| find(&new.keys, key).is_none());
    let mut changes: Vec<_> =
        left.map(|key| (if was_revoked(key) { "key_revoked" } else { "key_gone" }, key)).collect();
    for key in &new.keys {
        let stage_before = find(before, key).map(|key| key.stage);
        if stage_before.is_none() {
            changes.push(("key_published", key));
        }
        if stage_before == Some(key.stage) {
            continue;
        }
        match key.stage {
            Stage::InUse { .. } => changes.push(("key_in_use", key)),
            Stage::Retired { .. } => changes.push(("key_retired", key)),
            Stage::Published { hurried: true } => changes.push(("key_hurried", key)),
            Stage::Published { hurried: false } => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_ring::tests::{ring_in_every_stage, rung};

    #[test]
    fn each_step_of_a_key_is_logged_once() {
        let ring = ring_in_every_stage();
        let events =
            |old: Option<&Ring>, new| changes(old, new).into_iter().map(|(event, _)| event).collect::<Vec<_>>();
        assert_eq!(events(Some(&ring), &ring), [] as [&str; 0]);
        let first = rung(0);
        assert_eq!(events(None, &first), ["key_published", "key_in_use", "key_published"].repeat(2));
        let mut gone = ring.clone();
        gone.keys.remove(0);
        assert_eq!(events(Some(&ring), &gone), ["key_gone"]);
    }
}
