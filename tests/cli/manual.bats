#!/usr/bin/env bats
# The manual pages say what the program says: each command has one, and the options in it
# are those of --help.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

pages=$BATS_TEST_DIRNAME/../../man

# words_of_help [COMMAND]: the words that start a line of a list of commands or verbs.
words_of_help() {
    # shellcheck disable=SC2086  # no command is no argument
    "$MMOFL" ${1:-} --help | sed -n '/^  -/d; s/^  \([a-z][a-z]*\) .*/\1/p'
}

# long_options COMMAND: the long options in the help of the command and of its verbs, but
# for --help and --usage, which all of them have.
long_options() {
    local verbs=()
    [ "$1" != data ] || mapfile -t verbs < <(words_of_help data)
    for verb in "" "${verbs[@]}"; do
        # shellcheck disable=SC2086  # no verb is no argument
        "$MMOFL" "$1" $verb --help | sed -n 's/^  .\{0,6\}\(--[a-z-]*\).*/\1/p'
    done | grep -vxE -e '--(help|usage)' | sort -u
}

# documented PAGE: the long options that head a paragraph of it.
documented() {
    grep -E '^\*-' "$1" | grep -oE -e '--[a-z-]+' | sort -u
}

# mmofl-device is a program of its own.
@test "every command has a manual page, and every page a command" {
    diff <(words_of_help | sort) \
        <(find "$pages" -name 'mmofl-*.1.scd' ! -name 'mmofl-device.*' -printf '%f\n' | sed 's/^mmofl-//; s/\.1\.scd$//' | sort)
}

@test "mmofl(1) names every command and every page" {
    for command in $(words_of_help); do
        grep -q "^\*$command\*" "$pages/mmofl.1.scd" || {
            echo "mmofl.1.scd lacks the command $command"
            return 1
        }
        grep -qF "*mmofl-$command*(1)" "$pages/mmofl.1.scd" || {
            echo "mmofl.1.scd does not point to mmofl-$command(1)"
            return 1
        }
    done
}

@test "the options of --help are those of the manual page" {
    for command in $(words_of_help); do
        diff <(long_options "$command") <(documented "$pages/mmofl-$command.1.scd") || {
            echo "mmofl $command --help (<) and its manual page (>) differ"
            return 1
        }
    done
}

@test "each page is named after its file and shows how the command is called" {
    for command in $(words_of_help); do
        page=$pages/mmofl-$command.1.scd
        [ "$(head -n 1 "$page")" = "mmofl-$command(1)" ]
        grep -q "^mmofl-$command - " "$page"
        grep -q "^\*mmofl $command" "$page"
    done
}

@test "scdoc takes every page" {
    command -v scdoc >/dev/null || skip "no scdoc here"
    for page in "$pages"/*.scd; do
        scdoc <"$page" >roff
        grep -q '^\.SH SYNOPSIS' roff
    done
}
