package functions

import (
	"math/big"
	"regexp"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// version is a parsed semantic version.
type version struct {
	parts      [3]*big.Int
	prerelease string
}

var semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
	`(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?` +
	`(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$`)

// versionFunctions are the version_… functions.
func versionFunctions() map[string]Function {
	value, other := expr.Req("value"), expr.Req("pattern")
	compare := func(f func(c int) expr.Value) Function {
		return Function{[]expr.Param{value, other}, func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
			x, err := parseVersion(a[0])
			if err != nil {
				return nil, err
			}
			y, err := parseVersion(a[1])
			if err != nil {
				return nil, err
			}
			return f(x.compare(y)), nil
		}}
	}
	bump := func(part int) Function {
		return Function{[]expr.Param{value}, func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
			v, err := parseVersion(a[0])
			if err != nil {
				return nil, err
			}
			return v.bump(part), nil
		}}
	}
	return map[string]Function{
		"version_compare":     compare(func(c int) expr.Value { return int64(c) }),
		"version_more_than":   compare(func(c int) expr.Value { return c > 0 }),
		"version_less_than":   compare(func(c int) expr.Value { return c < 0 }),
		"version_equal":       compare(func(c int) expr.Value { return c == 0 }),
		"version_match":       {[]expr.Param{value, other}, versionMatch},
		"version_bump_major":  bump(0),
		"version_bump_minor":  bump(1),
		"version_bump_patch":  bump(2),
		"version_strip_patch": {[]expr.Param{value}, versionStripPatch},
	}
}

func parseVersion(v expr.Value) (*version, error) {
	s, err := str(v)
	if err != nil {
		return nil, err
	}
	m := semver.FindStringSubmatch(s)
	if m == nil {
		return nil, expr.Errorf("ValueError", "%s is not valid SemVer string", s)
	}
	out := &version{prerelease: m[4]}
	for i := range out.parts {
		out.parts[i], _ = new(big.Int).SetString(m[i+1], 10)
	}
	return out, nil
}

// compare orders by the numbers, then by prerelease; build metadata does not count.
func (v *version) compare(o *version) int {
	for i := range v.parts {
		if c := v.parts[i].Cmp(o.parts[i]); c != 0 {
			return c
		}
	}
	switch {
	case v.prerelease == o.prerelease:
		return 0
	case v.prerelease == "":
		return 1
	case o.prerelease == "":
		return -1
	}
	return comparePrereleases(strings.Split(v.prerelease, "."), strings.Split(o.prerelease, "."))
}

func comparePrereleases(x, y []string) int {
	for i := range min(len(x), len(y)) {
		if c := compareIdentifiers(x[i], y[i]); c != 0 {
			return c
		}
	}
	switch {
	case len(x) < len(y):
		return -1
	case len(x) > len(y):
		return 1
	}
	return 0
}

// compareIdentifiers orders numbers by value and before words.
func compareIdentifiers(x, y string) int {
	n, xn := number(x)
	m, yn := number(y)
	switch {
	case xn && yn:
		return n.Cmp(m)
	case xn:
		return -1
	case yn:
		return 1
	}
	return strings.Compare(x, y)
}

func number(s string) (*big.Int, bool) {
	if strings.Trim(s, "0123456789") != "" {
		return nil, false
	}
	return new(big.Int).SetString(s, 10)
}

func (v *version) bump(part int) string {
	parts := make([]string, 3)
	for i, n := range v.parts {
		switch {
		case i < part:
			parts[i] = n.String()
		case i > part:
			parts[i] = "0"
		default:
			parts[i] = new(big.Int).Add(n, big.NewInt(1)).String()
		}
	}
	return strings.Join(parts, ".")
}

func versionStripPatch(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	v, err := parseVersion(a[0])
	if err != nil {
		return nil, err
	}
	return v.parts[0].String() + "." + v.parts[1].String(), nil
}

// versionMatch checks one comparator such as ">=1.0.0"; a bare version means "==".
func versionMatch(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	v, err := parseVersion(a[0])
	if err != nil {
		return nil, err
	}
	expression, err := str(a[1])
	if err != nil {
		return nil, err
	}
	op, rest := comparator(expression)
	if op == "" {
		return nil, expr.Errorf("ValueError", "match_expr parameter should be in format <op><ver>, where <op> is one of ['<', '>', '==', '<=', '>=', '!=']. You provided: %s", expr.QuoteText(expression))
	}
	o, err := parseVersion(rest)
	if err != nil {
		return nil, err
	}
	c := v.compare(o)
	return map[string]bool{"<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0, "==": c == 0, "!=": c != 0}[op], nil
}

func comparator(s string) (op, rest string) {
	for _, op := range []string{">=", "<=", "==", "!=", ">", "<"} {
		if strings.HasPrefix(s, op) {
			return op, s[len(op):]
		}
	}
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		return "==", s
	}
	return "", s
}
