#!/usr/bin/env bats
# mmofl serve and mmofl status: a small deployment of real processes through a real broker.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers
load deployed

# device K: device K of small.yaml with the samples of the simulator.
device() {
    start_device small.yaml small "$1" "device-$1"
}

# serve ARGUMENT...: in the background, with its own log in serve.log.
serve() {
    "$MMOFL" serve small.yaml --federation small --broker "127.0.0.1:$port" --out deployed "$@" \
        >serve.out 2>serve.log &
    served=$!
    started+=("$served")
}

small() {
    sed -e 's/^rounds:.*/rounds: 4/' -e 's/devices: 10/devices: 3/' -e 's/^name:.*/name: small/' \
        "$MMOFL_EXAMPLES/demo.yaml" >small.yaml
    "$MMOFL" config check small.yaml --set fleet.devices=3 >/dev/null
}

@test "a deployment has the bytes of the simulation, over a killed coordinator and a late broker" {
    needs_broker
    small
    "$MMOFL" run small.yaml --quiet --out simulated >/dev/null
    serve --http none
    wait_for grep -q "broker 127.0.0.1:$port: .*next try" serve.log
    start_broker
    for k in 0 1 2; do device $k; done
    wait_for test -e deployed/seed-1/checkpoint-1.safetensors
    kill -9 "$served"
    wait "$served" || true
    serve --http none
    wait "$served"
    cmp simulated/seed-1/model.safetensors deployed/seed-1/model.safetensors
    diff <(cut -d, -f1-9 simulated/seed-1/metrics.csv) <(cut -d, -f1-9 deployed/seed-1/metrics.csv)
    grep -q "3 devices have the final model" serve.log
    expect 1 resume deployed
    complains "its devices are real; wanted \`mmofl serve\`"
}

@test "status, metrics and health tell of an open round, and a stop keeps it" {
    needs_broker
    small
    start_broker
    web=127.0.0.1:$(free_port)
    serve --http "$web"
    device 0
    waits_for_others() { # the answer is on the disk, and so it counts
        "$MMOFL" status "http://$web" | grep -q "1 of 3 participants"
    }
    wait_for waits_for_others
    expect 0 status "http://$web/"
    says "round       1 of 4"
    says "1 of 3 participants"
    says "waited for: it is silent"
    expect 0 status --json "http://$web"
    json 'it["federation"] == "small" and it["devices"] == 3 and it["round"]["wanted"] == 3'
    json '[d["waited_for"] for d in it["device"]] == [False, True, True]'
    curl -s "http://$web/metrics" >metrics
    python3 - metrics <<'PYTHON'
import re, sys
typed = {}
for line in open(sys.argv[1]):
    if line.startswith("# TYPE "):
        name, kind = line.split()[2:]
        assert name not in typed and kind in ("gauge", "counter"), line
        assert (kind == "counter") == name.endswith("_total"), line
        typed[name] = kind
    elif not line.startswith("# HELP "):
        found = re.fullmatch(r'(mmofl_[a-z_]+)(\{[a-z]+="[A-Za-z_]+"\})? [0-9.e+-]+\n', line)
        assert found and found[1] in typed, line
assert typed["mmofl_round_answers"] == "gauge" and typed["mmofl_updates_refused_total"] == "counter"
PYTHON
    grep -qx 'mmofl_round_answers 1' metrics
    [ "$(curl -s "http://$web/healthz")" = ok ]
    [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$web/elsewhere")" = 404 ]
    [ "$(curl -s -o /dev/null -w '%{http_code}' -X PUT -d x "http://$web/status")" = 405 ]
    kill "$broker"
    unhealthy() { curl -s "http://$web/healthz" | grep -q "no broker for"; }
    wait_for unhealthy
    kill -TERM "$served"
    ended=0
    wait "$served" || ended=$?
    [ "$ended" -eq 130 ]
    grep -q "go on with:  the same command" serve.log
    expect 1 status "http://$web"
    complains "is \`mmofl serve\` running?"
}

@test "buffered rounds end with the devices that answer, and a revoked one is out" {
    needs_broker
    small
    start_broker
    printf '0 device-0 -\n1 device-1 -\n2 device-2 -\n' >list
    serve --http none --devices list --buffered 2 --update f16 --clip-update 5
    device 0
    device 1
    wait "$served"
    [ "$(wc -l <deployed/seed-1/metrics.csv)" -eq 5 ]

    rm -r deployed
    printf '3 device-3 -\n' >>list # of another run: the fleet has three
    serve --http none --devices list --set fleet.devices=3
    wait_for grep -q "connected to the broker" serve.log
    printf '0 device-0 -\n1 device-1 revoked\n2 device-2 revoked\n3 device-3 revoked\n' >list
    kill -HUP "$served"
    wait_for grep -q "device-2: revoked" serve.log
    grep -q "list: read again" serve.log
    printf '0 device-zero -\n' >list
    kill -HUP "$served"
    wait_for grep -q "device 0 of this run is device-0" serve.log
    kill "$served"
}

@test "what cannot be is refused" {
    small
    expect 2 serve
    complains "an experiment file is wanted"
    expect 2 serve small.yaml --late never
    complains "wanted drop or stale"
    expect 2 serve small.yaml --late drop --buffered 2
    complains "--late drop does not go with"
    expect 2 serve small.yaml --staleness 33
    complains "wanted at most 32"
    expect 2 serve small.yaml --update f64
    complains "wanted f32, f16 or i8"
    expect 2 serve small.yaml --quorum 1.5
    complains "wanted a number from 0 to 1"
    expect 2 serve small.yaml --heartbeat 10 --lease 5
    complains "wanted more than the heartbeat"
    expect 2 serve small.yaml --broker example.org
    complains "wanted --identity DIR"
    expect 2 serve small.yaml --http localhost
    complains "wanted HOST:PORT, or none"
    expect 1 serve small.yaml --buffered 4 --out a --http none
    complains "wanted at most as many as there are devices, 3"
    expect 1 serve small.yaml --late stale --set aggregation=median --out b --http none
    complains "late updates do not go with aggregation median"
    python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True); time.sleep(60)' >taken &
    started+=($!)
    wait_for test -s taken
    expect 1 serve small.yaml --http "127.0.0.1:$(cat taken)" --out c
    complains "Address already in use"
    "$MMOFL" run small.yaml --quiet --out simulated >/dev/null
    expect 1 serve small.yaml --set train.lr=0.5 --http none --out simulated
    complains "the run there is of another experiment"
    expect 2 status one two
    complains "one argument too many"
}
