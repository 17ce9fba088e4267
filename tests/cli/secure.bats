#!/usr/bin/env bats
# The broker's configuration and access list that we ship, and the keys of mmofl pki: who
# is admitted learns, and touches nothing of the others; who is not is nobody.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers
load deployed

deploy=$BATS_TEST_DIRNAME/../../deploy

# A federation of two devices, a and b, and c that is out; the broker as we ship it, with
# this test's port and folders.
secure() {
    needs_broker
    command -v mosquitto_pub >/dev/null || skip "mosquitto-clients is not installed"
    "$MMOFL" pki init --federation small --broker 127.0.0.1 --broker localhost >/dev/null
    for name in a b c; do "$MMOFL" pki add-device "$name" >/dev/null; done
    "$MMOFL" pki revoke c >/dev/null
    mkdir broker
    cp pki/broker/* pki/crl.pem "$deploy/acl" broker/
    sed -e "s|/etc/mosquitto/mmofl|$PWD/broker|" -e "s|^listener.*|listener $port 127.0.0.1|" \
        -e "s|/var/lib/mosquitto/|$PWD/broker/|" "$deploy/mosquitto.conf" >mosquitto.conf
    start_broker mosquitto.conf
}

# as NAME COMMAND...: mosquitto_pub or mosquitto_sub with the keys of a device.
as() {
    local keys=pki/devices/$1 command=$2
    shift 2
    timeout 20 "$command" -h 127.0.0.1 -p "$port" -V mqttv5 --cafile "$keys/ca.crt" --cert "$keys/device.crt" \
        --key "$keys/device.key" --tls-version tlsv1.3 "$@"
}

@test "a federation with keys learns, without the device that is out" {
    secure
    sed -e 's/^rounds:.*/rounds: 3/' -e 's/devices: 10/devices: 3/' -e 's/^name:.*/name: small/' \
        "$MMOFL_EXAMPLES/demo.yaml" >small.yaml
    # Device c has number 2 and is out; a and b answer, and the quorum is theirs.
    start_device small.yaml small 0 a -s identity=pki/devices/a
    start_device small.yaml small 1 b -s identity=pki/devices/b
    start_device small.yaml small 2 c -s identity=pki/devices/c
    run "$MMOFL" serve small.yaml --broker "127.0.0.1:$port" --identity pki/coordinator \
        --devices pki/admission.list --deadline 4 --quorum 0.3 --out deployed --http none
    [ "$status" -eq 0 ]
    grep -q "a has joined" <<<"$output"
    grep -q "b has joined" <<<"$output"
    [[ $output != *"c has joined"* ]]
    [ -s deployed/seed-1/model.safetensors ]
}

@test "keys, TLS and the access list change no bits" {
    secure
    sed -e 's/^rounds:.*/rounds: 3/' -e 's/devices: 10/devices: 2/' -e 's/^name:.*/name: small/' \
        "$MMOFL_EXAMPLES/demo.yaml" >small.yaml
    "$MMOFL" run small.yaml --quiet --out simulated >/dev/null
    start_device small.yaml small 0 a -s identity=pki/devices/a
    start_device small.yaml small 1 b -s identity=pki/devices/b
    start_device small.yaml small 1 c -s identity=pki/devices/c # is out
    grep -v "^2 c " pki/admission.list >two.list
    "$MMOFL" serve small.yaml --broker "127.0.0.1:$port" --identity pki/coordinator \
        --devices two.list --out deployed --http none >serve.out 2>serve.log
    cmp simulated/seed-1/model.safetensors deployed/seed-1/model.safetensors
    diff <(cut -d, -f1-9 simulated/seed-1/metrics.csv) <(cut -d, -f1-9 deployed/seed-1/metrics.csv)
    run ! grep -q "c has joined" serve.log
}

@test "a device cannot say or hear what is another's" {
    secure
    # What a is not allowed to say, the broker refuses; a subscriber that may hear all of b's
    # topics, the coordinator, hears nothing of it.
    timeout 20 mosquitto_sub -h 127.0.0.1 -p "$port" -V mqttv5 --cafile pki/ca.crt \
        --cert pki/coordinator/coordinator.crt --key pki/coordinator/coordinator.key \
        -t 'mmofl/small/device/+/up' -v -W 6 >heard 2>/dev/null &
    started+=($!)
    as b mosquitto_sub -t 'mmofl/small/device/a/down' -t 'mmofl/small/device/a/up' \
        -t 'mmofl/small/device/b/down' -t 'mmofl/#' -v -W 6 >heard-by-b 2>/dev/null &
    started+=($!)
    sleep 1.5
    run as a mosquitto_pub -q 1 -d -t mmofl/small/device/b/up -m forged
    [[ $output == *"Not authorized"* || $output == *"135"* ]]
    run as a mosquitto_pub -q 1 -d -t mmofl/small/device/b/down -m forged
    [[ $output == *"Not authorized"* || $output == *"135"* ]]
    run as a mosquitto_pub -q 1 -d -t mmofl/small/round -r -m forged
    [[ $output == *"Not authorized"* || $output == *"135"* ]]
    run as a mosquitto_pub -q 1 -d -t mmofl/small/all -m forged
    [[ $output == *"Not authorized"* || $output == *"135"* ]]
    as a mosquitto_pub -q 1 -t mmofl/small/device/a/up -m mine
    timeout 20 mosquitto_pub -h 127.0.0.1 -p "$port" -V mqttv5 --cafile pki/ca.crt \
        --cert pki/coordinator/coordinator.crt --key pki/coordinator/coordinator.key \
        -q 1 -t mmofl/small/device/a/down -m "for a"
    wait_for grep -q mine heard
    sleep 1
    [ "$(cat heard)" = "mmofl/small/device/a/up mine" ]
    [ ! -s heard-by-b ]
}

@test "who is revoked, and who has no certificate, does not get in" {
    secure
    run as c mosquitto_pub -q 1 -t mmofl/small/device/c/up -m hello
    [ "$status" -ne 0 ]
    run timeout 20 mosquitto_pub -h 127.0.0.1 -p "$port" -V mqttv5 --cafile pki/ca.crt -q 1 \
        -t mmofl/small/device/a/up -m hello
    [ "$status" -ne 0 ]
    run timeout 20 mosquitto_pub -h 127.0.0.1 -p "$port" -V mqttv5 -q 1 -t mmofl/small/device/a/up -m hello
    [ "$status" -ne 0 ]
    # Another authority's certificate of the same name is none.
    "$MMOFL" pki init --dir other --federation small >/dev/null
    "$MMOFL" pki add-device --dir other a >/dev/null
    run timeout 20 mosquitto_pub -h 127.0.0.1 -p "$port" -V mqttv5 --cafile pki/ca.crt \
        --cert other/devices/a/device.crt --key other/devices/a/device.key -q 1 \
        -t mmofl/small/device/a/up -m hello
    [ "$status" -ne 0 ]
    as a mosquitto_pub -q 1 -t mmofl/small/device/a/up -m hello
}

@test "beyond loopback nothing runs without keys, and keys of another name are refused" {
    needs_broker
    run --separate-stderr "$MMOFL" serve "$MMOFL_EXAMPLES/demo.yaml" --broker broker.example --out deployed
    [ "$status" -eq 2 ]
    complains "is another machine: wanted --identity"
    run --separate-stderr "$MMOFL_DEVICE" run -s federation=small -s name=a -s broker=broker.example -s state=state
    [ "$status" -eq 2 ]
    complains "is another machine: wanted identity"
    "$MMOFL" pki init --federation small >/dev/null
    "$MMOFL" pki add-device a >/dev/null
    run --separate-stderr "$MMOFL_DEVICE" run -s federation=small -s name=b -s identity=pki/devices/a -s state=state
    [ "$status" -eq 1 ]
    complains "the certificate is for 'a', and this device is called 'b'"
}
