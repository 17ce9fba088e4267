#!/usr/bin/env bats
# The layer check finds what it is there for, and nothing in a tree that keeps the rule.

setup() {
    layers=$BATS_TEST_DIRNAME/layers.sh
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p src/base src/nn src/data src/cli src/learn/methods include/mmofl bench
}

# file PATH LINE...: write a source file.
file() {
    local path=$1
    shift
    printf '%s\n' "$@" >"$path"
}

@test "downward and public includes pass" {
    file src/base/arena.c '#include <stdio.h>' '#include "base/arena.h"' '#include "mmofl/status.h"'
    file src/learn/methods/pm.c '#include "learn/method.h"' '#include "nn/model.h"'
    file src/cli/main.c '#include "learn/method.h"' '#include "base/log.h"'
    file bench/steps.c '#include "nn/model.h"'
    run "$layers" .
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "an upward include is named with file and line" {
    file src/base/arena.c '' '#include "nn/model.h"'
    run "$layers" .
    [ "$status" -eq 1 ]
    [[ $output == *'src/base/arena.c:2: layer base may not include "nn/model.h"'* ]]
}

@test "a sideways include is refused, also when written with odd spaces" {
    file src/nn/model.h '  #  include   "data/stream.h"'
    run "$layers" .
    [ "$status" -eq 1 ]
    [[ $output == *'layer nn may not include "data/stream.h"'* ]]
}

@test "a path that hides its layer is refused" {
    file src/nn/model.c '#include "../cli/command.h"'
    file src/data/stream.c '#include "stream.h"'
    run "$layers" .
    [ "$status" -eq 1 ]
    [[ $output == *'"../cli/command.h" is no path from src/'* ]]
    [[ $output == *'"stream.h" is no path from src/'* ]]
}

@test "a folder that the table does not know is refused" {
    mkdir src/extra
    file src/extra/x.c '#include "base/arena.h"'
    run "$layers" .
    [ "$status" -eq 1 ]
    [[ $output == *'layer extra is not in the table'* ]]
}

@test "a public header may not include an internal one" {
    file include/mmofl/run.h '#include "base/arena.h"'
    run "$layers" .
    [ "$status" -eq 1 ]
    [[ $output == *'layer public may not include "base/arena.h"'* ]]
}
