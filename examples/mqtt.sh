#!/bin/bash
# A federation on this machine, for real: an MQTT broker, a coordinator and five devices as
# processes of their own, each device learning on what its sensors tell it.
#
#   examples/mqtt.sh BIN [OUT]      BIN: folder of mmofl and mmofl-device
#
# `./dev demo --mqtt` builds and calls this.  Everything is on loopback, in OUT (default:
# out/mqtt), and ends with the script.  MMOFL_DEMO_PACE: seconds between samples (0.02).
set -euo pipefail

bin=$(realpath "${1:?usage: examples/mqtt.sh BIN [OUT]}")
out=${2:-out/mqtt}
devices=5
pace=${MMOFL_DEMO_PACE:-0.02}
here=$(realpath "$(dirname "$0")")

broker=$(command -v mosquitto || echo /usr/sbin/mosquitto)
[ -x "$broker" ] || {
    echo "mqtt.sh: mosquitto is not installed (apt-get install mosquitto)" >&2
    exit 1
}

# UCI-HAR where it was imported, else made-up windows of the same kind.
data=(--set data.set=synthetic-har)
name=synthetic-har
if "$bin/mmofl" data info uci-har >/dev/null 2>&1; then
    data=(--set data.set=uci-har)
    name=uci-har
fi
settings=("${data[@]}" --set "fleet.devices=$devices" --set rounds=15 --set stream.new=40
    --set method=qqr --set 'imbalance.modalities={gyroscope: {missing: 0.3}}'
    --set evaluate.every=1)

rm -rf "$out"
mkdir -p "$out"
out=$(realpath "$out")

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$out/mosquitto.conf" <<CONF
listener $port 127.0.0.1
allow_anonymous true
max_queued_messages 0
set_tcp_nodelay true
CONF
[ "$(id -u)" != 0 ] || echo "user root" >>"$out/mosquitto.conf"

processes=()
finish() {
    trap - EXIT INT TERM
    kill "${processes[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
}
trap finish EXIT
trap 'exit 130' INT TERM

"$broker" -c "$out/mosquitto.conf" 2>"$out/mosquitto.log" &
processes+=($!)

for ((k = 0; k < devices; k++)); do
    "$bin/mmofl" stream "$here/demo.yaml" "${settings[@]}" --device "$k" --pace "$pace" \
        2>"$out/sensors-$k.log" |
        "$bin/mmofl-device" run -s federation=demo -s "name=device-$k" \
            -s "broker=127.0.0.1:$port" -s "state=$out/device-$k" -s lockstep=true \
            2>"$out/device-$k.log" &
    processes+=($!)
done

echo "mosquitto on port $port, $devices devices that hear $name samples; all logs in $out"
"$bin/mmofl" serve "$here/demo.yaml" "${settings[@]}" --federation demo \
    --broker "127.0.0.1:$port" --out "$out/run"
echo
echo "What the first device says of itself (${out}/device-0.log):"
tail -n 4 "$out/device-0.log"
