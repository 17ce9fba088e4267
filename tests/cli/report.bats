#!/usr/bin/env bats
# mmofl report and compare: pages that stand alone, tables, refusals.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

write_sweep() {
    cat >sweep.yaml <<'YAML'
name: "<script>alert(1)</script> & 'more'"
seeds: 1..3
data: {set: synthetic-har, persons: 10, train: 500, test: 100}
fleet: {devices: 3, partition: iid}
stream: {buffer: 40, new: 10}
rounds: 4
evaluate: {every: 1}
cells: [{name: "<b>&\"row\"", set: {train.batch: 10}}, {name: plain}]
sweep: {train.lr: [0.2, 0.5], method: [pm, zf]}
YAML
    sed -i 's|</script>|<.script>|' sweep.yaml # a name has no slash
    expect 0 run sweep.yaml --out out --quiet
}

# Every tag of the page is closed, nothing is fetched, and no script is in it.
check_page() {
    python3 - "$1" <<'PYTHON'
import html.parser, re, sys
text = open(sys.argv[1], encoding="utf-8").read()
void = {"meta", "br", "img", "link"}
class Page(html.parser.HTMLParser):
    stack = []
    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe", "b"), tag
        for key, value in attrs:
            assert key not in ("src", "href", "onload"), (key, value)
        if tag not in void: self.stack.append(tag)
    def handle_startendtag(self, tag, attrs): pass
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag
page = Page(); page.feed(text); page.close()
assert not page.stack, page.stack
assert not re.search(r"https?://|url\(|@import", text)
assert "&lt;script&gt;alert(1)" in text
PYTHON
}

@test "a page stands alone, is well-formed and shows hostile names as text" {
    write_sweep
    expect 0 report out
    complains 'out/report.html'
    check_page out/report.html
    grep -q '&lt;b&gt;&amp;&quot;row&quot;, lr 0.2' out/report.html
}

@test "equal results give equal pages" {
    write_sweep
    expect 0 report out --out one --quiet
    expect 0 report out --out two --quiet
    quiet
    cmp one/report.html two/report.html
}

@test "the CSV has a line for each cell and seed, LaTeX is escaped" {
    write_sweep
    expect 0 report out --quiet
    [ "$(wc -l <out/table.csv)" -eq 25 ]
    grep -q 'midrule' out/table-test_accuracy.tex
    grep -qF '<b>\&"row"' out/table-test_accuracy.tex
}

@test "methods are compared with the reference, which must be there" {
    write_sweep
    expect 0 report out --reference zf --quiet
    grep -q 'Paired differences: zf minus the others' out/report.html
    expect 1 report out --reference qqqr
    complains 'qqqr'
    expect 2 report
    expect 2 report out --no-such-option
}

@test "runs are reported, too; what is not done is refused with what to do" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set rounds=2 --set fleet.devices=3 --out a --quiet
    expect 0 report a --quiet
    [ -s a/report.html ]
    rm a/summary.json
    expect 1 report a
    complains 'mmofl resume'
    expect 1 report missing
}

@test "compare finds settings, metrics and the first different round" {
    for lr in 0.5 0.6; do
        expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set rounds=3 --set fleet.devices=3 \
            --set train.lr=$lr --out $lr --quiet
    done
    cp -r 0.5 again
    expect 0 compare 0.5 again
    says 'all the same'
    says 'every round is the same'
    expect 1 compare 0.5 0.6
    says 'train.lr: {kind: constant, start: 0.5}  ->  {kind: constant, start: 0.6}'
    says 'seed 1: first different in round 1'
    says test_accuracy
    [[ $output =~ bytes_up\ +[0-9]+\ +[0-9]+\ +\+0 ]]
}

@test "compare refuses a sweep, one folder and three" {
    write_sweep
    expect 1 compare out out
    complains 'out/cells'
    expect 2 compare out
    expect 2 compare out out out
}
