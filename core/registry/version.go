package registry

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// versionForm is that of pack.yaml. st2: metadata reference 2, pack.yaml.
var versionForm = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$`)

// CompareVersions orders versions as semver.org says: by their three numbers, then
// 1.0.0-rc.1 before 1.0.0; what follows a + means nothing. What is no version comes first.
func CompareVersions(a, b string) int {
	x, y := versionForm.FindStringSubmatch(a), versionForm.FindStringSubmatch(b)
	if x == nil || y == nil {
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
	}
	for i := 1; i <= 3; i++ {
		if c := compareNumbers(x[i], y[i]); c != 0 {
			return c
		}
	}
	return comparePrereleases(x[4], y[4])
}

// compareNumbers compares digits of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func comparePrereleases(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), compareIdentifiers)
}

// compareIdentifiers puts numbers before words.
func compareIdentifiers(a, b string) int {
	switch an, bn := isNumber(a), isNumber(b); {
	case an && bn:
		return compareNumbers(a, b)
	case an:
		return -1
	case bn:
		return 1
	}
	return strings.Compare(a, b)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// newestFirst orders versions; those that differ only after the + by their text.
func newestFirst(versions []string) {
	slices.SortFunc(versions, func(a, b string) int {
		return cmp.Or(CompareVersions(b, a), strings.Compare(b, a))
	})
}

// newest picks the version that a bare name means: the highest that is no pre-release, or
// the highest where there are no others.
func newest(versions []string) string {
	ordered := slices.Clone(versions)
	newestFirst(ordered)
	for _, v := range ordered {
		if m := versionForm.FindStringSubmatch(v); m != nil && m[4] == "" {
			return v
		}
	}
	return ordered[0]
}
