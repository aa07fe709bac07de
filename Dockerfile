# The emulator, and arr. Build the binary first, see docs/containers.md:
#   mkdir -p dist/volume/data
#   CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o dist/arr ./cmd/arr
FROM scratch
COPY dist/arr /arr
# A folder that the user can write to, for --state and --ca-dir.
COPY --chown=65532:65532 dist/volume/ /
USER 65532:65532
EXPOSE 20210
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/arr", "emulator", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/arr"]
CMD ["emulator", "--listen", "0.0.0.0:20210"]
