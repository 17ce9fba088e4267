# deployed.bash - a federation of real processes for a test: broker, coordinator, devices,
# all gone when it ends.  Load it after helpers.

# shellcheck disable=SC2034,SC2154  # what a test reads of it

broker_program=$(command -v mosquitto || echo /usr/sbin/mosquitto)

needs_broker() {
    [ -x "$broker_program" ] || skip "mosquitto is not installed"
    MMOFL_DEVICE=${MMOFL_DEVICE:-$(dirname "$MMOFL")/mmofl-device}
    [ -x "$MMOFL_DEVICE" ] || skip "mmofl-device was not built"
    port=$(free_port)
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for COMMAND...: until it succeeds, a minute at most.
wait_for() {
    for _ in $(seq 600); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "in vain: $*"
    return 1
}

# Processes of a test, ended with it.
started=()

# start_broker [CONFIG]: on $port; without a configuration it is open to all.
start_broker() {
    if [ $# = 0 ]; then
        printf 'listener %d 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n' "$port" >mosquitto.conf
        set -- mosquitto.conf
    fi
    [ "$(id -u)" != 0 ] || grep -q '^user' "$1" || echo "user root" >>"$1"
    "$broker_program" -c "$1" 2>>mosquitto.log &
    broker=$!
    started+=("$broker")
    wait_for bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
}

# start_device EXPERIMENT FEDERATION K NAME [-s KEY=VALUE...]: a device with the samples of
# simulated device K, in lockstep.
start_device() {
    local experiment=$1 federation=$2 number=$3 name=$4
    shift 4
    mkfifo "samples-$name"
    "$MMOFL" stream "$experiment" --device "$number" >"samples-$name" 2>>devices.log &
    started+=($!)
    "$MMOFL_DEVICE" run -s "federation=$federation" -s "name=$name" -s "broker=127.0.0.1:$port" \
        -s "state=state-$name" -s lockstep=true "$@" <"samples-$name" 2>>devices.log &
    started+=($!)
}

teardown() {
    [ ${#started[@]} -eq 0 ] || kill -9 "${started[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    for log in serve.log devices.log mosquitto.log; do # shown when the test failed
        [ ! -f "$log" ] || tail -n 20 "$log" | sed "s/^/$log: /"
    done
}
