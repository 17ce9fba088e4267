#!/bin/bash
# The layer rule: an #include in src/ or bench/ may only point to a layer that the table
# allows.  usage: layers.sh [ROOT]; exit 0 clean, 1 with one line for each violation.
#
# Every layer may include its own headers and the public ones (mmofl/...).
set -euo pipefail
root=${1:-.}

# layer:  what it may include
table='
base:
nn:       base
data:     base
learn:    nn data base
fed:      learn nn base
wire:     fed learn base
pki:      wire base
link:     wire fed learn base
sim:      link wire fed learn nn data base
config:   sim link wire fed learn nn data base
store:    base
run:      store config sim link wire fed learn nn data base
device:   pki link wire fed learn nn data config base
serve:    pki run store config sim link wire fed learn nn data base
report:   store base
cli:      serve device pki report run store config sim link wire fed learn nn data base
bench:    device report run store config sim link wire fed learn nn data base
public:
'

# Lines "file:line:header" for each quoted #include below the folders given.
includes() {
    grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$@" |
        sed -E 's/^([^:]*:[0-9]+):[^"]*"([^"]*)".*/\1:\2/'
}

cd "$root"
folders=()
for folder in include src bench; do
    [ ! -d "$folder" ] || folders+=("$folder")
done

includes "${folders[@]}" | awk -F: -v table="$table" '
    BEGIN {
        n = split(table, row, "\n")
        for (i = 1; i <= n; i++) {
            if (split(row[i], part, ":") < 1)
                continue
            known[part[1]] = 1
            allowed[part[1], part[1]] = 1
            m = split(part[2], target, " ")
            for (j = 1; j <= m; j++)
                allowed[part[1], target[j]] = 1
        }
    }
    function complain(text) {
        print $1 ":" $2 ": " text > "/dev/stderr"
        bad = 1
    }
    {
        n = split($1, path, "/")
        layer = path[1] == "src" ? path[2] : path[1] == "include" ? "public" : path[1]
        split($3, header, "/")
        if (!(layer in known))
            complain("layer " layer " is not in the table of tests/lint/layers.sh")
        else if (header[1] == "mmofl")
            next
        else if (!(header[1] in known) || header[1] == $3)
            complain("\"" $3 "\" is no path from src/, such as \"base/arena.h\"")
        else if (!((layer, header[1]) in allowed))
            complain("layer " layer " may not include \"" $3 "\"")
    }
    END { exit bad }'
