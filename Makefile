# SPDX-License-Identifier: GPL-3.0-or-later
# make, make demo, make test, make bench, make install, make uninstall, make lint
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
PREFIX ?= /usr/local
DESTDIR ?=
BUILD := .build/release
# One configuration for everything: the kernels are no use in debug, and a second build would double the time to set up.
SWIFTFLAGS ?= -c release
TOOLS := $(sort $(notdir $(wildcard Sources/ecg-*)))
PAGES := $(sort $(wildcard man/*.[1-9]))
PIPELINES := saliency-segments
# What the build links, and what the tests call besides. The Python packages serve oracles and benchmarks alone, and live under .build.
BUILD_PACKAGES := libfftw3-dev libdeflate-dev libflac-dev libcairo2-dev fonts-liberation pkg-config
TEST_PACKAGES := mandoc
ORACLE_PACKAGES := python3-venv
VENV := .build/venv

.PHONY: all build onnx-nodes demo test bench install uninstall lint clean setup setup-test venv

all: build

setup:
	@pipelines/setup $(BUILD_PACKAGES)

setup-test:
	@pipelines/setup $(BUILD_PACKAGES) $(TEST_PACKAGES) $(ORACLE_PACKAGES)

build: setup
	@pipelines/build $(SWIFTFLAGS)

# The main job on a synthetic recording with a known answer, or on RECORD=path (with its .atr annotations).
demo: build
	@pipelines/demo $(BUILD) $(RECORD)

# Without its Python packages, which come from PyPI, a comparison with them skips and says so; all else is tested.
test: setup-test build
	@pipelines/venv $(VENV) Tests/Oracles/requirements-tests.txt || echo "make test: no Python packages: comparisons with them skip" >&2
	@pipelines/test $(VENV) $(SWIFTFLAGS)

venv:
	@pipelines/setup $(ORACLE_PACKAGES)
	@pipelines/venv $(VENV) Tests/Oracles/requirements.txt

bench: build venv
	@pipelines/benchmarks/all $(BUILD) $(VENV)/bin/python3

# ONNX's own backend node tests, from its Python package; the committed pass table is Tests/ECGModelTests/BackendNodes.txt.
onnx-nodes: build venv
	$(VENV)/bin/python3 Tests/Oracles/onnx_nodes.py .build/onnx-nodes
	ONNX_NODES=$(CURDIR)/.build/onnx-nodes ONNX_NODES_TABLE=$(CURDIR)/.build/onnx-nodes/table.txt swift test $(SWIFTFLAGS) --filter BackendNode
	head -1 .build/onnx-nodes/table.txt

lint:
	swift format lint --strict --recursive Package.swift Sources Tests
	@if command -v mandoc >/dev/null; then mandoc -Tlint -Wwarning $(PAGES); fi

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/ecgpipe/examples \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	for t in $(TOOLS); do pipelines/install-tool $(BUILD)/$$t $(DESTDIR)$(PREFIX)/bin/$$t; \
	  $(BUILD)/$$t --generate-completion-script bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$t; \
	  $(BUILD)/$$t --generate-completion-script zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$t; done
	for p in $(PIPELINES); do install -m 755 pipelines/$$p $(DESTDIR)$(PREFIX)/bin/$$p; done
	for m in $(PAGES); do s=$${m##*.}; install -d $(DESTDIR)$(PREFIX)/share/man/man$$s; install -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$$s/; done
	install -m 644 $(wildcard examples/*.*) $(DESTDIR)$(PREFIX)/share/ecgpipe/examples/

uninstall:
	for t in $(TOOLS); do rm -f $(DESTDIR)$(PREFIX)/bin/$$t $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$t \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$t; done
	for p in $(PIPELINES); do rm -f $(DESTDIR)$(PREFIX)/bin/$$p; done
	for m in $(PAGES); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$$(basename $$m); done
	rm -rf $(DESTDIR)$(PREFIX)/share/ecgpipe

clean:
	rm -rf .build
