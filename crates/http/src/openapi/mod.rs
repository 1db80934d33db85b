//! What the OpenAPI document says beside the routes themselves: who may call, and how failures look.

use crate::failure::problem::{FieldFault, PROBLEM_JSON, Problem};
use crate::middleware::idempotency::takes_key;
use crate::openai::{OpenAiFailure, OpenAiFailureDetail, is_openai};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, Response};
use utoipa::{Modify, OpenApi as _};

/// The names of the two ways to say who calls.
const API_KEY: &str = "api_key";
const BEARER: &str = "bearer";
/// How failures look: a schema's name, and its media type.
const PROBLEM: (&str, &str) = ("Problem", PROBLEM_JSON);
const OPENAI_FAILURE: (&str, &str) = ("OpenAiFailure", "application/json");

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "ragd",
        description = "Documents in, checked answers out. Failures are RFC 9457 problems with a \
                       `code` and a `request_id`."
    ),
    components(schemas(Problem, FieldFault, OpenAiFailure, OpenAiFailureDetail)),
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
pub(crate) fn skeleton() -> OpenApi {
    Skeleton::openapi()
}

/// Adds to every operation a name of its own, what its answers mean, and how it fails.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    // The router's mark of a parameter that may hold slashes is none of OpenAPI's.
    let paths = std::mem::take(&mut document.paths.paths);
    let renamed = paths.into_iter();
    let renamed = renamed.map(|(path, item)| (path.replace("{*", "{"), item));
    document.paths.paths = renamed.collect();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_name(method, path));
            describe_answers(operation);
            let needed = operation.security.as_deref();
            let failing = if is_openai(path) {
                OPENAI_FAILURE
            } else {
                PROBLEM
            };
            if !needed.is_some_and(is_open) {
                let why = "No credential, or one that is not known.";
                add(operation, ("401", why), failing);
                let why = "The credential does not allow this.";
                add(operation, ("403", why), failing);
            }
            if method == "post" && takes_key(path) {
                describe_key(operation);
                let why = "The first request with this key is still under way.";
                add(operation, ("409", why), failing);
            }
            add(operation, ("default", "Any other failure."), failing);
        }
    }
    document
}

/// The header `Idempotency-Key`, which a layer reads before the handler.
fn describe_key(operation: &mut Operation) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255));
    let header = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Sent again with the same key, the same request gets the answer of the first time \
             (`idempotency-replayed: true`), for 24 hours; another request is refused with 422.",
        ))
        .schema(Some(text.build()));
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(RefOr::T(header.build()));
}

/// `get_api_documents_id` for `GET /api/documents/{id}`.
fn operation_name(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    std::iter::once(method)
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

/// The specification wants a description of every answer.
fn describe_answers(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = match status.as_str() {
                "201" => "It is done.",
                "202" => "It was accepted, and is being worked on.",
                "204" => "It is done; there is nothing to say.",
                "503" => "It is not so now.",
                _ => "It is so.",
            }
            .to_owned();
        }
    }
}

fn is_open(needed: &[SecurityRequirement]) -> bool {
    needed.is_empty() || needed.contains(&SecurityRequirement::default())
}

fn add(
    operation: &mut Operation,
    (status, description): (&str, &str),
    (schema, media_type): (&str, &str),
) {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    let mut response = Response::new(description);
    response
        .content
        .insert(media_type.to_owned(), content.into());
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert_with(|| response.into());
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    let named = [
        ("get", get),
        ("post", post),
        ("put", put),
        ("patch", patch),
        ("delete", delete),
    ];
    named
        .into_iter()
        .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}
