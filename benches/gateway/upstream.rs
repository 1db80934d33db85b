//! The LLM of this benchmark: the scripted model server of the tests, on a thread of its own.

use super::script::{Script, whole_body};
use ragd::stub_llm::{Reply, ScriptedServer};
use std::net::SocketAddr;

/// Starts the upstream on a thread that ends with the process, on the cores of the caller.
pub fn start(script: Script) -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        super::runtime::start().block_on(async {
            let server = ScriptedServer::start().await.expect("a port");
            server.record_nothing();
            let whole = Reply::body(200, "application/json", whole_body());
            let stream = script.stream();
            server.compute(move |request| {
                if request.body["stream"] == true {
                    stream.clone()
                } else {
                    whole.clone()
                }
            });
            sender
                .send(server.address())
                .expect("somebody waits for it");
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("the upstream listens")
}
