#!/usr/bin/env bats
# mmofl serve --shards and --shard: a root and two shards, each with a broker of its own, and
# real devices.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers
load deployed

small() {
    sed -e 's/^rounds:.*/rounds: 4/' -e 's/devices: 10/devices: 3/' -e 's/^name:.*/name: small/' \
        -e 's/^  set: .*/  {set: synthetic-har, train: 900, test: 150}/' "$MMOFL_EXAMPLES/demo.yaml" >small.yaml
}

# Three brokers: the root's, and one for each shard.
start_brokers() {
    for at in 1 2 0; do
        port=$(free_port)
        ports[at]=$port
        printf 'listener %d 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n' "$port" >"broker-$at.conf"
        start_broker "broker-$at.conf"
    done
}

# with_keys: the root's broker as we ship it, and keys for root and shards.
with_keys() {
    local deploy=$BATS_TEST_DIRNAME/../../deploy
    "$MMOFL" pki init --federation small --broker 127.0.0.1 >/dev/null
    "$MMOFL" pki add-device shard-0 >/dev/null
    "$MMOFL" pki add-device shard-1 >/dev/null
    mkdir broker
    cp pki/broker/* pki/crl.pem "$deploy/acl" broker/
    kill "$broker"
    wait "$broker" || true
    port=${ports[0]}
    sed -e "s|/etc/mosquitto/mmofl|$PWD/broker|" -e "s|^listener.*|listener $port 127.0.0.1|" \
        -e "s|/var/lib/mosquitto/|$PWD/broker/|" "$deploy/mosquitto.conf" >secure.conf
    start_broker secure.conf
}

# root ARGUMENT...: in the background, with its log in serve.log.
root() {
    "$MMOFL" serve small.yaml --broker "127.0.0.1:${ports[0]}" --out root --http none "$@" \
        >root.out 2>>serve.log &
    root=$!
    started+=("$root")
}

# shard I ARGUMENT...
shard() {
    local i=$1
    shift
    "$MMOFL" serve small.yaml --shard "$i/2" --root "127.0.0.1:${ports[0]}" \
        --broker "127.0.0.1:${ports[$((i + 1))]}" --out "shard-$i" --http none "$@" >shard.out 2>>"shard-$i.log" &
    shards[i]=$!
    started+=("${shards[i]}")
}

# device K: of shard 0 (devices 0 and 1) or 1 (device 2).
device() {
    port=${ports[$(($1 < 2 ? 1 : 2))]}
    start_device small.yaml small "$1" "device-$1"
}

kill_hard() {
    kill -9 "$1"
    wait "$1" || true
}

# fails PROCESS [STATUS]
fails() {
    local ended=0
    wait "$1" || ended=$?
    [ "$ended" -eq "${2:-1}" ]
}

@test "a root and two shards have the bytes of the simulation, though killed in the middle" {
    needs_broker
    small
    "$MMOFL" run small.yaml --quiet --out simulated >/dev/null
    start_brokers
    with_keys
    local root_is=(--shards pki/admission.list --identity pki/coordinator)
    root "${root_is[@]}"
    web=127.0.0.1:$(free_port)
    shard 0 --http "$web" --root-identity pki/devices/shard-0
    shard 1 --root-identity pki/devices/shard-1
    device 0
    device 2
    waits_for_the_other() { # one update is on the disk
        "$MMOFL" status "http://$web" | grep -q "1 of 2 participants"
    }
    wait_for waits_for_the_other
    kill_hard "${shards[0]}"
    shard 0 --root-identity pki/devices/shard-0
    device 1
    wait_for grep -q "round 1 goes on with 1 updates" shard-0.log
    wait_for test -e root/seed-1/checkpoint-1.safetensors
    kill_hard "$root"
    root "${root_is[@]}"
    wait "$root"
    wait "${shards[0]}"
    wait "${shards[1]}"
    cmp simulated/seed-1/model.safetensors root/seed-1/model.safetensors
    diff <(cut -d, -f1-9 simulated/seed-1/metrics.csv) <(cut -d, -f1-9 root/seed-1/metrics.csv)
    grep -q "2 devices have the final model" shard-0.log
    grep -q "2 shards have the final model" serve.log
}

@test "a root says whom it waits for, and refuses who does not fit" {
    needs_broker
    small
    start_brokers
    web=127.0.0.1:$(free_port)
    root --shards 2 --http "$web"
    shard 0 --set train.lr=0.5
    fails "${shards[0]}"
    grep -q "the root learns something else" shard-0.log
    shard 1 --devices 2 # of another fleet, whose block 1 is device 1
    port=${ports[2]}
    start_device small.yaml small 1 device-1
    fails "${shards[1]}"
    grep -q "the root refused the sums of round 1: of 1 devices from number 1 on" shard-1.log
    grep -q "shard-1: sums of round 1 refused: .*wanted 1 from 2 on" serve.log
    counts_it() {
        "$MMOFL" status "http://$web" | grep -q "E_UNKNOWN 1"
    }
    wait_for counts_it
    expect 0 status "http://$web"
    says "0 of 2 participants"
    says "shard-0 "
    says "waited for"
    kill -TERM "$root"
    fails "$root" 130
}

@test "what does not go with shards is refused" {
    small
    "$MMOFL" pki init --federation small --broker 127.0.0.1 >/dev/null
    "$MMOFL" pki add-device shard-1 >/dev/null
    expect 1 serve small.yaml --shard 0/2 --root localhost --root-identity pki/devices/shard-1 --http none --out g
    complains "the certificate is for 'shard-1'; wanted 'shard-0'"
    expect 2 serve small.yaml --shard 0/2
    complains "--shard I/N and --root HOST go together"
    expect 2 serve small.yaml --root localhost
    complains "--shard I/N and --root HOST go together"
    expect 2 serve small.yaml --shard 2/2 --root localhost
    complains "wanted I/N, as 0/2 and 1/2"
    expect 2 serve small.yaml --shard 0/2 --shards 2 --root localhost
    complains "--shards is of a root"
    expect 2 serve small.yaml --shard 0/2 --root example.org
    complains "wanted --root-identity DIR"
    expect 2 serve small.yaml --shards 2 --deadline 5
    complains "--shards does not go with --deadline"
    expect 1 serve small.yaml --shards 2 --set aggregation=median --http none --out a
    complains "aggregation median compares models, and shards send sums of them"
    expect 1 serve small.yaml --shard 0/2 --root localhost --set aggregation=krum --http none --out b
    complains "aggregation krum compares models"
    expect 1 serve small.yaml --shards 4 --http none --out c
    complains "4 shards for 3 devices"
    expect 1 serve small.yaml --shard 0/4 --root localhost --http none --out d
    complains "4 shards for 3 devices"
    printf '0 shard-1 -\n1 shard-0 -\n' >list
    expect 1 serve small.yaml --shards list --http none --out e
    complains "number 0 is 'shard-1'; wanted 'shard-0'"
    mkdir f
    echo "name: other" >f/config.yaml
    expect 1 serve small.yaml --shard 0/2 --root localhost --http none --out f
    complains "the shard there is of another experiment"
}
