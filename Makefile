# What is built, tested and generated, and how. `make help` lists the targets.

GO ?= go
TESTBED ?= /var/tmp/podlint-testbed
FUZZTIME ?= 1m
GENERATE_TAGS = containers_image_openpgp exclude_graphdriver_btrfs

.PHONY: help build demo test test-unit test-real test-kernel race lint generate check-generated update bench fuzz clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile | column -t -s:

build: ## build ./podlint
	CGO_ENABLED=0 $(GO) build -trimpath -o podlint ./cmd/podlint

demo: build ## lint a handful of sample containers in a throw-away storage
	testdata/demo/run

test: test-unit test-real ## run every test, those against a real Podman included

test-unit: ## run the tests that need no Podman
	$(GO) test ./... ./testdata/testbed

test-real: ## run the tests against Podman 4.3 and 5.4 (root on Debian 12); PODMAN=5.4 MODE=rootless RUN=Prove for a part
	@$(GO) run ./testdata/testbed -podman '$(PODMAN)' -mode '$(MODE)' -run '$(RUN)'

test-kernel: ## compare what podlint says of N containers made by chance with what the kernel says (SEED=17 N=1 for one)
	@KERNEL_SEED='$(SEED)' KERNEL_N='$(N)' $(GO) run ./testdata/testbed -podman '$(PODMAN)' -mode '$(MODE)' \
		-run '^TestRealKernel$$' -v

race: ## run the tests with the race detector
	$(GO) test -race ./...

lint: ## run the linters
	golangci-lint run --allow-parallel-runners ./...
	golangci-lint run --allow-parallel-runners --build-tags realpodman ./internal/cli/... ./testdata/testbed
	shellcheck -x .ci/run testdata/services/nginx-answers testdata/testbed/common testdata/testbed/install testdata/testbed/prepare testdata/testbed/with-podman testdata/demo/run testdata/bench/run

generate: ## write podman/command/flags.go anew from Podman's own flags
	cd podman/command/internal/generate && CGO_ENABLED=0 $(GO) run -tags "$(GENERATE_TAGS)" . ../../flags.go

check-generated: ## fail where podman/command/flags.go is not what Podman's source says
	cd podman/command/internal/generate && CGO_ENABLED=0 $(GO) run -tags "$(GENERATE_TAGS)" . /tmp/podlint-flags.go
	diff -u podman/command/flags.go /tmp/podlint-flags.go
	rm /tmp/podlint-flags.go

update: ## write the golden files anew, and the captures from real services
	$(GO) run ./testdata/testbed -update
	$(GO) test ./internal/cli -update

bench: ## measure podlint beside a bare HTTP client (root on Debian 12)
	testdata/bench/run

fuzz: ## fuzz each parser for a minute, or for FUZZTIME=10m
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "== $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$package || exit; \
		done; \
	done

clean: ## remove what was built
	rm -rf podlint dist
