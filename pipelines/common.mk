# SPDX-License-Identifier: GPL-3.0-or-later
# What the Makefiles of the papers' pipelines share; each begins with
#     include $(dir $(realpath $(firstword $(MAKEFILE_LIST))))../common.mk
#
# Variables of the command line: MITDB=folder of the MIT-BIH Arrhythmia Database (with RECORDS), OUT=folder of the results, J=threads,
# BIN=folder of the tools. A pipe of which any stage fails is a failure, and a file whose recipe failed is removed, so that what is there is whole.
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
# The folder of the Makefile that was called, and that of the project.
HERE := $(dir $(realpath $(firstword $(MAKEFILE_LIST))))
ROOT := $(HERE)../../
BIN ?= $(ROOT).build/release
MITDB ?= $(ROOT)../shared/data/mitdb
OUT ?= $(HERE)out
J ?= $(shell nproc)
export PATH := $(BIN):$(PATH)

# The eight classes of paper 001 and its cut of beats (spec 1.A.1), with its accident: a = A, e = E.
CLASSES := A,E,j,L,N,/,R,V
UNSCALED_CUT := ecg-beats --length 430 --classes $(CLASSES) --merge a=A,e=E
CUT := $(UNSCALED_CUT) --scale minmax
# Paper 001's patients left out.
PATIENTS := 104,113,119,208,210

# All recordings with their annotations, as a stream. Files made from it name $(MITDB)/RECORDS as what they are made of.
READ_MITDB = ecg-read $$(sed 's,^,$(MITDB)/,' $(MITDB)/RECORDS) -a atr
$(MITDB)/RECORDS:
	@echo "MITDB=$(MITDB): no RECORDS is there; name the folder of the MIT-BIH Arrhythmia Database (physionet.org/content/mitdb)" >&2; exit 66

# $(call train,$(OPTIONS),items), with commas in variables only: trains $@ (NAME.onnx), going on from NAME.state where a run was killed; NAME.log has a line an epoch and
# NAME.seconds the seconds of each attempt.
train = begun=$$(date +%s); status=0; \
	ecg-train -j $(J) $1 --resume $(basename $@).state -o $@ $2 2> >(tee -a $(basename $@).log >&2) || status=$$?; \
	echo $$(($$(date +%s) - begun)) >>$(basename $@).seconds; \
	if [ $$status != 0 ]; then exit $$status; fi; rm -f $(basename $@).state

$(OUT)/.made:
	mkdir -p $(OUT)
	touch $@

# What the page says that made it.
export MADE_BY = make -C pipelines/$(notdir $(HERE:/=))$(if $(filter-out default,$(SIZE)), $(if $(filter full,$(SIZE)),FULL=1,SIZE=$(SIZE)))

.PHONY: all clean
clean:
	rm -rf $(OUT)
