# Gatehouse: make run builds and starts the server, make test passes every test.

GO      ?= go
BIN     := bin/gatehouse
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.buildVersion=$(VERSION)
FUZZTIME ?= 30m

.PHONY: build run test check fuzz bench bench-peers soak docs install clean

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/gatehouse

# run starts the server on its defaults and says how to see a first call screened.
run: build
	@sh scripts/first-call.sh
	$(BIN) serve

# test installs the programs that the tests talk to (Debian, when run as root)
# and runs everything, under the race detector.
test:
	sh scripts/test-deps.sh
	$(GO) vet ./...
	$(GO) test -race -timeout 12m ./...

# check is what a commit needs: fast, no other programs.
check:
	gofmt -l $$(git ls-files '*.go') | (! grep .)
	$(GO) vet ./...
	$(GO) test ./sip/... ./verdict ./screen/... ./internal/... -short

# fuzz runs every fuzz target for FUZZTIME, one after the other.
fuzz:
	sh scripts/fuzz.sh $(FUZZTIME)

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./sip/... ./screen/... ./internal/...

# bench-peers loads Kamailio and Gatehouse in turn and writes bench/results/.
bench-peers: build
	sh scripts/test-deps.sh
	$(GO) run ./cmd/siptest-load peers

# soak overloads the server for ten minutes at twice its capacity.
soak: build
	$(GO) run ./cmd/siptest-load soak

# docs writes docs/rfc.md and docs/checks.md anew.
docs:
	$(GO) run ./internal/arch/gen

install: build
	install -D -m 0755 $(BIN) $(DESTDIR)/usr/local/bin/gatehouse
	install -D -m 0644 packaging/gatehouse.service $(DESTDIR)/etc/systemd/system/gatehouse.service

clean:
	rm -rf bin
