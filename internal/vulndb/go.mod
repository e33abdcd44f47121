// The vulnerability database of Go, pinned: scripts/vulncheck.sh reads the OSV files in it.
// Nothing imports it, so "go mod tidy" would drop it.
module github.com/eelcocramer/tamtam/internal/vulndb

go 1.26.0

require golang.org/x/vulndb v0.0.0-20261105234957-e22db6528018
