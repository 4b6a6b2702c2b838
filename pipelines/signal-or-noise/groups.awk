# SPDX-License-Identifier: GPL-3.0-or-later
# ptbxl_database.csv -> record,fold and a column a group of diagnoses, which holds its own name or "rest".
# A report may run over several lines; codes, fold and file names stand on its last one.
function group(name, pattern) { return "," ($0 ~ pattern ? name : "rest") }
BEGIN { FS = ","; print "record,fold,LVH,BBB,AF,MI,NORM" }
match($0, /records100\/[0-9]+\/[0-9]+_lr/) {
    record = substr($0, RSTART, RLENGTH)
    sub(/.*\//, "", record)
    print record "," $(NF - 2) group("LVH", "'LVH'") group("BBB", "'([CI]RBBB|[CI]LBBB)'") group("AF", "'(AFIB|AFLT)'") group("MI", "'[A-Z]*MI'") group("NORM", "'NORM'")
}
