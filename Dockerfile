# ragd in one image: the binary, the embedding model, nothing to configure.
#
#   docker build -t ragd .
#   docker run -p 8000:8000 -v ragd-data:/data ragd
#
# The first build takes 10 to 20 minutes on two cores: all of it is Rust.

FROM rust:1.95-slim-bookworm AS build
# A C compiler for SQLite, zstd and ring; pip fetches the model's published weights.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# .cargo/config.toml names scripts/rustc-wrapper.sh by a path relative to this folder: the build must
# run here, with both of them.
COPY .cargo .cargo
COPY scripts scripts
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY crates crates
COPY config config
COPY migrations migrations
COPY src src
RUN cargo build --profile dist --locked --bin ragd
# A folder of model.safetensors and tokenizer.json on a server of yours; empty: the Python package.
ARG RAGD_MODEL_URL=
RUN RAGD_BIN=target/dist/ragd RAGD_MODEL_URL="$RAGD_MODEL_URL" MODELS_PATH=/models scripts/fetch-models.sh

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tesseract-ocr \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin ragd \
    && install -d -o ragd -g ragd -m 0700 /data
COPY --from=build /build/target/dist/ragd /usr/local/bin/ragd
COPY --from=build /models /usr/share/ragd/models
COPY LICENSE /usr/share/doc/ragd/LICENSE
COPY docs /usr/share/doc/ragd/docs
ENV HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data \
    LOG_DIR=/data/logs \
    LOG_FORMAT=json \
    MODELS_PATH=/usr/share/ragd/models
USER ragd
WORKDIR /data
VOLUME /data
EXPOSE 8000
# No curl in the image: the command asks the running server, and fails while the index is behind.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["ragd", "index", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ragd"]
CMD ["serve"]
