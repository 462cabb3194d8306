# One static binary in an empty image. Everything is set by STAVES_* variables; no arguments are needed:
#   docker run --rm -p 9000:9000 -v staves:/data staves

ARG RUST_VERSION=1.95
FROM rust:${RUST_VERSION}-bookworm AS build
WORKDIR /src
# What this is, .dockerignore says.
COPY . .
# With proc-macros, a static glibc build needs its target named: flags are then for the program alone, not for the macros,
# which are loaded into the compiler. In a static program the crate getrandom does not find the system call by itself and
# wants /dev/urandom, which an empty root need not have: so it is told. Each architecture builds for itself (amd64 and arm64).
ARG TARGET=
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    target="${TARGET:-$(rustc -vV | sed -n 's/^host: //p')}" \
    && RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"' \
        cargo build --release --locked --features upstream --target "$target" \
    && mkdir -p /out/data /out/tmp \
    && cp "target/$target/release/staves" /out/staves

FROM scratch
# Not root: the directories must belong to the user before a volume takes their owner over.
COPY --from=build --chown=65532:65532 --chmod=755 /out/data /data
COPY --from=build --chown=65532:65532 --chmod=1777 /out/tmp /tmp
COPY --from=build /out/staves /staves
# For --upstream https://…: whom to trust.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
ENV STAVES_HOST=0.0.0.0 STAVES_DATA=/data
VOLUME ["/data"]
EXPOSE 9000
# Staves stops by itself when asked to; Docker's 10 s are enough unless uploads are long (docker stop --time).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/staves", "health"]
ENTRYPOINT ["/staves"]
