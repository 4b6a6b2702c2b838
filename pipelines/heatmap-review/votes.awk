# SPDX-License-Identifier: GPL-3.0-or-later
# Answers of sheets (ecg-plot sheets) -> votes of three readers who are made up: each finds a measure's favourite with a probability, else votes by lot.
# On averaged maps they find it more often. The numbers come from Lehmer's generator, so that every awk gives the same votes.
function draw() { state = (state * 16807) % 2147483647; return state / 2147483647 }
BEGIN {
    FS = ","
    state = 7
    split("PR smoothgrad QRS guided-backprop QT smoothgrad R input-x-gradient J deeplift T input-x-gradient", words, " ")
    for (i = 1; i < 12; i += 2) favourite[words[i]] = words[i + 1]
    certain["R"] = 1; certain["T"] = 0.9
    print "reader,sheet,vote"
}
FNR == 1 { next }
!($1 in count) { order[++sheets] = $1; feature[$1] = $3; display[$1] = $4 }
{ count[$1]++; letter[$1, count[$1]] = $6; if ($7 == favourite[$3]) right[$1] = $6 }
END {
    for (reader = 1; reader <= 3; reader++) for (i = 1; i <= sheets; i++) {
        sheet = order[i]
        share = (feature[sheet] in certain) ? certain[feature[sheet]] : (display[sheet] == "averaged" ? 0.6 : 0.3)
        print "made-up " reader "," sheet "," (draw() < share ? right[sheet] : letter[sheet, 1 + int(draw() * count[sheet])])
    }
}
