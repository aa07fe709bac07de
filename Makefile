# What contributors type. CONTRIBUTING.md explains each; .ci/run is what must hold on main.

golangci := $(shell sed -n 's/^golangci=//p' .ci/run)

.PHONY: test lint widths golden interop browser bench pictures ci

test: ## all tests, without network
	go test ./...

lint: ## golangci-lint; the first run builds it
	go run $(golangci) run

widths: ## lines that are too long
	go run ./scripts/widths

golden: ## write golden files, manual and transcripts anew after an intended change
	ARR_GOLDEN=1 go test -count 1 -run Page ./emulator/...
	ARR_GOLDEN=1 go test -count 1 ./cmd/arr/...

interop: ## the official Python and Java clients, JavaScript, curl; needs Python 3.10 with venv, Node.js 18, JDK 17, Maven
	go test -tags interop -run Interop -count 1 ./emulator
	go test -tags interop -run 'Interop(Java|Curl|Go)' -count 1 ./cmd/arr

browser: ## the page of the emulator in Chromium
	go -C emulator/browsertest test -tags browser -count 1 ./...

bench: ## what a call costs
	go test -run Allocations -v -bench . ./...

pictures: ## the pictures of the README; needs Python 3, and Chromium for the status page
	python3 scripts/pictures.py

ci: ## all that must hold on main
	.ci/run
