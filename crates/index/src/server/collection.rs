//! Collections and aliases on the server: the configuration of a build's collection, the collection
//! of an alias, the check that a collection belongs to this database, and whether it is optimised.

use super::super::payload::{DENSE, FieldKind, INDEXED, Indexed, LEXICAL};
use super::super::shape::{DELETED_AMONG, DELETED_FRACTION, GRAPH_FROM_KB, SEGMENTS};
use super::super::space::VectorSpace;
use super::connection::Connection;
use super::settings::build_of;
use qdrant_client::qdrant::payload_index_params::IndexParams;
use qdrant_client::qdrant::quantization_config::Quantization;
use qdrant_client::qdrant::vectors_config::Config;
use qdrant_client::qdrant::{
    CollectionInfo, CollectionStatus, CreateAlias, CreateCollection, CreateFieldIndexCollection,
    Distance, FieldType, HnswConfigDiff, KeywordIndexParams, Modifier, OptimizersConfigDiff,
    PayloadIndexParams, QuantizationConfig, QuantizationType, ScalarQuantization,
    SparseVectorConfig, SparseVectorParams, UpdateCollection, UuidIndexParams, VectorParams,
    VectorParamsMap, VectorsConfig,
};
use ragd_core::error::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// The key of a collection's metadata that names the database it belongs to.
const INSTANCE: &str = "ragd_instance";
/// The least value that a server accepts for the size of segments that are rewritten because of
/// deletions.
const LEAST_VACUUM_VECTORS: usize = 100;
/// The time between two checks of a collection that is being optimised.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The collections of one database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collections<'a> {
    pub connection: &'a Connection,
    /// The database.
    pub instance: Uuid,
}

impl Collections<'_> {
    /// Creates an empty collection; replaces one of the same name that an interrupted attempt of
    /// this database left behind.
    ///
    /// # Errors
    /// `Conflict` when another database has a collection of this name.
    pub async fn create(self, name: &str, space: Option<&VectorSpace>) -> Result<()> {
        let client = self.connection.client();
        let request = || self.layout(name, space);
        match self
            .connection
            .call(client.create_collection(request()))
            .await
        {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.check_ours(name).await?;
                self.delete(name).await?;
                self.connection
                    .call(client.create_collection(request()))
                    .await?;
            }
            made => drop(made?),
        }
        for indexed in &INDEXED {
            let request = self.payload_index(name, indexed);
            self.connection
                .call(client.create_field_index(request))
                .await?;
        }
        Ok(())
    }

    /// Deletes a collection if it exists.
    pub async fn delete(self, name: &str) -> Result<()> {
        let request = self.connection.client().delete_collection(name);
        match self.connection.call(request).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            deleted => deleted.map(drop),
        }
    }

    /// Whether `collection` exists and `alias` refers to it.
    pub async fn is_named(self, alias: &str, collection: &str) -> Result<bool> {
        let request = self.connection.client().list_collection_aliases(collection);
        let aliases = match self.connection.call(request).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            answer => answer?.aliases,
        };
        Ok(aliases.iter().any(|one| one.alias_name == alias))
    }

    /// Whether the collection exists.
    pub async fn exists(self, name: &str) -> Result<bool> {
        let request = self.connection.client().collection_exists(name);
        self.connection.call(request).await
    }

    /// Atomically makes `alias` refer to `collection`, whatever it referred to before.
    ///
    /// # Errors
    /// `Conflict` when it referred to a collection of another database.
    pub async fn point_alias(self, alias: &str, collection: &str) -> Result<()> {
        self.check_alias(alias).await?;
        let client = self.connection.client();
        let request = CreateAlias {
            collection_name: collection.to_owned(),
            alias_name: alias.to_owned(),
        };
        self.connection.call(client.create_alias(request)).await?;
        Ok(())
    }

    /// Refuses an alias that refers to a collection of another database.
    ///
    /// # Errors
    /// `Conflict` when it does.
    pub async fn check_alias(self, alias: &str) -> Result<()> {
        let client = self.connection.client();
        let aliases = self.connection.call(client.list_aliases()).await?.aliases;
        match aliases.iter().find(|one| one.alias_name == alias) {
            Some(named) => self.check_ours(&named.collection_name).await,
            None => Ok(()),
        }
    }

    /// Deletes every build of this database for `alias` except `kept`, such as the remains of an
    /// interrupted rebuild or switch.
    pub async fn delete_builds_but(self, alias: &str, kept: &[u64]) -> Result<()> {
        let client = self.connection.client();
        let listed = self.connection.call(client.list_collections()).await?;
        for collection in listed.collections {
            let superfluous =
                build_of(alias, &collection.name).is_some_and(|number| !kept.contains(&number));
            if superfluous && self.is_ours(&collection.name).await? {
                self.delete(&collection.name).await?;
            }
        }
        Ok(())
    }

    /// The server's information about a collection.
    pub async fn info(self, name: &str) -> Result<CollectionInfo> {
        let request = self.connection.client().collection_info(name);
        let answer = self.connection.call(request).await?;
        answer.result.ok_or_else(|| {
            Error::internal("the vector store returned no information about the collection")
        })
    }

    /// Whether the server has nothing left to optimise; makes it continue if it is idle after a
    /// restart.
    ///
    /// # Errors
    /// `Upstream` when optimising failed.
    pub async fn is_optimized(self, name: &str) -> Result<bool> {
        let info = self.info(name).await?;
        match info.status() {
            CollectionStatus::Green => Ok(true),
            CollectionStatus::Red => {
                let said = info.optimizer_status.map(|status| status.error);
                Err(Error::new(
                    ErrorKind::Upstream,
                    "the vector store failed to optimise the index",
                )
                .with_source(said.unwrap_or_default()))
            }
            // After a restart the server optimises only after a change.
            CollectionStatus::Grey => {
                let request = UpdateCollection {
                    collection_name: name.to_owned(),
                    optimizers_config: Some(OptimizersConfigDiff::default()),
                    ..UpdateCollection::default()
                };
                let client = self.connection.client();
                self.connection
                    .call(client.update_collection(request))
                    .await?;
                Ok(false)
            }
            CollectionStatus::Yellow | CollectionStatus::UnknownCollectionStatus => Ok(false),
        }
    }

    /// Waits before the next call of [`Collections::is_optimized`].
    pub async fn pause(self) {
        tokio::time::sleep(POLL_INTERVAL).await;
    }

    async fn check_ours(self, collection: &str) -> Result<()> {
        if self.is_ours(collection).await? {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "the collection {collection} on the Qdrant server belongs to another database: \
                 set QDRANT_PREFIX to another name, or delete that collection"
            ),
        ))
    }

    async fn is_ours(self, collection: &str) -> Result<bool> {
        let info = match self.info(collection).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
            info => info?,
        };
        let metadata = info.config.unwrap_or_default().metadata;
        let instance = metadata
            .get(INSTANCE)
            .and_then(|value| value.as_str().cloned());
        Ok(instance == Some(self.instance.to_string()))
    }

    fn layout(self, name: &str, space: Option<&VectorSpace>) -> CreateCollection {
        let dense = space.map(|space| {
            let params = VectorParams {
                size: space.dimension as u64,
                distance: Distance::Cosine.into(),
                quantization_config: Some(bytes()),
                ..VectorParams::default()
            };
            (DENSE.to_owned(), params)
        });
        let dense = VectorParamsMap {
            map: dense.into_iter().collect(),
        };
        let lexical = SparseVectorParams {
            modifier: Some(Modifier::Idf.into()),
            ..SparseVectorParams::default()
        };
        CreateCollection {
            collection_name: name.to_owned(),
            // Document frequencies are counted in each shard separately.
            shard_number: Some(1),
            vectors_config: Some(VectorsConfig {
                config: Some(Config::ParamsMap(dense)),
            }),
            sparse_vectors_config: Some(SparseVectorConfig {
                map: HashMap::from([(LEXICAL.to_owned(), lexical)]),
            }),
            optimizers_config: Some(OptimizersConfigDiff {
                default_segment_number: Some(SEGMENTS as u64),
                indexing_threshold: Some(GRAPH_FROM_KB as u64),
                deleted_threshold: Some(DELETED_FRACTION),
                vacuum_min_vector_number: Some(DELETED_AMONG.max(LEAST_VACUUM_VECTORS) as u64),
                ..OptimizersConfigDiff::default()
            }),
            hnsw_config: Some(HnswConfigDiff {
                full_scan_threshold: Some(GRAPH_FROM_KB as u64),
                ..HnswConfigDiff::default()
            }),
            metadata: HashMap::from([(INSTANCE.to_owned(), self.instance.to_string().into())]),
            timeout: Some(self.connection.timeout_seconds()),
            ..CreateCollection::default()
        }
    }

    fn payload_index(self, name: &str, indexed: &Indexed) -> CreateFieldIndexCollection {
        let (kind, params) = match indexed.kind {
            FieldKind::Uuid => (
                FieldType::Uuid,
                IndexParams::UuidIndexParams(UuidIndexParams {
                    enable_hnsw: Some(indexed.linked),
                    ..UuidIndexParams::default()
                }),
            ),
            FieldKind::Keyword => (
                FieldType::Keyword,
                IndexParams::KeywordIndexParams(KeywordIndexParams {
                    enable_hnsw: Some(indexed.linked),
                    ..KeywordIndexParams::default()
                }),
            ),
        };
        CreateFieldIndexCollection {
            collection_name: name.to_owned(),
            wait: Some(true),
            field_name: indexed.name.to_owned(),
            field_type: Some(kind.into()),
            field_index_params: Some(PayloadIndexParams {
                index_params: Some(params),
            }),
            timeout: Some(self.connection.timeout_seconds()),
            ..CreateFieldIndexCollection::default()
        }
    }
}

/// Vectors as bytes, for the first comparison in segments with a graph.
fn bytes() -> QuantizationConfig {
    QuantizationConfig {
        quantization: Some(Quantization::Scalar(ScalarQuantization {
            r#type: QuantizationType::Int8.into(),
            ..ScalarQuantization::default()
        })),
    }
}
