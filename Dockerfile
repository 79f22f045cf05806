# A static binary, run by nobody in particular, with one folder to write to.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /maillon ./cmd/maillon \
 && go run ./packaging/sbom /maillon >/sbom.cdx.json \
 && install -d -o 65532 -g 65532 /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /maillon /sbom.cdx.json /
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
VOLUME /data
EXPOSE 8080 7946/tcp 7946/udp
ENTRYPOINT ["/maillon"]
CMD ["run", "--config", "/etc/maillon.yaml"]
