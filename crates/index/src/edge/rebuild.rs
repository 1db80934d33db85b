//! A build of an embedded index that is filled beside the serving one and then replaces it.

use super::super::point::{Point, Selector};
use super::super::space::{VectorSpace, check_average};
use super::super::sync::RebuildPermit;
use super::engine::{Edge, joined, permit, run_blocking};
use super::folder::Meta;
use super::shard::Shard;
use ragd_core::error::Result;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// A build that is being filled beside the serving one.
#[derive(Debug)]
pub struct EdgeRebuild {
    shard: Arc<Shard>,
    edge: Edge,
    _permit: RebuildPermit,
}

impl Edge {
    pub(crate) async fn begin_rebuild(
        &self,
        space: Option<VectorSpace>,
        average_terms: f32,
    ) -> Result<EdgeRebuild> {
        check_average(average_terms)?;
        let permit = RebuildPermit::take(&self.0.rebuilding)?;
        let folder = Arc::clone(&self.0.folder);
        let shard = joined(spawn_blocking(move || {
            Shard::create(&folder, Meta::new(space, average_terms))
        }))
        .await?;
        Ok(EdgeRebuild {
            shard: Arc::new(shard),
            edge: self.clone(),
            _permit: permit,
        })
    }
}

impl EdgeRebuild {
    pub(crate) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        self.write(move |shard| shard.upsert(&points)).await
    }

    pub(crate) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        self.write(move |shard| shard.delete(selectors)).await
    }

    pub(crate) async fn commit(self, sequence: i64) -> Result<()> {
        let edge = self.edge.clone();
        edge.0.optimizer.run(Arc::clone(&self.shard)).await?;
        self.write(move |shard| shard.start_at(sequence)).await?;
        let permit = permit(&edge.0.writes).await?;
        joined(spawn_blocking(move || {
            // Kept even if writing the pointer fails, since only its last sync may have failed.
            self.shard.keep();
            edge.0.folder.serve(self.shard.number())?;
            edge.serve(Arc::clone(&self.shard)).retire();
            drop(permit);
            Ok(())
        }))
        .await
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shard) -> Result<T> + Send + 'static,
    {
        let permit = permit(&self.edge.0.writes).await?;
        run_blocking(permit, Arc::clone(&self.shard), work).await
    }
}
