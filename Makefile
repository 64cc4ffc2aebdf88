# make          build the program
# make demo     judge the archive in testdata, offline, and a generated one of 17,140 messages
# make test     all tests
# make conformance  public suites and other implementations; rewrites docs/conformance.md
# make bench    what a run costs beside its floor and its peers
GO ?= go
FUZZTIME ?= 10s
BENCHTIME ?= 1s
VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo devel)

.PHONY: build test race lint fuzz bench conformance demo golden clean

# Without C the program is one file that runs anywhere, and starts a millisecond sooner.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o audit ./cmd/audit

test:
	$(GO) test ./...

race:
	$(GO) test -race -shuffle=on $(RACEFLAGS) ./...

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) mod tidy -diff
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

# Every fuzz target for a short while; FUZZTIME=10m for a long one. The go command
# now and then takes the end of that while for a failure ("context deadline
# exceeded"), so only a failing input counts as one.
fuzz:
	@set -e; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; \
	    if ! $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg >"$$log" 2>&1; then \
	      if grep -q 'Failing input written\|panic:\|build failed' "$$log" || ! grep -q 'context deadline exceeded' "$$log"; then \
	        cat "$$log"; exit 1; \
	      fi; \
	    fi; \
	    grep 'execs:' "$$log" | tail -n 1; \
	  done; \
	done

bench:
	cd bench && $(GO) run .

# A module of its own: what it compares with is no dependency of the program.
conformance:
	cd conformance && $(GO) test -timeout 30m -update ./...

demo: build
	./audit run --overwrite --out audit-out --dns zone:testdata/zone testdata/archive || [ $$? -eq 1 ]
	@echo
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	  $(GO) run ./internal/corpus/mkcorpus forum -out "$$dir" && \
	  ./audit run --out "$$dir/out" --dns zone:"$$dir"/zone "$$dir"/forum.mbox

# Rewrites golden files and generated documents; read the diff.
golden:
	$(GO) test ./... -update

clean:
	rm -rf audit audit-out
