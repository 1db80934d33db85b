//! The table of users. Passwords come as argon2 hashes; nothing here can check one.

use super::Store;
use super::bind::refuse_nul;
use super::param::params;
use super::sql::sql;
use chrono::{DateTime, Utc};
use ragd_core::domain::OwnerId;
use ragd_core::error::Result;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// The columns of a [`UserRow`].
const USER_COLUMNS: &str = "id, username, email, password_hash, is_admin, suspended, token_version, \
     created_at, updated_at";

/// A person who can log in.
#[derive(Debug, Clone)]
pub struct User {
    /// The owner of what this person makes.
    pub id: OwnerId,
    /// The name to log in with; unique.
    pub username: String,
    /// Where to write to.
    pub email: String,
    /// The password's hash, as a PHC string.
    pub password_hash: SecretString,
    /// Whether every route is open to them.
    pub is_admin: bool,
    /// Whether no route is.
    pub suspended: bool,
    /// Tokens that carry another number are not valid any more.
    pub token_version: i64,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    username: String,
    email: String,
    password_hash: String,
    is_admin: bool,
    suspended: bool,
    token_version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: OwnerId::from_uuid(row.id),
            username: row.username,
            email: row.email,
            password_hash: row.password_hash.into(),
            is_admin: row.is_admin,
            suspended: row.suspended,
            token_version: row.token_version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Store {
    /// Makes an administrator, or makes the user of that name one: with this address and password,
    /// not suspended, every older token ended.
    ///
    /// # Errors
    /// `Invalid` when a text contains NUL; `Unavailable` without a database.
    pub async fn upsert_admin(
        &self,
        username: &str,
        email: &str,
        password_hash: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<User> {
        refuse_nul("username", username)?;
        refuse_nul("email", email)?;
        let sql = sql!(
            "INSERT INTO users (id, username, email, password_hash, is_admin, suspended,
                 token_version, created_at, updated_at)
             VALUES ($1, $2, $3, $4, TRUE, FALSE, 1, $5, $5)
             ON CONFLICT (username) DO UPDATE SET
                 email = excluded.email, password_hash = excluded.password_hash, is_admin = TRUE,
                 suspended = FALSE, token_version = users.token_version + 1,
                 updated_at = excluded.updated_at
             RETURNING {USER_COLUMNS}"
        );
        let mut tx = self.begin().await?;
        let row: UserRow = tx
            .query(
                sql,
                params![
                    OwnerId::new(now).uuid(),
                    username,
                    email,
                    password_hash.expose_secret(),
                    now
                ],
            )
            .one()
            .await?;
        tx.commit().await?;
        Ok(row.into())
    }

    /// The user with this name, exactly.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn user_by_name(&self, username: &str) -> Result<Option<User>> {
        let sql = sql!("SELECT {USER_COLUMNS} FROM users WHERE username = $1");
        let row: Option<UserRow> = self.db.query(sql, params![username]).optional().await?;
        Ok(row.map(User::from))
    }

    /// The user with this id.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn user_by_id(&self, id: OwnerId) -> Result<Option<User>> {
        let sql = sql!("SELECT {USER_COLUMNS} FROM users WHERE id = $1");
        let row: Option<UserRow> = self.db.query(sql, params![id.uuid()]).optional().await?;
        Ok(row.map(User::from))
    }

    /// Ends every token of a user. `false` when there is no such user.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn bump_token_version(&self, id: OwnerId, now: DateTime<Utc>) -> Result<bool> {
        let sql = "UPDATE users SET token_version = token_version + 1, updated_at = $2
             WHERE id = $1";
        let mut tx = self.begin().await?;
        let changed = tx.query(sql, params![id.uuid(), now]).execute().await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Replaces a user's password and ends every token. `false` when there is no such user.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn set_password_hash(
        &self,
        id: OwnerId,
        password_hash: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = "UPDATE users SET password_hash = $3, token_version = token_version + 1,
                 updated_at = $2 WHERE id = $1";
        self.update_hash(sql, id, password_hash, now).await
    }

    /// Replaces the hash of an unchanged password, made anew with other parameters; tokens stay.
    /// `false` when there is no such user.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn replace_password_hash(
        &self,
        id: OwnerId,
        password_hash: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = "UPDATE users SET password_hash = $3, updated_at = $2 WHERE id = $1";
        self.update_hash(sql, id, password_hash, now).await
    }

    async fn update_hash(
        &self,
        sql: &'static str,
        id: OwnerId,
        password_hash: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let changed = tx
            .query(sql, params![id.uuid(), now, password_hash.expose_secret()])
            .execute()
            .await?;
        tx.commit().await?;
        Ok(changed > 0)
    }
}
