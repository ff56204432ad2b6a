#!/usr/bin/env bash
# Every test that a submission must pass, part by part; each part's own closing line is added up at the end.
#   test.sh            all          test.sh unit wasm matrix …      only these
set -uo pipefail
cd "$(dirname "$0")/.."
peers=$(Scripts/peers.sh)
build=${CAUSEWAY_BUILD:-.build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
# Where tests in Python and in Swift look for py-libp2p and websockets.
export CAUSEWAY_VENV=${CAUSEWAY_VENV:-$build/venv}
# Peers that tests start ask nothing of the network that this machine is in.
export CAUSEWAY_NO_MDNS=true CAUSEWAY_NO_MAP_PORTS=true
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
# Nor does a relay of a test keep its key where this user's own has it.
export XDG_STATE_HOME=$log/state
passed=0 failed=0 skipped=0
# These set short times against what they do, and a sanitizer makes that many times slower.
slow='headsTrickleIn|strangersOfAnotherPlacePushNobodyOut|aProtocolThatIsNoLongerServed|cancelledDialsCloseTheirSocket|whoIsNotReadSendsNoMoreThanFits'
# A check has five seconds for everything, and asks in real time.
checks='^CausewayTests\.CheckTests'
slow+="|$checks"
# Nodes that move megabytes over WebRTC compute much, and would make those miss their times that wait.
associations='^CausewayRuntimeTests\.(Direct|SignalledTests)'
all=(check unit sanitize races wasm web fuzz examples docs matrix browsers web-matrix python crowd endings attack networks)
[ $# -gt 0 ] && parts=("$@") || parts=("${all[@]}")

# run NAME COMMAND…: runs it, shows its output, counts its closing line ("N passed, N failed", or swift test's).
run() {
  local name=$1 status began line
  shift
  began=$(date +%s)
  printf '\n== %s\n' "$name"
  "$@" 2>&1 | tee "$log/out"
  status=${PIPESTATUS[0]}
  line=$(grep -Eo '^[0-9]+ passed, [0-9]+ failed' "$log/out" | tail -1)
  if [ -z "$line" ]; then
    line=$(sed -nE 's/.*Test run with ([0-9]+) tests? .*passed after.*/\1 passed, 0 failed/p; s/.*Test run with ([0-9]+) tests? .*failed after.* with ([0-9]+) issues?.*/\1 passed, \2 failed/p' "$log/out" | tail -1)
  fi
  [ -n "$line" ] || line=$([ "$status" = 0 ] && echo "1 passed, 0 failed" || echo "0 passed, 1 failed")
  set -- $line
  [ "$status" != 0 ] && [ "$3" = 0 ] && line="$1 passed, 1 failed" && set -- $line
  passed=$((passed + $1)) failed=$((failed + $3))
  if [ "$3" != 0 ]; then
    # The end of a long log is what is kept of it, so it repeats what failed.
    printf '\n%s:\n' "$name" >>"$log/failures"
    (grep -E '✘|^(FAIL|fail|not ok|error|Fatal)|: error: |SUMMARY: .*Sanitizer|failed: ' "$log/out" || tail -20 "$log/out") | cut -c-300 | tail -40 >>"$log/failures"
  fi
  printf -- '-- %s: %s (%s s)\n' "$name" "$line" "$(($(date +%s) - began))"
}

# skip NAME REASON: a loud line locally, a failure in CI.
skip() {
  printf '\n== %s\nSKIPPED %s: %s\n' "$1" "$1" "$2"
  if [ "${CI:-}" = true ]; then failed=$((failed + 1)); else skipped=$((skipped + 1)); fi
}

testpeer() {
  [ -n "${testpeer_built:-}" ] || run "build of the test peer" swift build -c release --scratch-path "$build/optimised" --product causeway-testpeer
  testpeer_built=yes
  us=$build/optimised/release/causeway-testpeer
}

# sanitized SANITIZER COMMAND…: swift's command under it.
sanitized() {
  local sanitizer=$1 command=$2 folder=$build/${1:0:1}san
  shift 2
  mkdir -p "$folder"
  local flags=(--sanitize="$sanitizer" --scratch-path "$folder")
  if [ "$sanitizer" = thread ]; then
    clang -O1 -Wall -Werror -c Tests/Sanitizers/mutex.c -o "$folder/mutex.o" || return
    flags+=(-Xlinker "$folder/mutex.o")
  fi
  # Event loops are kept on purpose (EventLoop.init). A test's thread that nobody waits for is no race.
  ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS="suppressions=$PWD/Tests/Sanitizers/thread.txt report_thread_leaks=0" \
    timeout 600 swift "$command" "${flags[@]}" "$@"
}

package() {
  [ -n "${package_built:-}" ] || CAUSEWAY_SIZE_LIMIT=${CAUSEWAY_SIZE_LIMIT:-106000} run "browser package" Scripts/build-web.sh "$build/wasm"
  # A relay that serves the folder has no business with it, a test has.
  cp Web/testpeer* Web/dist
  package_built=yes
}

for part in "${parts[@]}"; do
  case $part in
    check)
      run "format" Scripts/format.sh --check
      run "rooms" Scripts/rooms.py
      ;;
    unit)
      # Without it, the tests that talk to Python's websockets are skipped on a developer's machine and fail in CI.
      Scripts/venv.sh "$CAUSEWAY_VENV" || echo "no virtual environment for the tests that talk to Python"
      # The core's tests compute without a pause, the simulator's and those of WebRTC's machines most of all, and others wait for sockets.
      core='^(Causeway(Identity|Connection|Node|LocalNetwork|Simulation|TLS)|Style|Trace)Tests\.'
      # These hold threads while they wait for processes.
      command='^(CausewayCLI|Interop)Tests\.'
      seeds='attackersSlowNobodyDownAndFillNothing|aDrawnWorldKeepsItsPromises|^CausewayWebRTCTests\.'
      run "unit tests" swift test --scratch-path "$build" --skip "$core|$command|$seeds|$associations|$checks"
      run "unit tests of WebRTC between nodes" swift test --scratch-path "$build" --skip-build --filter "$associations"
      run "unit tests of checks" swift test --scratch-path "$build" --skip-build --filter "$checks"
      run "unit tests of the command" swift test --scratch-path "$build" --skip-build --filter "$command"
      run "unit tests of the core" swift test --scratch-path "$build" --skip-build --filter "$core" --skip "$seeds"
      # Few seeds for a developer, all of them where a submission is judged.
      [ "${CI:-}" != true ] || export CAUSEWAY_SEEDS=${CAUSEWAY_SEEDS:-500} CAUSEWAY_WORLDS=${CAUSEWAY_WORLDS:-300}
      run "simulations from many seeds" swift test --scratch-path "$build" --skip-build --filter "$seeds"
      ;;
    sanitize)
      run "build for the address sanitizer" sanitized address build --build-tests
      # Under a sanitizer tests run one after the other, because a hundred at once miss the times that they set.
      run "runtime under the address sanitizer" sanitized address test --skip-build --no-parallel \
        --filter '^(CausewayRuntimeTests|CausewayTests)\.' \
        --skip "$slow|$associations"
      run "DTLS and WebRTC under the address sanitizer" sanitized address test --skip-build --no-parallel --filter "^CausewayTLSTests\.|$associations" \
        --skip "$slow"
      ;;
    races)
      # The first floods one loop with datagrams for minutes under this sanitizer; the rest are those above.
      run "build for the thread sanitizer" sanitized thread build --build-tests
      run "runtime under the thread sanitizer" sanitized thread test --skip-build --no-parallel --filter '^CausewayRuntimeTests\.' \
        --skip "datagramsArriveWholeAndInOrder|$slow|$associations"
      run "API under the thread sanitizer" sanitized thread test --skip-build --no-parallel --filter '^CausewayTests\.' --skip "$slow"
      ;;
    wasm)
      package
      run "Wasm tests" Tests/Wasm/run.sh "$build/wasm"
      ;;
    web)
      package
      testpeer
      # Without the peers of go and js their cases are left out.
      run "browser package in node" Tests/Web/run.sh "$us" "$peers"
      run "browser package as an archive" Tests/Web/dist.sh
      for browser in chromium firefox-esr; do
        command -v "$browser" >/dev/null || { skip "browser package in $browser" "it is not installed (Scripts/install.sh browsers)"; continue; }
        run "browser package in $browser" node Tests/Web/browser.mjs Web/dist "$us" "$browser"
        run "pages on https in $browser" Tests/Web/apart.sh node --no-warnings --experimental-websocket Tests/Web/secure.mjs Web/dist "$us" \
          "$browser" 10.77.0.1
      done
      if command -v chromium >/dev/null; then
        run "tabs in chromium" node --no-warnings --experimental-websocket Tests/Web/tabs.mjs Web/dist "$us"
        [ -x "$build/debug/causeway" ] || run "build of the command" swift build --scratch-path "$build" --product causeway
        run "chat page in chromium" node --no-warnings Tests/Web/chat.mjs "$build/debug/causeway" Web/dist
        run "check in the chat page" node --no-warnings Tests/Web/chat-check.mjs "$build/debug/causeway" Web/dist
        run "status page in chromium" node --no-warnings Tests/Web/status.mjs "$build/debug/causeway" "$us" Web/dist
        run "examples for pages in chromium" node --no-warnings Tests/Web/examples.mjs "$build/debug/causeway" Web/dist
        run "chat page in company" node --no-warnings --experimental-websocket Tests/Web/chat-company.mjs "$build/debug/causeway" Web/dist
        run "chat page among strangers" node --no-warnings --experimental-websocket Tests/Web/chat-strangers.mjs "$build/debug/causeway" Web/dist
      else
        skip "chat page" "chromium is not installed (Scripts/install.sh browsers)"
      fi
      ;;
    fuzz) run "fuzz targets over their corpus" Fuzz/run.sh --smoke ;;
    examples) run "examples" swift build --package-path Examples --scratch-path "$build/examples" ;;
    docs) run "documentation" Scripts/docs.sh "$build/docs" ;;
    matrix)
      if [ -e "$peers/matrix.py" ] && [ -x "$peers/go/bin/go-peer-linux-amd64" ]; then
        testpeer
        run "matrix with go and js" python3 "$peers/matrix.py" --us "$us" --with go,js \
          --only tcp,ws,webrtc,webrtc-direct,relay,relay-limit,relay-refuses,relay-restart,gossip,discovery,discovery-json
        run "gossip with go and js in unusual settings" python3 Tests/Interop/gossip.py --us "$us" --peers "$peers"
        run "build of the command" swift build -c release --scratch-path "$build/optimised" --product causeway
        run "keys of all types with go and js" python3 Tests/Interop/keys.py --us "$us" \
          --command "$build/optimised/release/causeway" --peers "$peers"
        run "WebRTC with js-libp2p in Node" python3 Tests/Interop/js_node.py --us "$us" --peers "$peers"
      else
        skip "matrix with go and js" "no peers in $peers (make peers builds them; CAUSEWAY_PEERS says where else they are)"
      fi
      ;;
    browsers)
      package
      testpeer
      for browser in chromium firefox-esr; do
        command -v "$browser" >/dev/null || { skip "WebRTC in $browser" "it is not installed (Scripts/install.sh browsers)"; continue; }
        only=()
        [ "$browser" = chromium ] || only=(only=basics,signalling,losing,moving)
        run "WebRTC in $browser" node Tests/Web/browser.mjs Web/dist "$us" "$browser" webrtc.html seconds=150 "${only[@]}"
        # As browsers are about to be: a page may not change its own credentials.
        [ "$browser" != chromium ] || run "our /webrtc-direct version 2 in $browser" node Tests/Web/browser.mjs Web/dist "$us" "$browser" \
          webrtc.html only=direct version=2 --force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/
      done
      if [ ! -e "$peers/matrix.py" ]; then
        skip "matrix with Chromium" "no peers in $peers"
      elif ! command -v chromium >/dev/null; then
        skip "matrix with Chromium" "chromium is not installed (Scripts/install.sh browsers)"
      else
        testpeer
        run "matrix with Chromium" python3 "$peers/matrix.py" --us "$us" --with go,js,chromium \
          --where 'relay us *chromium*,gossip us *chromium*,discovery* us *chromium*,webrtc us * chromium,webrtc us chromium us'
        # As browsers may be: their descriptions carry the first chunk of SCTP, and a handshake of it is spared.
        CAUSEWAY_PEER_CHROMIUM="python3 $peers/js/drive-browser.py --browser-arg=--force-fieldtrials=WebRTC-Sctp-Snap/Enabled/" \
          run "WebRTC without a handshake of SCTP in Chromium" python3 "$peers/matrix.py" --us "$us" --with go,js,chromium \
          --where 'webrtc us us chromium,webrtc us chromium us'
      fi
      ;;
    web-matrix)
      if [ ! -e "$peers/matrix.py" ]; then
        skip "browser peer" "no peers in $peers"
      else
        testpeer
        package
        if command -v chromium >/dev/null; then
          run "browser peer in Chromium" python3 Tests/Interop/web.py --us "$us" --peers "$peers" --dist Web/dist --browser chromium \
            --only ws,relay,gossip,discovery,discovery-json,webrtc-direct
          run "WebRTC with js-libp2p in Chromium" python3 Tests/Interop/web.py --us "$us" --peers "$peers" --dist Web/dist \
            --browser chromium --with go,js,chromium --only webrtc
          # As browsers are about to be: a page may not change its own credentials.
          run "/webrtc-direct version 2 in Chromium" node Tests/Web/browser.mjs Web/dist "$peers/go/bin/go-peer-linux-amd64" chromium \
            webrtc.html only=direct version=2 --force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/
        else
          skip "browser peer in Chromium" "chromium is not installed (Scripts/install.sh browsers)"
        fi
        if command -v firefox-esr >/dev/null || command -v firefox >/dev/null; then
          run "browser peer in Firefox" python3 Tests/Interop/web.py --us "$us" --peers "$peers" --dist Web/dist --browser firefox \
            --only ws,webrtc,webrtc-direct
        else
          skip "browser peer in Firefox" "firefox is not installed (Scripts/install.sh browsers)"
        fi
      fi
      ;;
    python)
      # Needs none of the built peers, only the scenarios.
      scenarios=$peers
      [ -e "$peers/matrix.py" ] || scenarios=Tests/Peers
      if Scripts/venv.sh "$CAUSEWAY_VENV" >"$log/venv" 2>&1; then
        testpeer
        run "py-libp2p" python3 Tests/Interop/py.py --us "$us" --peers "$scenarios" --venv "$CAUSEWAY_VENV"
        run "aiortc and libdatachannel" python3 Tests/Interop/foreign.py --us "$us" --peers "$scenarios" --venv "$CAUSEWAY_VENV"
      else
        cat "$log/venv"
        skip "py-libp2p, aiortc and libdatachannel" "their virtual environment could not be made"
      fi
      ;;
    endings)
      testpeer
      run "build of the command" swift build -c release --scratch-path "$build/optimised" --product causeway
      run "ends of the command" python3 Tests/Interop/endings.py --command "$build/optimised/release/causeway" --us "$us"
      ;;
    crowd)
      testpeer
      run "connections that come and go" python3 Tests/Interop/crowd.py --us "$us" --connections 1500
      run "peers that come back at once" python3 Tests/Interop/storm.py --us "$us" --quick
      ;;
    attack)
      testpeer
      run "build of the command" swift build -c release --scratch-path "$build/optimised" --product causeway
      run "attacks" python3 Tests/Adversary/attack.py --quick --us "$build/optimised/release/causeway" --peer "$us"
      ;;
    networks)
      if [ "$(id -u)" != 0 ] || [ ! -e /dev/net/tun ]; then
        skip "networks" "network namespaces need root and /dev/net/tun"
        continue
      fi
      testpeer
      run "build of the command" swift build -c release --scratch-path "$build/optimised" --product causeway
      command=$build/optimised/release/causeway
      run "a machine whose addresses change" python3 Tests/Interop/machine.py --command "$command"
      run "build of the example that copies" swift build --package-path Examples --scratch-path "$build/examples" --product Copy
      run "a file between machines whose uplinks change" python3 Tests/Interop/uplinks.py --command "$command" --copy "$build/examples/debug/Copy" --quick
      if PATH=$PATH:/usr/sbin:/sbin command -v nft >/dev/null; then
        run "a file on a stream that moves" python3 Tests/Interop/moving.py --command "$command" --copy "$build/examples/debug/Copy"
      else
        skip "a file on a stream that moves" "nft is not installed (Scripts/install.sh test)"
      fi
      if [ -e "$peers/driver.py" ] && [ -x "$peers/go/bin/go-peer-linux-amd64" ]; then
        run "AutoNAT with go and js" python3 Tests/Interop/autonat.py --us "$us" --peers "$peers"
        run "multicast DNS with go and js" python3 Tests/Interop/mdns.py --us "$us" --peers "$peers"
        if PATH=$PATH:/usr/sbin:/sbin command -v miniupnpd nft >/dev/null; then
          run "ports mapped by miniupnpd" python3 Tests/Interop/port_mapping.py --us "$us" --peers "$peers"
        else
          skip "ports mapped by miniupnpd" "it is not installed (Scripts/install.sh test)"
        fi
      else
        skip "networks with go and js" "no peers in $peers (make peers builds them; CAUSEWAY_PEERS says where else they are)"
      fi
      natlab=${CAUSEWAY_NATLAB:-$(dirname "$peers")/natlab}
      if [ -e "$natlab/natlab.py" ]; then
        run "the check behind NATs" python3 Tests/Interop/check.py --causeway "$command" --natlab "$natlab"
        run "hard NATs" python3 Tests/Interop/hard_nats.py --us "$us" --natlab "$natlab" --peers "$peers"
        run "files on bad lines" python3 Tests/Interop/degradations.py --command "$command" --copy "$build/examples/debug/Copy" \
          --natlab "$natlab" --quick
        mkdir -p "$log/nat"
        run "hole punching behind NATs" python3 "$natlab/matrix.py" --us "$us" --peers us:us,us:go,go:us --transports tcp --quick \
          --only ' -> port-restricted' --wait 16 --logs "$log/nat"
        run "WebRTC behind NATs" python3 "$natlab/matrix.py" --us "$us" --peers us:us --transports webrtc --relay us --no-stun --quick \
          --only ' -> port-restricted' --wait 16 --logs "$log/nat"
      else
        skip "NATs" "no natlab.py in $natlab (CAUSEWAY_NATLAB says where else it is)"
      fi
      ;;
    *) echo "no such part: $part (there are: ${all[*]} races)" >&2; exit 2 ;;
  esac
done

printf '\n'
[ ! -e "$log/failures" ] || cat "$log/failures"
[ "$skipped" = 0 ] || printf 'SKIPPED %s part(s), see above\n' "$skipped"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
