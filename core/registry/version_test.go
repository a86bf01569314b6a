package registry_test

import (
	"testing"

	"github.com/petrelhq/petrel/core/registry"
)

func TestCompareVersions(t *testing.T) {
	ascending := []string{
		"none", "0.0.1", "0.2.0", "0.10.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
		"1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "2.0.0-0", "2.0.0-9", "2.0.0-10", "2.0.0-x",
		"99999999999999999999.0.0", "100000000000000000000.0.0",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := registry.CompareVersions(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("CompareVersions(%q, %q) = %d", a, b, got)
			}
		}
	}
	for _, pair := range [][2]string{{"1.0.0+a", "1.0.0+b"}, {"1.0.0-x+1", "1.0.0-x"}, {"01.0.0", "1.00.0"}} {
		if got := registry.CompareVersions(pair[0], pair[1]); got != 0 {
			t.Errorf("CompareVersions(%q, %q) = %d, want 0", pair[0], pair[1], got)
		}
	}
}
