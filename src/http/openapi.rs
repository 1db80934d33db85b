//! What the OpenAPI document says beside the routes themselves: who may call, and how failures look.

use super::problem::{FieldFault, PROBLEM_JSON, Problem};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, Response};
use utoipa::{Modify, OpenApi as _};

/// The names of the two ways to say who calls.
const API_KEY: &str = "api_key";
const BEARER: &str = "bearer";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "ragd",
        description = "Documents in, checked answers out. Failures are RFC 9457 problems with a \
                       `code` and a `request_id`."
    ),
    components(schemas(Problem, FieldFault)),
    modifiers(&Credentials)
)]
struct Skeleton;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut OpenApi) {
        let key = ApiKeyValue::with_description("x-api-key", "An API key.");
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "A token of `POST /auth/token`; an API key is taken here too.",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(key)));
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
        let nothing: [&str; 0] = [];
        document.security = Some(vec![
            SecurityRequirement::new(API_KEY, nothing),
            SecurityRequirement::new(BEARER, nothing),
        ]);
    }
}

/// The document without routes.
pub(super) fn skeleton() -> OpenApi {
    Skeleton::openapi()
}

/// Adds to every operation how it fails.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let is_open = operation
                .security
                .as_ref()
                .is_some_and(|needed| is_open(needed));
            if !is_open {
                add(operation, "401", "No credential, or one that is not known.");
                add(operation, "403", "The credential does not allow this.");
            }
            add(operation, "default", "Any other failure.");
        }
    }
    document
}

fn is_open(needed: &[SecurityRequirement]) -> bool {
    needed.is_empty() || needed.contains(&SecurityRequirement::default())
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut response = Response::new(description);
    response
        .content
        .insert(PROBLEM_JSON.to_owned(), content.into());
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert_with(|| response.into());
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    [get, post, put, patch, delete].into_iter().flatten()
}
