//! The server: a thread with a runtime of its own, on a port of the loopback, until it is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::connection::{Cuttable, Cutter};
use crate::journal::Journal;
use crate::options::Options;
use crate::protocol::Protocol;
use crate::script::{Script, Scripts};
use crate::visit::{Host, visit};

/// A running server.
#[derive(Debug)]
pub struct Server<P: Protocol> {
    address: SocketAddr,
    host: Arc<Host<P>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<P: Protocol> Server<P> {
    /// Serves a protocol on the loopback.
    ///
    /// # Errors
    /// What the machine says about sockets and threads, and names that no certificate can have.
    pub fn start(protocol: Arc<P>, options: Options<'_>) -> io::Result<Self> {
        let acceptor = match options.tls {
            Some(authority) => {
                let config = authority.server(&options.names, options.client_authority);
                Some(TlsAcceptor::from(Arc::new(config.map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?)))
            }
            None => None,
        };
        let mut scripts = Scripts::default();
        options.faults.into_iter().for_each(|script| scripts.add(script));
        let host = Arc::new(Host {
            protocol,
            scheme: if acceptor.is_some() { "https" } else { "http" },
            latency: options.latency,
            allow_header: options.allow_header,
            scripts: Mutex::new(scripts),
            journal: Journal::default(),
        });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&host);
        let thread = thread::Builder::new().name("vault-mock".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = accept(listener, acceptor, serving) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, host, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.host.scheme, self.address)
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it serves, for reading and changing its store.
    #[must_use]
    pub fn protocol(&self) -> &P {
        &self.host.protocol
    }

    /// Adds a fault.
    pub fn script(&self, script: Script) {
        self.scripts().add(script);
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        self.scripts().clear();
    }

    /// What was asked so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.host.journal
    }

    /// Serves until the thread ends, which it does not by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }

    fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.host.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Protocol> Drop for Server<P> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}

/// Serves each connection as a task of its own.
async fn accept<P: Protocol>(listener: TcpListener, acceptor: Option<TlsAcceptor>, host: Arc<Host<P>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files, say; the next may do better.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        host.journal.connect();
        let (acceptor, host) = (acceptor.clone(), Arc::clone(&host));
        tokio::spawn(async move {
            let stream = Cuttable::new(stream);
            let cutter = stream.cutter();
            match acceptor {
                None => serve(stream, cutter, host).await,
                // A client that breaks the handshake off is not served.
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, cutter, host).await;
                    }
                }
            }
        });
    }
}

async fn serve<P: Protocol>(stream: impl AsyncRead + AsyncWrite + Unpin, cutter: Cutter, host: Arc<Host<P>>) {
    let service = service_fn(move |request: Request<Incoming>| visit(Arc::clone(&host), cutter.clone(), request));
    // How a connection ends is the client's affair.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap_or_default();
}
