"""Random truths, predictions and scores with ties, and what scikit-learn says of them.

usage: score.py > Tests/ECGScoreTests/Fixtures/score.txt
Each case: `case NAME`, rows `item TRUTH PREDICTED SCORE…`, then `expect FIGURE VALUE…` (nan where scikit-learn has none).
"""
import warnings

import numpy as np
from sklearn import metrics

warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)


def case(name, truth, predicted, scores):
    classes = scores.shape[1]
    print(f"case {name} {classes}")
    for t, p, s in zip(truth, predicted, scores):
        print("item", t, p, *(repr(float(v)) for v in s))
    expect = {}
    expect["accuracy"] = [metrics.accuracy_score(truth, predicted)]
    every = list(range(classes))
    p, r, f, n = metrics.precision_recall_fscore_support(truth, predicted, labels=every, zero_division=0)
    expect["precision"], expect["recall"], expect["f1"], expect["support"] = p, r, f, n
    p, r, f, _ = metrics.precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    expect["macro"] = [p, r, f]
    expect["kappa"] = [metrics.cohen_kappa_score(truth, predicted)]
    auroc, auprc, youden = [], [], []
    for c in every:
        positive = truth == c
        one_sided = positive.all() or not positive.any()
        auroc.append(float("nan") if one_sided else metrics.roc_auc_score(positive, scores[:, c]))
        auprc.append(metrics.average_precision_score(positive, scores[:, c]) if positive.any() else float("nan"))
        if one_sided:
            youden.append(float("nan"))
        else:
            fpr, tpr, thresholds = metrics.roc_curve(positive, scores[:, c], drop_intermediate=False)
            gain = (tpr - fpr)[1:]
            youden.append(thresholds[1:][np.flatnonzero(np.isclose(gain, gain.max(), rtol=0, atol=1e-12))[0]])
    expect["auroc"], expect["auprc"], expect["youden"] = auroc, auprc, youden
    for figure, values in expect.items():
        print("expect", figure, *(repr(float(v)) for v in values))


for name, items, classes, ties in (("ties", 200, 4, 8), ("fine", 150, 3, 0), ("two", 60, 2, 5)):
    truth = rng.integers(0, classes, items)
    scores = rng.random((items, classes)) + 0.3 * np.eye(classes)[truth]
    if ties:
        scores = np.round(scores * ties) / ties
    case(name, truth, scores.argmax(1), scores)
truth = np.zeros(20, int)
scores = rng.random((20, 2))
case("one-class", truth, scores.argmax(1), scores)
truth = rng.integers(0, 2, 30)
scores = rng.random((30, 3))
case("class-without-items", truth, scores.argmax(1), scores)
