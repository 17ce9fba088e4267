#!/usr/bin/env bats
# mmofl data: list, info, import, fetch.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

@test "list names the sets and where they come from" {
    expect 0 data list
    for set in uci-har pamap2 mhealth room-occupancy synthetic-har; do
        says "$set"
    done
}

@test "info describes the generated set without any file" {
    expect 0 data info synthetic-har
    for word in accelerometer gyroscope 128 rad/s; do
        says "$word"
    done
}

@test "info as JSON can be read by a script" {
    expect 0 data info synthetic-har --json
    json 'len(it["modalities"]) == 2'
}

@test "an unknown set is wrong usage and the known ones are named" {
    expect 2 data info no-such-set
    silent
    complains no-such-set
    complains uci-har
}

@test "an unknown verb is wrong usage" {
    expect 2 data destroy
    complains destroy
}

@test "importing what is not there fails and leaves no cache" {
    expect 1 data import uci-har missing.zip
    silent
    complains missing.zip
    [ -z "$(ls -A "$MMOFL_CACHE_DIR" 2>/dev/null)" ]
}

@test "importing an empty file or a text fails and says which file" {
    : >empty.zip
    echo "no archive" >text.zip
    for file in empty.zip text.zip; do
        expect 1 data import uci-har "$file"
        complains "$file"
    done
    [ -z "$(ls -A "$MMOFL_CACHE_DIR" 2>/dev/null)" ]
}

@test "every bad UCI-HAR archive is refused, with status 1" {
    for file in "$BATS_TEST_DIRNAME"/../bad/uci-har/E_*; do
        [ -e "$file" ] || skip "no bad inputs here"
        expect 1 data import uci-har "$file"
        complains mmofl:
    done
}

@test "a table of room occupancy is imported from a folder and described" {
    mkdir room
    cp "$BATS_TEST_DIRNAME"/../bad/room-occupancy/E_COUNT--too_short_for_a_window.csv \
        room/Occupancy_Estimation.csv
    expect 1 data import room-occupancy room
    complains Occupancy_Estimation.csv
    expect 0 data import room-occupancy room --length 2 --step 1 --test_days 0
    expect 0 data info room-occupancy --length 2 --step 1 --test_days 0 --json
    json 'len(it["modalities"]) == 5'
}

@test "what cannot be fetched says where it comes from" {
    expect 1 data fetch utd-mhad
    complains "docs/datasets.md says where to get it"
    expect 1 data fetch synthetic-har
    complains "is generated"
}

@test "a slip in the name of a set gets a suggestion" {
    expect 2 data info uci-hra
    complains "did you mean 'uci-har'?"
}

@test "fetching from a closed port says how to import by hand" {
    for set in uci-har pamap2 mhealth room-occupancy; do
        expect 1 data fetch "$set" --url "http://127.0.0.1:9/$set.zip"
        complains "mmofl data import $set"
    done
}

@test "fetching another file than the official one is refused by its digest" {
    echo "no archive" >any.zip
    coproc server { # three requests from this folder, at a port that it tells
        exec python3 -c 'import http.server as h
server = h.HTTPServer(("127.0.0.1", 0), h.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
for _ in range(3):
    server.handle_request()' 2>/dev/null 3>&-
    }
    read -r port <&"${server[0]}"
    for set in pamap2 mhealth room-occupancy; do
        expect 1 data fetch "$set" --url "http://127.0.0.1:$port/any.zip"
        complains 'not the official file'
        [ ! -e "$MMOFL_CACHE_DIR/$set.zip" ]
    done
}

# A set of three tweets in folder set: prepared tables, pictures of 4 x 4 pixels.
make_tweets() {
    mkdir set
    printf 'id\tlabel\tsplit811\n%s\tpositive\ttrain\n%s\tneutral\tdev\n%s\tnegative\ttest\n' 1 2 5 >set/labels.tsv
    printf 'id\ttext\n1\tgood day\n2\thttp://t.co/x\n5\tso bad a day\n' >set/texts.tsv
    python3 -c '
import struct
text = "{\"descr\": \"|u1\", \"fortran_order\": False, \"shape\": (3, 4, 4, 3), }".replace("\"", "\x27")
text += " " * (117 - len(text)) + "\n"
open("set/images_rgb4.npy", "wb").write(b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + bytes(144))'
}

@test "info of texts tells vocabulary, lengths and padding" {
    options=(--image_size 4 --text_length 3 --vocabulary 1000)
    make_tweets
    expect 0 data import mvsa-single set "${options[@]}"
    expect 0 data info mvsa-single "${options[@]}" --json
    json '[m["name"] for m in it["modalities"]] == ["image", "text"]'
    json 'it["train"] == 2 and it["test"] == 1'
    json 'it["modalities"][1]["vocabulary"] == 1000'
    json 'it["modalities"][1]["tokens"]["used"] == 5'
    json 'it["modalities"][1]["tokens"]["empty"] == 1 and it["modalities"][1]["tokens"]["full"] == 1'
    json 'abs(it["modalities"][1]["tokens"]["padding"] - 4 / 9) < 1e-6'
    json 'it["modalities"][1]["tokens"]["length_median"] == 2'
    expect 0 data info mvsa-single "${options[@]}"
    says "44.4 %"
    says "All samples are of one owner."
}

@test "a set without the split that was asked for is refused, with its columns" {
    make_tweets
    expect 1 data import mvsa-single set --image_size 4 --split split_course
    complains split_course
    complains split811
}
