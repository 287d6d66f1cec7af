# The hc image: one static binary, no shell, no root.
#   docker build --build-arg VERSION=$(git describe --tags --always) -t hc .

FROM --platform=$BUILDPLATFORM golang:1.26.8-alpine AS build
ARG TARGETOS TARGETARCH VERSION=devel
WORKDIR /src
# The sources are mounted, not copied, and what go keeps stays between builds.
RUN --mount=target=. \
    --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /hc ./cmd/hc

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /hc /hc
# In figures, so that Kubernetes' runAsNonRoot can tell.
USER 65532:65532
# Public REST, gRPC, metrics.
EXPOSE 8080 9090 9100
ENTRYPOINT ["/hc"]
