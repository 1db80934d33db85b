//! The parts of the OpenAPI document that are not at the handlers: credentials, failures, operation ids,
//! the header `Idempotency-Key`.

mod routes;

pub(crate) use routes::DescribedRoutes;

use crate::failure::openai::{OpenAiFailure, OpenAiFailureDetail, is_openai};
use crate::failure::problem::{FieldFault, PROBLEM_JSON, Problem};
use crate::middleware::idempotency::takes_key;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, Response};
use utoipa::{Modify, OpenApi as _};

/// The names of the two credential schemes.
const API_KEY: &str = "api_key";
const BEARER: &str = "bearer";
/// The form of a route's failures.
#[derive(Clone, Copy)]
struct FailureForm {
    schema: &'static str,
    media_type: &'static str,
}

const PROBLEM: FailureForm = FailureForm {
    schema: "Problem",
    media_type: PROBLEM_JSON,
};
const OPENAI_FAILURE: FailureForm = FailureForm {
    schema: "OpenAiFailure",
    media_type: "application/json",
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "ragd",
        description = "Answers questions from documents and checks every citation. Failures are \
                       RFC 9457 problems with a `code` and a `request_id`; those of `/v1` routes \
                       have the form of OpenAI's API."
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
            .description(Some("A token of `POST /auth/token`, or an API key."))
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

/// Adds an id, descriptions of the responses, and failures to every operation.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    // `{*name}`, a parameter that may hold slashes, is not OpenAPI's syntax.
    let paths = std::mem::take(&mut document.paths.paths);
    let renamed = paths.into_iter();
    let renamed = renamed.map(|(path, item)| (path.replace("{*", "{"), item));
    document.paths.paths = renamed.collect();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_name(method, path));
            describe_responses(operation);
            let security = operation.security.as_deref();
            let form = if is_openai(path) {
                OPENAI_FAILURE
            } else {
                PROBLEM
            };
            if !security.is_some_and(is_open) {
                let why = "The credential is missing or invalid.";
                add_failure(operation, "401", why, form);
                let why = "The credential does not allow this.";
                add_failure(operation, "403", why, form);
            }
            if method == "post" && takes_key(path) {
                describe_key(operation);
                let why = "The first request with this key is still running.";
                add_failure(operation, "409", why, form);
            }
            add_failure(operation, "default", "Any other failure.", form);
        }
    }
    document
}

/// Describes the header `Idempotency-Key`, which a middleware reads.
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
            "A request that is repeated with the same key within 24 hours gets the first response \
             again (`idempotency-replayed: true`); a different request with the key is refused with \
             422.",
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

/// Adds a description to every response that has none: OpenAPI requires it.
fn describe_responses(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = match status.as_str() {
                "201" => "Created.",
                "202" => "Accepted; the work continues.",
                "204" => "Done; there is no content.",
                "503" => "Not healthy now.",
                _ => "Success.",
            }
            .to_owned();
        }
    }
}

fn is_open(security: &[SecurityRequirement]) -> bool {
    security.is_empty() || security.contains(&SecurityRequirement::default())
}

/// Adds a failure response, unless the handler describes the status itself.
fn add_failure(operation: &mut Operation, status: &str, description: &str, form: FailureForm) {
    let content = Content::new(Some(Ref::from_schema_name(form.schema)));
    let mut response = Response::new(description);
    response
        .content
        .insert(form.media_type.to_owned(), content.into());
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
