module github.com/petrelhq/petrel/sdk

go 1.26.0
