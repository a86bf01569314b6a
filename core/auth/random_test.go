package auth

import "testing"

// TestSecretsAreNoOptions: they are typed on command lines.
func TestSecretsAreNoOptions(t *testing.T) {
	for range 2000 {
		if s := randomText(18); s[0] == '-' {
			t.Fatalf("%q looks like an option", s)
		}
	}
}
