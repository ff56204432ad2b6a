# Two commands to know: `make run` starts a relay, `make test` runs every test.
SHELL := /bin/bash
PEERS ?= $(shell Scripts/peers.sh)
PREFIX ?= /usr/local
RELEASE := .build/optimised
US := $(CURDIR)/$(RELEASE)/release/causeway-testpeer

.PHONY: run build install uninstall test check wasm bench allocations instructions costs soak storm worlds attack web dist fuzz docs interop peers format clean

run: ## installs what is missing, builds, starts a relay on ports 4001 (TCP, and UDP for WebRTC) and 4002 (WebSocket, and its pages: http://127.0.0.1:4002/)
	@Scripts/install.sh web
	swift build -c release --scratch-path $(RELEASE) --product causeway
	Scripts/build-web.sh
	$(RELEASE)/release/causeway relay --pages Web/dist --topic universal-connectivity --topic universal-connectivity-file

build: ## the command and the test peer, optimised
	@Scripts/install.sh build
	swift build -c release --scratch-path $(RELEASE) --product causeway
	swift build -c release --scratch-path $(RELEASE) --product causeway-testpeer

install: ## the command on the PATH, with completions and a manual page: PREFIX=/usr/local, DESTDIR for packages
	@Scripts/install.sh build
	swift build -c release --scratch-path $(RELEASE) --product causeway
	@DESTDIR="$(DESTDIR)" Scripts/install-command.sh $(RELEASE)/release/causeway "$(PREFIX)"

uninstall: ## removes what `make install` has put there
	@DESTDIR="$(DESTDIR)" Scripts/install-command.sh --remove "$(PREFIX)"

test: ## everything that a submission must pass; PARTS="unit wasm" for some of it
	@Scripts/install.sh test
	@Scripts/install.sh browsers || echo "no browsers: their part is skipped"
	@Scripts/test.sh $(PARTS)

check: ## format, rooms (who may know whom, lengths), warnings (errors in every build), Wasm build
	@Scripts/install.sh test
	@Scripts/test.sh check wasm

wasm: ## the core as Embedded Swift, with its size
	@Scripts/install.sh web
	Scripts/build-wasm.sh

web: ## the browser's package, in Web/dist, with its size
	@Scripts/install.sh web
	Scripts/build-web.sh

dist: web ## the browser's package as one archive, in .build
	Scripts/dist.sh

bench: build ## the speed tables beside the go peer, kept in Benchmarks/RESULTS.md and Benchmarks/WEBRTC.md
	Benchmarks/run.sh "$(US)" "$(PEERS)"
	python3 Benchmarks/webrtc.py --us "$(US)" --peers "$(PEERS)" --keep

allocations: ## what usual work allocates, against its bounds; figures are in Benchmarks/ALLOCATIONS.md
	Benchmarks/allocations.sh --check

instructions: ## how many instructions usual work takes, by Valgrind; figures are in Benchmarks/INSTRUCTIONS.md
	Benchmarks/instructions.py

costs: build ## what strangers' work costs a relay, beside the go peer, kept in Benchmarks/COSTS.md and PACKETS.md; needs Linux's network namespaces
	python3 Benchmarks/costs.py --us "$(US)" --peers "$(PEERS)" --keep
	python3 Benchmarks/packets.py --us "$(CURDIR)/$(RELEASE)/release/causeway" --keep

soak: build ## five minutes: a relay, 200 peers, go and js that come and go; then 15,000 connections that come and go; 500 seeds of attackers; drawn worlds
	python3 Tests/Interop/soak.py --us "$(US)" --peers "$(PEERS)" --minutes 5
	python3 Tests/Interop/crowd.py --us "$(US)" --connections 15000
	CAUSEWAY_SEEDS=500 swift test --filter attackersSlowNobodyDownAndFillNothing
	$(MAKE) worlds

storm: build ## 10,000 peers come back to a restarted relay: in the simulator, then real ones of the hostile node, within 30 s
	CAUSEWAY_STORM=10000 swift test --scratch-path .build/worlds -Xswiftc -O --filter allPeersComeBackToARestartedRelay
	python3 Tests/Interop/storm.py --us "$(US)"

worlds: ## 20,000 drawn worlds in the simulator (WORLDS=n: so many), optimised
	CAUSEWAY_WORLDS=$(or $(WORLDS),20000) swift test --scratch-path .build/worlds -Xswiftc -O --filter aDrawnWorldKeepsItsPromises

attack: build ## a hostile node against a relay and a peer, a row for each attack; ROWS="name,name" for some of them
	python3 Tests/Adversary/attack.py --us "$(CURDIR)/$(RELEASE)/release/causeway" --peer "$(US)" $(if $(ROWS),--only $(ROWS))

fuzz: ## every fuzz target for a minute; SECONDS_EACH=n for longer
	Fuzz/run.sh --all $(or $(SECONDS_EACH),60)

docs: ## the documentation, in .build/docs
	Scripts/docs.sh .build/docs

interop: build web ## the whole matrix: go, js, Chromium, Firefox, py-libp2p, and our browser peer in both browsers
	@Scripts/install.sh browsers
	cp Web/testpeer* Web/dist
	python3 $(PEERS)/matrix.py --us "$(US)" --with go,js --only tcp,ws,relay,relay-limit,relay-refuses,relay-restart,gossip,discovery,discovery-json
	python3 $(PEERS)/matrix.py --us "$(US)" --with go,js,chromium,firefox --where 'relay us *,gossip us *,discovery* us *,webrtc us [cf]* [cf]*'
	python3 Tests/Interop/web.py --us "$(US)" --peers "$(PEERS)" --dist Web/dist --browser chromium --with go,js,chromium,firefox
	python3 Tests/Interop/web.py --us "$(US)" --peers "$(PEERS)" --dist Web/dist --browser firefox --with go,js,chromium,firefox
	@Scripts/test.sh python
	swift build --package-path Examples --scratch-path .build/examples --product Copy
	python3 Tests/Interop/hard_nats.py --us "$(US)" --natlab $(PEERS)/../natlab --peers "$(PEERS)"
	python3 Tests/Interop/uplinks.py --command $(RELEASE)/release/causeway --copy .build/examples/debug/Copy
	python3 Tests/Interop/check.py --causeway $(RELEASE)/release/causeway --natlab $(PEERS)/../natlab --pairs
	python3 Tests/Interop/degradations.py --command $(RELEASE)/release/causeway --copy .build/examples/debug/Copy --natlab $(PEERS)/../natlab

peers: ## builds the foreign peers in Tests/Peers, where tests find them; Go and npm fetch their modules
	cd Tests/Peers/go && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/go-peer-linux-amd64 .
	cd Tests/Peers/js && npm ci && node build.mjs

format: ## rewrites every Swift file in the project's layout
	Scripts/format.sh

clean:
	rm -rf .build
