# SPDX-License-Identifier: GPL-3.0-or-later
# The curves of several networks (ecg-perturb --as csv) -> their mean, a row a method, order, step and figure.
BEGIN { FS = OFS = "," }
FNR == 1 { next }
$5 != "" {
    key = $1 OFS $2 OFS $3 OFS $4
    if (!(key in n)) keys[++count] = key
    n[key]++
    sum[key] += $5
}
END {
    print "method", "order", "step", "metric", "value", "networks"
    for (i = 1; i <= count; i++) printf "%s,%.6g,%d\n", keys[i], sum[keys[i]] / n[keys[i]], n[keys[i]]
}
