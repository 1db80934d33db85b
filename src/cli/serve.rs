//! `ragd serve`: the HTTP API, until a signal ends it.

use super::context::Context;
use super::signal::stop_on_signal;
use super::{connection, output};
use ragd_core::error::{Error, Result};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// The address to listen on; overrides HOST.
    #[arg(long)]
    host: Option<String>,
    /// The port to listen on; overrides PORT; 0 picks a free one.
    #[arg(long)]
    port: Option<u16>,
}

impl Serve {
    pub(super) async fn run(self, mut context: Context) -> Result<ExitCode> {
        let server = &mut context.config.server;
        server.host = self.host.unwrap_or_else(|| server.host.clone());
        server.port = self.port.unwrap_or(server.port);
        let (host, port) = (server.host.clone(), server.port);
        // Bound before anything slow, so that a port in use is reported at once.
        let listener = TcpListener::bind((host.as_str(), port))
            .await
            .map_err(|error| {
                Error::unavailable(format!("cannot listen on {host}:{port} (HOST, PORT)"))
                    .with_source(error)
            })?;
        let address = listener
            .local_addr()
            .map_err(|error| Error::unavailable("the address is not known").with_source(error))?;
        let mut opened = connection::open_app(context.config).await?;
        output::print_notices(&opened.notices);
        let reachable = if address.ip().is_unspecified() {
            format!("http://127.0.0.1:{}", address.port())
        } else {
            format!("http://{address}")
        };
        opened.lock.announce(Some(reachable))?;
        let stop = CancellationToken::new();
        let background = opened.app.start(&stop);
        let working = ragd_service::jobs::start(&opened.app, &stop);
        tracing::info!(
            provider = opened.app.router().default_provider(),
            model = opened.app.router().default_model(),
            database = opened.app.store().backend_name(),
            "ragd {} listens on http://{address}",
            env!("CARGO_PKG_VERSION")
        );
        stop_on_signal(stop.clone())?;
        let served = ragd_http::serve(opened.app.clone(), listener, stop.clone()).await;
        stop.cancel();
        working.wait().await;
        background.wait().await;
        opened.app.close().await;
        tracing::info!("stopped");
        served.map(|()| ExitCode::SUCCESS)
    }
}
