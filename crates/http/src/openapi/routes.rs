//! Collects routes with their OpenAPI descriptions, and notices two types that use one schema name: the
//! second would silently replace the first.

use axum::routing::MethodRouter;
use std::collections::BTreeSet;
use utoipa::openapi::path::Paths;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};
use utoipa_axum::router::OpenApiRouter;

/// What `utoipa_axum::routes!` makes of handlers.
type Described<S> = (Vec<(String, RefOr<Schema>)>, Paths, MethodRouter<S>);

/// A router whose schema names are checked.
pub(crate) struct DescribedRoutes<S> {
    pub(crate) router: OpenApiRouter<S>,
    /// Schema names that two different types use.
    pub(crate) ambiguous: BTreeSet<String>,
}

impl<S: Clone + Send + Sync + 'static> DescribedRoutes<S> {
    pub(crate) fn new(document: OpenApi) -> Self {
        Self {
            router: OpenApiRouter::with_openapi(document),
            ambiguous: BTreeSet::new(),
        }
    }

    /// Adds the handlers of a path.
    pub(crate) fn routes(mut self, described: Described<S>) -> Self {
        for (place, (name, schema)) in described.0.iter().enumerate() {
            let components = self.router.get_openapi().components.as_ref();
            let known = components.and_then(|components| components.schemas.get(name));
            let mut earlier = described.0[..place]
                .iter()
                .filter(|(other, _)| other == name);
            if known.is_some_and(|known| known != schema)
                || earlier.any(|(_, other)| other != schema)
            {
                self.ambiguous.insert(name.clone());
            }
        }
        Self {
            router: self.router.routes(described),
            ambiguous: self.ambiguous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::openapi::schema::{ObjectBuilder, Type};

    fn route(name: &str, schema_type: Type) -> Described<()> {
        let schema = Schema::from(ObjectBuilder::new().schema_type(schema_type));
        let schemas = vec![(name.to_owned(), RefOr::T(schema))];
        (schemas, Paths::new(), MethodRouter::new())
    }

    #[test]
    fn two_types_under_one_name_are_noticed() {
        let routes = DescribedRoutes::new(OpenApi::default())
            .routes(route("Message", Type::String))
            .routes(route("Message", Type::String))
            .routes(route("Room", Type::String));
        assert!(routes.ambiguous.is_empty());
        let routes = routes.routes(route("Message", Type::Integer));
        assert_eq!(routes.ambiguous, BTreeSet::from(["Message".to_owned()]));
    }
}
