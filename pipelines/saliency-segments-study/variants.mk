# SPDX-License-Identifier: GPL-3.0-or-later
# Variants for patients left out, each trained without the test records and judged by the macro F1 on the validation records alone.
V := $(CLEAN) --test-records $(PATIENTS) --validation-records $(VALIDATION)
clean_residual_variant_plain := --net residual $V --epochs 8
clean_residual_variant_balance := --net residual $V --epochs 8 --balance epoch
clean_residual_variant_shift := --net residual $V --epochs 8 --balance epoch --shift 8
clean_residual_variant_all := --net residual $V --epochs 8 --balance epoch --shift 8 --noise 0.02 --scaling 0.2 --wander 0.05
clean_residual_variant_narrow := --net residual $V --epochs 8 --balance epoch --shift 8 --noise 0.02 --scaling 0.2 --wander 0.05 --width 0.5 --dropout 0.4
clean_residual_variant_rr := --net residual $V --epochs 6 --width 0.5 --dropout 0.3 --shift 8 --noise 0.02 --scaling 0.1 --wander 0.05
VARIANTS := clean_residual_variant_plain clean_residual_variant_balance clean_residual_variant_shift clean_residual_variant_all \
  clean_residual_variant_narrow clean_residual_variant_rr
