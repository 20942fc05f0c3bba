# Gatehouse: make run builds and starts the server, make test passes every test.

GO      ?= go
BIN     := bin/gatehouse
LDFLAGS := -s -w
FUZZTIME ?= 30m

.PHONY: effect effect-text effect-graphs effect-calls build run test check fuzz bench bench-peers soak docs install clean

build:
	$(GO) build -buildvcs=auto -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/gatehouse

# run starts the server on its defaults and says how to see a first call screened.
run: build
	@sh scripts/first-call.sh
	$(BIN) serve

# test installs the programs that the tests talk to (Debian, when run as root)
# and runs everything, under the race detector.
test:
	sh scripts/test-deps.sh
	$(GO) vet ./...
	$(GO) test -race -timeout 60m $$($(GO) list ./... | grep -v -e /internal/arch -e /test/)
	$(GO) test -count=1 -timeout 60m ./internal/arch ./test/...

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

# soak loads the server at what it can bear, for ten minutes at twice that, and
# with little right after: goodput under overload, and whether it recovers.
CAPACITY ?= 8000
soak: build
	sh scripts/soak.sh $(CAPACITY) 600

# effect measures how well the screening works, on shared/testdata/effect where that
# stands beside the repository and on generated data elsewhere, and writes docs/effect/.
effect: effect-calls effect-text effect-graphs

# effect-calls plays simulated calls of all actors through the program, and writes
# docs/effect/calls.html. CALLS="-seed 7 -users 1000" measures another world.
effect-calls: build
	$(GO) run ./cmd/siptest-effect $(CALLS)

effect-text:
	mkdir -p docs/effect
	$(GO) test ./test/effect/text -count=1 -timeout 60m -run TestEffect -effect ../../../docs/effect/text.md -commit "$$(git rev-parse --short HEAD)"

effect-graphs:
	mkdir -p docs/effect
	$(GO) test ./test/effect/graphs -count=1 -timeout 60m -run TestEffect -effect

# docs writes docs/rfc.md and docs/checks.md anew.
docs:
	$(GO) test ./internal/arch -update

install: build
	install -D -m 0755 $(BIN) $(DESTDIR)/usr/local/bin/gatehouse
	install -D -m 0644 packaging/gatehouse.service $(DESTDIR)/etc/systemd/system/gatehouse.service

clean:
	rm -rf bin
