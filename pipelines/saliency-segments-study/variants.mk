# SPDX-License-Identifier: GPL-3.0-or-later
# What helps with patients left out, chosen without the test records: the other 43 records in three thirds, with each class in as many of them as it
# can be (201 and 202 are of one man). Each variant is trained three times, on two thirds, and judged on the third; its figure is the macro F1 over the
# three thirds together.
FOLD1 := 100,102,105,109,112,115,118,121,123,203,207,209,220,233
FOLD2 := 101,106,107,111,114,116,124,201,202,205,212,221,223,228
FOLD3 := 103,108,117,122,200,213,214,215,217,219,222,230,231,232,234

# Of the beats of these records, which are much alike, a quarter does.
SHARE ?= 0.25

# Three things, each with and without: augmentation; the RR intervals as two more leads; each lead of a recording scaled to mean 0 and deviation 1
# instead of each beat to 0…1.
VARIANT := --net residual --width 0.5 --dropout 0.3 --batch 64 --epochs 4 --validation 0 --keep last
AUGMENTED := --shift 8 --noise 0.02 --scaling 0.1 --wander 0.05
variant_plain := $(VARIANT)
variant_augmented := $(VARIANT) $(AUGMENTED)
variant_rr := $(VARIANT)
variant_rr_augmented := $(VARIANT) $(AUGMENTED)
variant_record := $(VARIANT)
variant_record_augmented := $(VARIANT) $(AUGMENTED)
variant_record_rr := $(VARIANT)
variant_record_rr_augmented := $(VARIANT) $(AUGMENTED)
# And rare classes drawn as often as frequent ones.
variant_rr_augmented_balanced := $(VARIANT) $(AUGMENTED) --balance epoch
ALL_VARIANTS := plain augmented rr rr_augmented record record_augmented record_rr record_rr_augmented rr_augmented_balanced
VARIANTS ?= $(ALL_VARIANTS)
# The best of them, record_augmented, on all beats of all 43 records: tested once on the patients left out.
clean_chosen_patients := $(VARIANT) $(AUGMENTED) --test-records $(PATIENTS)

# Which stream of beats a variant takes.
beats_of = $(if $(findstring record_rr,$1),record-rr,$(if $(findstring record,$1),record,$(if $(findstring rr,$1),rr,leads)))
part = $(word $2,$(subst -, ,$1))

$(OUT)/record.ecgs: $(MITDB)/RECORDS | $(OUT)/.made
	$(READ_MITDB) | ecg-filter --scale zscore | $(UNSCALED_CUT) -o $@
$(OUT)/record-rr.ecgs: $(MITDB)/RECORDS | $(OUT)/.made
	$(READ_MITDB) | ecg-filter --scale zscore | $(UNSCALED_CUT) --rr -o $@
$(patsubst %,$(OUT)/known-%.ecgs,leads rr record record-rr): $(OUT)/known-%.ecgs: $(OUT)/%.ecgs
	ecg-select --where 'record not in ($(PATIENTS))' --sample $(SHARE) $< -o $@

.SECONDEXPANSION:
$(OUT)/variant-%.onnx: $(OUT)/known-$$(call beats_of,$$*).ecgs
	$(call train,--classes $(CLASSES) $(variant_$(call part,$*,1)) --test-records $(FOLD$(call part,$*,2)),$<)
$(OUT)/variant-%.scored.ecgs: $(OUT)/variant-%.onnx
	ecg-select --where 'record in ($(FOLD$(call part,$*,2)))' $(OUT)/known-$(call beats_of,$*).ecgs | ecg-infer -j $(J) -m $< \
	  | ecg-select --tensors probabilities -o $@
$(OUT)/variant-%.csv: $$(foreach fold,1 2 3,$(OUT)/variant-$$*-$$(fold).scored.ecgs)
	ecg-eval --all-classes --as csv $^ -o $@
