//! Who calls, and what that allows. One principal comes out of every kind of credential.

use super::{Collection, OwnerId};
use serde::Serialize;

/// What a principal may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Ask, and read documents.
    Chat,
    /// Add, change and delete own documents.
    Ingest,
    /// Everything, over all owners.
    Admin,
}

impl Scope {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The kind of credential that a principal came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An API key.
    ApiKey,
    /// A user's token.
    UserToken,
    /// The command line on the machine itself.
    Local,
}

/// Which documents a caller may read: its own, and those of these collections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadScope {
    /// Own documents are always readable.
    pub owner: OwnerId,
    /// `None`: every collection. `Some`: these alone.
    pub collections: Option<Vec<Collection>>,
}

/// Who calls.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The owner of what this principal makes.
    pub owner: OwnerId,
    /// A name for logs and the audit trail: a user's name, a key's readable prefix.
    pub name: String,
    /// The kind of credential.
    pub credential: Credential,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The collections it may read; `None`: every one.
    pub collections: Option<Vec<Collection>>,
}

impl Principal {
    /// The command line on the machine itself, and the server's own work.
    pub fn system() -> Self {
        Self {
            owner: OwnerId::system(),
            name: "system".to_owned(),
            credential: Credential::Local,
            scopes: vec![Scope::Chat, Scope::Ingest, Scope::Admin],
            collections: None,
        }
    }

    /// Whether it has `scope`; `admin` includes the others.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes
            .iter()
            .any(|held| *held == scope || *held == Scope::Admin)
    }

    /// Which documents it may read.
    pub fn read_scope(&self) -> ReadScope {
        ReadScope {
            owner: self.owner,
            collections: self.collections.clone(),
        }
    }
}
