module github.com/petrelhq/petrel/packs/hostfacts

go 1.26.0

require github.com/petrelhq/petrel/sdk v0.0.0

replace github.com/petrelhq/petrel/sdk => ../../sdk
